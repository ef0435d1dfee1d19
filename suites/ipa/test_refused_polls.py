"""An eIM that knows no such device. SGP.32 v1.2 §5.14.5 (ESipa.GetEimPackage)."""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.adversaries.lying import GET_PACKAGE, answered
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info

ASSOCIATED = State(eims=1)
ERRORS = {2: "eidNotFound", 127: "undefinedError"}
FEW = 3
"""GetEimPackage requests that an IPA may send before it takes no for an answer."""
PER_HOUR = 60
"""More requests than this in an hour of refusals are a storm."""
HOUR = 3600.0
DONE = "done"


@case(
    "IP-006",
    clause="SGP.32 v1.2 §5.14.5",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    catches=("storms-after-an-error", "gives-up-after-an-error"),
)
def test_unknown_device(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Told that its EID is not known, or of an error without a name, the IPA pauses and comes back later."""
    for code, name in ERRORS.items():
        error = tlv.build(0xBF4F, tlv.integer(0x02, code))
        before = len(device.polls)
        with step(f"the device polls, and the eIM answers {name}({code})", precondition=True):
            device.eim_answers.change(GET_PACKAGE, answered(error), times=None)
            device.poll_now()
            assert len(device.polls) > before
        with step("count the requests of that visit", expect=f"no more than {FEW}") as seen:
            seen.observed(len(device.polls) - before)
            assert len(device.polls) - before <= FEW
        before = len(device.polls)
        with step("let an hour pass", expect=f"no more than {PER_HOUR} requests") as seen:
            device.advance(HOUR)
            seen.observed(len(device.polls) - before)
            assert len(device.polls) - before <= PER_HOUR
        device.eim_answers.be_honest()
        with step("the eIM knows the device again; let the polling interval pass", expect="a package is done") as seen:
            package = eim.queue_package(device.eid, list_profile_info())
            device.advance(device.polling_interval)
            seen.observed(eim.operation(package).state)
            assert eim.operation(package).state == DONE
