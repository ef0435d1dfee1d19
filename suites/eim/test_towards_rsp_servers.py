"""An eIM as a TLS client of RSP servers. SGP.32 v1.2 §2.6.3; SGP.22 §2.6.6 (the trust is that of the CI)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.tls_behind import TlsBehind
from harness.conformance.servers.esipa import get_eim_package
from harness.conformance.servers.esipa_download import EsipaDownload, error_of
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.crypto.entropy import Entropy
from harness.crypto.pki import TestPki, mint
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.smdp import Smdp

UNDEFINED_ERROR = 127


@case(
    "EI-030",
    clause="SGP.32 v1.2 §2.6.3",
    confidence="likely",
    area="eim",
    needs=State(eims=1),
    catches="ignores-server-names",
)
def test_tls_towards_the_smdp(
    esipa: ServerUnderTest,
    eim: Eim,
    card: EuiccUnderTest,
    smdp: Smdp,
    tls_behind: TlsBehind,
    pki: TestPki,
    clock: Clock,
    profiles: dict[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """The eIM gives nothing to a server that cannot prove to be the SM-DP+: another name, another CI, a time that is over."""
    with step("a download is ordered, and the device told", precondition=True):
        order = smdp.order(profiles["operational-a"])
        operation = eim.queue_download(card.eid, activation_code=str(order.activation_code))
        assert esipa.ask(get_eim_package(card.eid)).find(0xBF54) is not None
        session = EsipaDownload(esipa, card, operation)
    trust = pki.trust("nist")
    right = trust.blueprint("dp-tls")
    ended = replace(right, not_before=right.not_before - timedelta(days=400), not_after=right.not_before)
    elsewhere = replace(right, hosts=("elsewhere.harness.test",))
    stranger = mint(Entropy("another CI"), clock.utc()).trust("nist").dp_tls
    with (
        step("the SM-DP+ under its own certificate", expect="what it signed") as seen,
        tls_behind.served(trust.dp_tls) as came,
    ):
        answer = session.initiate()
        seen.observed(answer.raw)
        assert error_of(answer) is None
        assert came
    for name, identity in (
        ("a certificate for another name", trust.issue("dp-tls", elsewhere, label="elsewhere")),
        ("a certificate whose time is over", trust.issue("dp-tls", ended, label="ended")),
        ("a certificate of another CI", stranger),
    ):
        with step(name, expect="undefinedError(127), and no request") as seen, tls_behind.served(identity) as came:
            answer = session.initiate()
            seen.observed(f"{answer.raw.hex().upper()}, {len(came)} requests")
            assert error_of(answer) == UNDEFINED_ERROR
            assert not came
