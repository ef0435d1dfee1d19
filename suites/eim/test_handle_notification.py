"""What an eIM does with a notification for an SM-DP+. SGP.32 v1.2 §3.7, §5.14.7 (ESipa.HandleNotification)."""

from __future__ import annotations

from collections.abc import Callable

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.servers import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.es10.download import InstallationAnswer
from harness.roles.smdp import Smdp
from harness.roles.smdp.events import NotificationReceived

TAKEN = (200, 204)


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
