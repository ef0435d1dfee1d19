"""Faults that a tester has the SM-DP+ commit: each does what its name says, once, and is told as injected. Our own rule.

What a device does when its SM-DP+ misbehaves can be tested only with a server that misbehaves on demand; and nobody must take
such a fault for one of the server or of the device.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.es9 import Es9Download
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.errors import DeviceFault
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import Smdp
from harness.roles.smdp.events import FaultInjected

INVALID_CERTIFICATE, INVALID_SIGNATURE, CHALLENGE_MISMATCH = 1, 2, 6
LATE = 0.3
"""Seconds."""


@case(
    "DP-009",
    clause="own: injected faults of the reference SM-DP+",
    area="smdp",
    catches=("hides-injected-faults", "never-stops-injecting"),
)
def test_injected_faults(
    es9: ServerUnderTest,
    card: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """An injected fault spoils one answer, which a conforming card notices, and is told as injected."""
    order = smdp.order(profiles["operational-a"])

    def session() -> Es9Download:
        return Es9Download(es9, card, smdp.identity.address, order.matching_id)

    def told() -> list[str]:
        return [event.fault for event in smdp.events if isinstance(event, FaultInjected)]

    for fault, expected in (
        ("corrupt-signature", INVALID_SIGNATURE),
        ("wrong-certificate", INVALID_CERTIFICATE),
        ("wrong-challenge", CHALLENGE_MISMATCH),
    ):
        with step(f"{fault} in InitiateAuthentication", expect=f"authenticateErrorCode {expected}, told, gone") as seen:
            smdp.inject(fault, "initiateAuthentication")
            codes = []
            for _ in range(2):
                begun = session()
                begun.initiate()
                codes.append(card.authenticate_server(begun.server_request()).error_code)
            seen.observed(f"{codes}, told: {told()}")
            assert codes == [expected, None]
            assert told()[-1:] == [fault]
    for fault, expected in (("corrupt-signature", INVALID_SIGNATURE), ("wrong-certificate", INVALID_CERTIFICATE)):
        with step(f"{fault} in AuthenticateClient", expect=f"downloadErrorCode {expected}, told, gone") as seen:
            smdp.inject(fault, "authenticateClient")
            codes = []
            for _ in range(2):
                begun = session()
                begun.to_client()
                codes.append(card.prepare_download(begun.binding_request()).error_code)
            seen.observed(f"{codes}, told: {told()}")
            assert codes == [expected, None]
            assert told()[-1:] == [fault]
    with step("latency", expect=f"{LATE} s late, told, gone") as seen:
        smdp.inject("latency", "initiateAuthentication", seconds=LATE)
        taken = []
        for _ in range(2):
            began = time.monotonic()
            session().initiate()
            taken.append(time.monotonic() - began)
        seen.observed(f"{taken[0]:.2f} s, told: {told()}")
        assert taken[0] >= LATE
        assert told()[-1:] == ["latency"]
        assert told().count("latency") == 1
    with step("drop", expect="no answer, told, gone") as seen:
        smdp.inject("drop", "initiateAuthentication")
        try:
            lost = session().initiate().status
        except DeviceFault as fault:
            lost = str(fault)
        again = session().initiate()
        seen.observed(f"{lost}; {again.status}, told: {told()}")
        assert lost != again.status
        assert again.is_success
        assert told()[-1:] == ["drop"]
    with step("corrupt-signature in GetBoundProfilePackage", expect="the card does not install, told, gone") as seen:
        smdp.inject("corrupt-signature", "getBoundProfilePackage")
        results = [session().install() for _ in range(2)]
        seen.observed(f"{[result.is_success for result in results]}, told: {told()}")
        assert [result.is_success for result in results] == [False, True]
        assert told()[-1:] == ["corrupt-signature"]
