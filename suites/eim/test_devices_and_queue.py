"""What an eIM keeps of its devices and of what waits for them. SGP.32 v1.2 §5.14.5, §2.11.1.2."""

from __future__ import annotations

from harness.codec import named_bits, tlv
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import EimUnderTest
from harness.conformance.servers.esipa import (
    EID_NOT_FOUND,
    NO_PACKAGE,
    OK,
    acknowledged,
    get_eim_package,
    package_error,
    provide_result,
)
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.lab.clock import Clock
from harness.roles.eim import Eim
from harness.roles.eim.commands import get_rat, list_profile_info

ASSOCIATED = State(eims=1)
CAUSES = {
    "otherEim": 0,
    "fallback": 1,
    "emergencyProfile": 2,
    "local": 3,
    "reset": 4,
    "immediateEnableProfile": 5,
    "deviceChange": 6,
    "undefined": 127,
    "a value of no version yet": 42,
}
NOTIFY, CAUSE = 0x80, 0x81
DEFAULT_SMDP = "smdp.harness.test"


@case(
    "EI-021",
    clause="SGP.32 v1.2 §5.14.5",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches=("ignores-state-changes", "refuses-unknown-causes"),
)
def test_state_change(esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps) -> None:
    """A device that tells of a change, for whatever cause, is asked for fresh data; an unknown cause is no error."""
    for name, cause in CAUSES.items():
        with step(f"GetEimPackage with notifyStateChange, {name}({cause})", expect="a data request, BF52") as seen:
            answer = esipa.ask(get_eim_package(card.eid, tlv.build(NOTIFY), tlv.integer(CAUSE, cause)))
            seen.observed(answer.raw)
            assert answer.find(0xBF52) is not None
        with step("an answer with nothing in it", precondition=True):
            esipa.ask(provide_result(card.eid, tlv.build(0xBF52, tlv.build(0xA0))))
            assert esipa.ask(get_eim_package(card.eid)).raw == package_error(NO_PACKAGE)


@case(
    "EI-022",
    clause="SGP.32 v1.2 §2.11.1.2",
    area="eim",
    needs=ASSOCIATED,
    catches=("forgets-device-data", "trusts-any-euicc-certificate", "never-learns-certificates"),
)
def test_device_data(esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps) -> None:
    """IpaEuiccData updates what is known of a device; its certificates are taken once their chain holds."""
    certs = card.get_certs()
    chain = tlv.build(0xA5, tlv.parse(certs.eum).value) + tlv.build(0xA6, tlv.parse(certs.euicc).value)
    with step("the eIM knows no certificate of the device", precondition=True):
        eim.dissociate(card.eid)
        eim.associate(card.eid)
    with step("the chain with one bit of the eUICC certificate's signature changed", expect="not taken") as seen:
        broken = chain[:-1] + bytes([chain[-1] ^ 1])
        esipa.ask(provide_result(card.eid, tlv.build(0xBF52, tlv.build(0xA0, broken))))
        seen.observed((eim.device(card.eid).euicc_certificate or b"").hex())
        assert eim.device(card.eid).euicc_certificate is None
    with step("the true chain, a default SM-DP+ and capabilities", expect="all of them known") as seen:
        capabilities = tlv.build(0x80, _bits(1, 2)) + tlv.build(0x81, _bits(0))
        fields = tlv.build(0x81, DEFAULT_SMDP.encode()) + chain + tlv.build(0xA8, capabilities)
        esipa.ask(provide_result(card.eid, tlv.build(0xBF52, tlv.build(0xA0, fields))))
        known = eim.device(card.eid)
        data = {} if known.data is None else known.data.fields
        seen.observed(f"{sorted(data)}, certificate: {known.euicc_certificate is not None}")
        assert known.euicc_certificate == certs.euicc
        assert known.data is not None
        assert known.data.fields.get("defaultSmdpAddress") == DEFAULT_SMDP
        assert known.data.features == {"indirectRspServerCommunication", "eimDownloadDataHandling"}


def _bits(*positions: int) -> bytes:
    """The contents of a BIT STRING with these bits set."""
    octets, count = named_bits(positions)
    return bytes([len(octets) * 8 - count]) + octets


@case(
    "EI-035",
    clause="unknown: no clause says what an operator may take back",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches=("delivers-cancelled-packages", "delivers-expired-packages"),
)
def test_cancelled_and_expired(
    esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, clock: Clock, step: CaseSteps
) -> None:
    """A package that its operator took back, or whose time is over, is never delivered; those behind it are."""
    with step("three packages are queued, the first is cancelled, the second expires now", precondition=True):
        cancelled = eim.queue_package(card.eid, list_profile_info())
        expired = eim.queue_package(card.eid, list_profile_info(), expires_at=clock.now())
        wanted = eim.queue_package(card.eid, get_rat())
        eim.cancel(cancelled, clock.now())
    with step("poll until nothing comes", expect="the third package alone") as seen:
        came = []
        for _ in range(4):
            package = esipa.ask(get_eim_package(card.eid)).find(0xBF51)
            if package is None:
                break
            came.append(package.get(0x30, 0x82).value)
            esipa.ask(provide_result(card.eid, card.load_package(package.raw).raw))
        seen.observed(" ".join(transaction.hex().upper() for transaction in came))
        assert came == [wanted]
    with step("ask the operator's side", expect="cancelled, expired") as seen:
        states = eim.operation(cancelled).state, eim.operation(expired).state
        seen.observed(" ".join(states))
        assert states == ("cancelled", "expired")


@case(
    "EI-038",
    clause="unknown: no clause speaks of several eIMs in one server",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches="answers-for-every-tenant",
)
def test_tenants(esipa: ServerUnderTest, eim: EimUnderTest, tenant: Eim, card: EuiccUnderTest, step: CaseSteps) -> None:
    """Two eIMs in one server keep their devices apart: at the one's name nothing of the other's is to be had."""
    elsewhere = {"Host": tenant.identity.fqdn or ""}
    with step("a package waits at the device's own eIM", precondition=True):
        transaction = eim.queue_package(card.eid, list_profile_info())
        assert card.eid not in tenant.state.devices
    with step("the device polls at the other eIM's name", expect="BF4F03020102, eidNotFound") as seen:
        reply = esipa.send(get_eim_package(card.eid), elsewhere)
        seen.observed(f"{reply.status} {reply.body.hex().upper()}")
        assert reply.status == OK
        assert reply.body == package_error(EID_NOT_FOUND)
    with step("it polls at its own eIM's name", expect="the package") as seen:
        answer = card.load_package(esipa.ask(get_eim_package(card.eid)).get(0xBF51).raw)
        seen.observed(answer.raw)
        assert answer.is_result
    with step("it delivers the result to the other eIM", expect="no BF53, the package is still open") as seen:
        reply = esipa.send(provide_result(card.eid, answer.raw), elsewhere)
        seen.observed(f"{reply.status} {reply.body.hex().upper()}")
        assert reply.status != OK or not acknowledged(tlv.parse(reply.body))
        assert eim.operation(transaction).is_open
