"""What an eIM does with a notification for an SM-DP+. SGP.32 v1.2 §3.7, §5.14.7 (ESipa.HandleNotification)."""

from __future__ import annotations

from collections.abc import Callable

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import EimUnderTest
from harness.conformance.servers.esipa import TAKEN, acknowledged, get_eim_package, provide_result
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim.commands import list_profile_info
from harness.roles.es10.download import InstallationAnswer
from harness.roles.smdp import Smdp
from harness.roles.smdp.events import NotificationReceived


@case("EI-018", clause="SGP.32 v1.2 §3.7, §5.14.7", area="eim", needs=State(eims=1), catches="alters-notifications")
def test_installation_result_is_forwarded(
    esipa: ServerUnderTest,
    smdp: Smdp,
    download: Callable[[str], InstallationAnswer],
    step: CaseSteps,
) -> None:
    """A ProfileInstallationResult goes on to the SM-DP+ octet by octet, and the IPA is told that it was taken."""
    with step("a card installs a profile", precondition=True):
        installed = download("operational-a")
        assert installed.is_success
    with step("HandleNotification with its ProfileInstallationResult", expect="204, or 200 with an empty body") as seen:
        reply = esipa.send(tlv.build(0xBF3D, tlv.build(0xA0, installed.raw)))
        seen.observed(f"{reply.status}, {len(reply.body)} octets")
        assert reply.status in TAKEN
        assert not reply.body
    with step("ask the SM-DP+", expect="the same octets, once") as seen:
        came = [event.raw for event in smdp.events if isinstance(event, NotificationReceived)]
        seen.observed(" ".join(octets.hex().upper() for octets in came))
        assert came == [installed.raw]


@case(
    "EI-017",
    clause="SGP.32 v1.2 §3.7, §5.14.6",
    area="eim",
    needs=State(eims=1),
    catches=("drops-notifications-beside-results", "alters-notifications"),
)
def test_notifications_beside_a_result(
    esipa: ServerUnderTest,
    eim: EimUnderTest,
    smdp: Smdp,
    card: EuiccUnderTest,
    download: Callable[[str], InstallationAnswer],
    step: CaseSteps,
) -> None:
    """Notifications that come with a result go on to their receivers unchanged, and all of it is acknowledged."""
    with step("a profile is installed and a package executed", precondition=True):
        installed = download("operational-a")
        eim.queue_package(card.eid, list_profile_info())
        answer = card.load_package(esipa.ask(get_eim_package(card.eid)).get(0xBF51).raw)
    with step("ePRAndNotifications", expect="BF53 with the numbers of both") as seen:
        both = tlv.build(0x30, answer.raw, tlv.build(0xA0, installed.raw))
        reply = esipa.ask(provide_result(card.eid, both))
        seen.observed(reply.raw)
        assert sorted(acknowledged(reply)) == sorted([answer.sequence_number or 0, installed.sequence_number])
    with step("ask the SM-DP+", expect="the same octets, once") as seen:
        came = [event.raw for event in smdp.events if isinstance(event, NotificationReceived)]
        seen.observed(" ".join(octets.hex().upper() for octets in came))
        assert came == [installed.raw]


@case(
    "EI-019",
    clause="SGP.32 v1.2 §5.14.7",
    area="eim",
    needs=State(eims=1),
    catches="refuses-results-as-notifications",
)
def test_result_as_a_notification(
    esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps
) -> None:
    """A ProvideEimPackageResult inside HandleNotification is taken like one that comes by itself."""
    with step("a queued package is fetched and executed", precondition=True):
        transaction = eim.queue_package(card.eid, list_profile_info())
        answer = card.load_package(esipa.ask(get_eim_package(card.eid)).get(0xBF51).raw)
        assert answer.is_result
    with step("HandleNotification with it", expect="204, or 200 with an empty body") as seen:
        reply = esipa.send(tlv.build(0xBF3D, provide_result(card.eid, answer.raw)))
        seen.observed(f"{reply.status}, {len(reply.body)} octets")
        assert reply.status in TAKEN
    with step("ask the operator's side", expect="done") as seen:
        seen.observed(eim.operation(transaction).state)
        assert eim.operation(transaction).state == "done"
