"""The eIMs of a device. SGP.32 v1.2 §2.11.1.1.1 (EimConfigurationData), §2.6.3 (trust), §3.5.1 (eCO)."""

from __future__ import annotations

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.commands import add_eim, list_profile_info, update_eim

ASSOCIATED = State(eims=1)
TWO_EIMS = State(eims=2)
DONE = "done"
TRUST = "trustedPublicKeyDataTls"


def host_of(eim: Eim) -> str:
    """The name under which devices find it."""
    assert eim.identity.fqdn is not None
    return eim.identity.fqdn.partition(":")[0]


@case(
    "IP-043",
    clause="SGP.32 v1.2 §2.11.1.1.1",
    confidence="likely",
    area="ipa",
    needs=TWO_EIMS,
    relies_on=("scripted-network",),
    catches=("polls-only-the-first-eim", "is-blocked-by-an-eim-that-is-down"),
)
def test_two_eims(device: DeviceUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """Every eIM of the configuration is polled; one that is down does not block another."""
    with step("the device polls", expect="requests at both eIMs") as seen:
        device.poll_now()
        seen.observed(f"{len(device.requests)} and {len(device.other_requests)}")
        assert device.requests
        assert device.other_requests
    for down, up in ((eim, other_eim), (other_eim, eim)):
        with step(f"{down.identity.eim_id} is down, the device polls", expect="the other's package is done") as seen:
            device.network.lose(host_of(down))
            package = up.queue_package(device.eid, list_profile_info())
            device.poll_now()
            seen.observed(up.operation(package).state)
            assert up.operation(package).state == DONE
        device.network.find(host_of(down))


@case(
    "IP-046",
    clause="SGP.32 v1.2 §3.5.1",
    area="ipa",
    needs=ASSOCIATED,
    effects=("removes-eim",),
    catches="reads-its-eims-only-at-boot",
)
def test_added_eim(device: DeviceUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """An eIM that a package added is polled, at its address and with its trust anchor."""
    with step("a package adds the other eIM", precondition=True):
        package = eim.queue_package(device.eid, add_eim(other_eim.configuration()))
        device.poll_now()
        assert eim.operation(package).state == DONE
    with step("the device polls", expect="a request at the added eIM") as seen:
        device.poll_now()
        seen.observed(len(device.other_requests))
        assert device.other_requests


@case(
    "IP-047",
    clause="SGP.32 v1.2 §2.6.3, §2.11.1.1.1",
    area="ipa",
    needs=ASSOCIATED,
    effects=("removes-eim",),
    catches="ignores-the-tls-trust-of-an-eim",
)
def test_untrusted_server(device: DeviceUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """A server that does not prove to be what the eIM's configuration trusts is told nothing: no EID, no result."""
    other_key = eim.identity.public_key_info  # that of packages, which no server has
    with step("a package adds the other eIM, with another key to trust than its server has", precondition=True):
        wrong = {**other_eim.configuration(), TRUST: ("trustedEimPkTls", other_key)}
        package = eim.queue_package(device.eid, add_eim(wrong))
        device.poll_now()
        assert eim.operation(package).state == DONE
        device.poll_now()
        came = len(device.other_requests)
    with step("its trust anchor is put right, the device polls it", precondition=True):
        right = {TRUST: other_eim.configuration()[TRUST]}
        package = eim.queue_package(device.eid, update_eim({"eimId": other_eim.identity.eim_id, **right}))
        device.work_off()
        device.poll_now()
        assert eim.operation(package).state == DONE
        assert len(device.other_requests) > came
    with step("count what came before that", expect="no request") as seen:
        seen.observed(came)
        assert came == 0
