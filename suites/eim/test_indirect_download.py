"""A profile download that an eIM carries. SGP.32 v1.2 §3.2.3.2, §3.2.3.3, §3.9, §5.14.1 to §5.14.3, §5.14.8.

What an RSP server refuses reaches the IPA as the ESipa error of the same meaning; the number is certain by name, that it
belongs to these codes of SGP.22 is likely.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from harness.codec import named_bits, tlv
from harness.conformance.adversaries.tampering import with_flipped_bit
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.behind_eim import BehindEim
from harness.conformance.servers.esipa import TAKEN, get_eim_package, provide_result
from harness.conformance.servers.esipa_download import DEVICE_INFO, EsipaDownload, error_of
from harness.conformance.servers.server import BINDINGS, ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.smdp import Smdp
from harness.roles.smdp.events import NotificationReceived
from harness.roles.smds import Smds
from harness.roles.smds.messages import RegisterEvent
from harness.roles.smds.state import EventRecord

Profiles = Mapping[str, ProfilePackage]

ASSOCIATED = State(eims=1)
ADDRESS_MISMATCH, OID_MISMATCH, INVALID_EIM_TRANSACTION = 50, 51, 52
INITIATE = {("8.8.1", "3.8"): 1, ("8.8.3", "3.1"): 2, ("8.8.2", "3.1"): 3, ("8.8.4", "3.7"): 3, ("1.2", "4.2"): 127}
"""invalidDpAddress, euiccVersionNotSupportedByDp, ciPKIdNotSupported; what has no number of its own is 127."""
AUTHENTICATE = {
    ("8.1.2", "6.1"): 1,
    ("8.1.2", "6.3"): 2,
    ("8.1.3", "6.1"): 3,
    ("8.1.3", "6.3"): 4,
    ("8.1", "6.1"): 5,
    ("8.2.6", "3.8"): 6,
    ("8.1.1", "3.8"): 7,
    ("8.2.5", "4.3"): 8,
    ("8.11.1", "3.9"): 9,
    ("8.10.1", "3.9"): 10,
    ("8.1", "4.8"): 11,
    ("8.2", "1.2"): 127,
}
BIND = {
    ("8.1", "6.1"): 1,
    ("8.2.7", "2.2"): 2,
    ("8.2.7", "3.8"): 3,
    ("8.2.7", "6.4"): 4,
    ("8.2", "3.7"): 5,
    ("8.8.5", "4.10"): 6,
    ("8.10.1", "3.9"): 95,
}
EVENT_ID_UNKNOWN, PPR_NOT_ALLOWED, METADATA_MISMATCH = 56, 50, 50
POSTPONED = 1


def triggered(
    esipa: ServerUnderTest, eim: Eim, card: EuiccUnderTest, binding: str = BINDINGS[0], **order: Any
) -> EsipaDownload:
    """A download that the operator ordered and the device was told of."""
    operation = eim.queue_download(card.eid, **order)
    assert esipa.ask(get_eim_package(card.eid)).find(0xBF54) is not None
    return EsipaDownload(esipa, card, operation, binding)


def code_of(smdp: Smdp, profile: ProfilePackage, **order: Any) -> str:
    """The activation code of a new order at our SM-DP+."""
    return str(smdp.order(profile, **order).activation_code)


def tell(esipa: ServerUnderTest, card: EuiccUnderTest, *features: int) -> None:
    """IpaEuiccData with these capabilities, the device's own information and the card's."""
    bits, count = named_bits(features)
    capabilities = tlv.build(0x80, bytes([len(bits) * 8 - count]) + bits) + tlv.build(0x81, b"\x07\x80")
    parts = (
        card.get_euicc_info1().raw,
        card.get_euicc_info2().raw,
        tlv.build(0xA8, capabilities),
        tlv.build(0xA9, DEVICE_INFO),
    )
    esipa.ask(provide_result(card.eid, tlv.build(0xBF52, tlv.build(0xA0, *parts))))


@case(
    "EI-020",
    clause="SGP.32 v1.2 §6.3",
    area="eim",
    needs=ASSOCIATED,
    catches=("sends-compact-authentication", "passes-compact-notifications-on"),
)
def test_compact_forms(
    esipa: ServerUnderTest,
    eim: Eim,
    card: EuiccUnderTest,
    smdp: Smdp,
    profiles: Profiles,
    step: CaseSteps,
) -> None:
    """What an IPA shortens (minimizeEsipaBytes) the eIM completes to what the eUICC signed; the SM-DP+ takes it for whole."""
    with step("the device tells of minimizeEsipaBytes and eimCtxParams1Generation", precondition=True):
        tell(esipa, card, 1, 3, 5)
        session = triggered(esipa, eim, card, activation_code=code_of(smdp, profiles["operational-a"]))
        assert error_of(session.initiate()) is None
    with step(
        "AuthenticateClient with CompactEuiccSigned1 and no certificates", expect="the profile's metadata"
    ) as seen:
        answer = session.authenticate_client(compact_authentication(session.authenticate_server()))
        seen.observed(answer.raw)
        assert error_of(answer) is None
    with step("GetBoundProfilePackage with CompactEuiccSigned2", expect="a package that the card installs") as seen:
        answer = session.get_package(compact_preparation(session.prepare_download()))
        assert error_of(answer) is None
        installed = session.load(answer)
        seen.observed(installed.raw)
        assert installed.is_success
    with step("HandleNotification with a compact ProfileInstallationResult", expect="taken") as seen:
        reply = esipa.send(tlv.build(0xBF3D, tlv.build(0xA0, compact_installation(installed.raw))))
        seen.observed(f"{reply.status}")
        assert reply.status in TAKEN
    with step("ask the SM-DP+", expect="the full result, octet by octet what the card signed") as seen:
        came = [event.raw for event in smdp.events if isinstance(event, NotificationReceived)]
        seen.observed(" ".join(octets.hex().upper() for octets in came))
        assert came == [installed.raw]


def compact_authentication(response: bytes) -> bytes:
    """BF38 with extCardResource alone of what the card signed, and no certificates."""
    signed, signature, *_ = tlv.parse(response).get(0xA0).children
    resource = signed.get(0xBF22, 0x84).raw
    return tlv.build(0xBF38, tlv.build(0xA2, tlv.build(0xA0, resource), signature.raw))


def compact_preparation(prepared: bytes) -> bytes:
    """BF21 without the transactionId."""
    signed, signature = tlv.parse(prepared).get(0xA0).children
    return tlv.build(0xBF21, tlv.build(0xA2, tlv.build(0x30, signed.get(0x5F49).raw), signature.raw))


def compact_installation(result: bytes) -> bytes:
    """compactProfileInstallationResult of a BF37 that tells a success."""
    data, signature = tlv.parse(result).children
    success = data.get(0xA2, 0xA0)
    short = tlv.build(0xA0, tlv.build(0x4F, success.get(0x4F).value[-3:-1]), success.get(0x04).raw)
    number = tlv.build(0x02, data.get(0xBF2F, 0x80).value)
    compact = tlv.build(0xA0, data.get(0x80).raw, number, tlv.build(0xA2, short))
    return tlv.build(0xA0, compact, signature.raw)


@case(
    "EI-024",
    clause="SGP.32 v1.2 §5.14.1",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches=("relays-every-refusal-as-undefined", "takes-any-eim-transaction"),
)
def test_initiate_authentication(
    esipa: ServerUnderTest,
    eim: Eim,
    card: EuiccUnderTest,
    smdp: Smdp,
    behind_eim: BehindEim,
    profiles: Profiles,
    step: CaseSteps,
) -> None:
    """InitiateAuthentication goes to the ordered SM-DP+ and comes back with what it signed, or with its refusal's number."""
    session = triggered(esipa, eim, card, activation_code=code_of(smdp, profiles["operational-a"]))
    for binding in BINDINGS:
        with step(f"{binding}: InitiateAuthentication", expect="what the SM-DP+ signed, which the card takes") as seen:
            session.binding = binding
            answer = session.initiate()
            seen.observed(answer.raw)
            assert error_of(answer) is None
            assert session.authenticate_server()
    for (subject, reason), code in INITIATE.items():
        with step(
            f"the SM-DP+ refuses with {subject}/{reason}", expect=f"initiateAuthenticationErrorEsipa {code}"
        ) as seen:
            behind_eim.refuse("initiateAuthentication", subject, reason)
            answer = session.initiate()
            seen.observed(answer.raw)
            assert error_of(answer) == code
    with step("an eimTransactionId that was never given", expect="invalidEimTransactionId(52)") as seen:
        behind_eim.change = None
        answer = EsipaDownload(esipa, card, bytes(16)).initiate()
        seen.observed(answer.raw)
        assert error_of(answer) == INVALID_EIM_TRANSACTION


@case(
    "EI-025",
    clause="SGP.32 v1.2 §5.14.1",
    area="eim",
    needs=ASSOCIATED,
    catches=("takes-any-server-address", "takes-any-server-oid"),
)
def test_server_that_is_not_meant(
    esipa: ServerUnderTest,
    eim: Eim,
    card: EuiccUnderTest,
    smdp: Smdp,
    behind_eim: BehindEim,
    profiles: Profiles,
    step: CaseSteps,
) -> None:
    """An SM-DP+ that signs for another address than it was asked at, or has another OID than ordered, ends the download."""
    session = triggered(esipa, eim, card, activation_code=code_of(smdp, profiles["operational-a"]))
    with step("serverSigned1 with another serverAddress", expect="smdpAddressMismatch(50)") as seen:
        behind_eim.change = with_other_address
        answer = session.initiate()
        seen.observed(answer.raw)
        assert error_of(answer) == ADDRESS_MISMATCH
    with step("an order that names another OID", expect="smdpOidMismatch(51)") as seen:
        behind_eim.change = None
        code = f"1${smdp.identity.address}$M-OTHER$2.999.1"
        answer = triggered(esipa, eim, card, activation_code=code).initiate()
        seen.observed(answer.raw)
        assert error_of(answer) == OID_MISMATCH


def with_other_address(function: str, fields: dict[str, Any]) -> Mapping[str, Any]:
    """An answer of InitiateAuthentication in which another server stands; its signature does not matter here."""
    if function != "initiateAuthentication":
        return fields
    signed = tlv.parse(base64.b64decode(fields["serverSigned1"]))
    parts = [tlv.build(0x83, b"elsewhere.test") if one.tag == 0x83 else one.raw for one in signed.children]
    return {**fields, "serverSigned1": base64.b64encode(tlv.build(0x30, *parts)).decode()}


@case(
    "EI-026",
    clause="SGP.32 v1.2 §5.14.3",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches=("relays-every-refusal-as-undefined", "ignores-policy-rules"),
)
def test_authenticate_client(
    esipa: ServerUnderTest,
    eim: Eim,
    card: EuiccUnderTest,
    smdp: Smdp,
    behind_eim: BehindEim,
    profiles: Profiles,
    step: CaseSteps,
) -> None:
    """AuthenticateClient comes back with the profile's metadata, or with the number of the SM-DP+'s refusal."""
    for binding in BINDINGS:
        with step(f"{binding}: AuthenticateClient", expect="metadata, and what the card then takes") as seen:
            code = code_of(smdp, profiles["operational-a"])
            session = triggered(esipa, eim, card, binding, activation_code=code)
            answer = session.to_client()
            seen.observed(answer.raw)
            assert error_of(answer) is None
            assert answer.find(0xA0, 0xBF25) is not None
            assert session.prepare_download()
    for (subject, reason), number in AUTHENTICATE.items():
        with step(
            f"the SM-DP+ refuses with {subject}/{reason}", expect=f"authenticateClientErrorEsipa {number}"
        ) as seen:
            behind_eim.refuse("authenticateClient", subject, reason)
            answer = session.to_client()
            seen.observed(answer.raw)
            assert error_of(answer) == number
    with step("a profile with PPR1, which the eIM is to verify and does not allow", expect="pprNotAllowed(50)") as seen:
        behind_eim.change = with_policy_rule
        tell(esipa, card, 1, 4)
        eim.allow_policy_rules()
        code = code_of(smdp, profiles["operational-a"])
        answer = triggered(esipa, eim, card, activation_code=code).to_client()
        seen.observed(answer.raw)
        assert error_of(answer) == PPR_NOT_ALLOWED


def with_policy_rule(function: str, fields: dict[str, Any]) -> Mapping[str, Any]:
    """An answer of AuthenticateClient whose metadata has PPR1."""
    if function != "authenticateClient":
        return fields
    metadata = tlv.parse(base64.b64decode(fields["profileMetadata"]))
    parts = [one for one in metadata.children if one.tag != 0x99]
    before = [one.raw for one in parts if one.tag <= 0xFF]  # its own number is higher than those with one octet
    behind = [one.raw for one in parts if one.tag > 0xFF]
    changed = tlv.build(0xBF25, *before, tlv.build(0x99, b"\x06\x40"), *behind)
    return {**fields, "profileMetadata": base64.b64encode(changed).decode()}


@case(
    "EI-027",
    clause="SGP.32 v1.2 §5.14.2",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches=("relays-every-refusal-as-undefined", "ignores-other-metadata", "hashes-code-without-transaction"),
)
def test_get_bound_profile_package(
    esipa: ServerUnderTest,
    eim: Eim,
    card: EuiccUnderTest,
    smdp: Smdp,
    behind_eim: BehindEim,
    profiles: Profiles,
    step: CaseSteps,
) -> None:
    """The bound package comes through unchanged, with the confirmation code that the operator gave, or its refusal's number."""
    with step("refusals of the SM-DP+", precondition=True):
        session = triggered(esipa, eim, card, activation_code=code_of(smdp, profiles["operational-a"]))
    for (subject, reason), number in BIND.items():
        with step(
            f"the SM-DP+ refuses with {subject}/{reason}", expect=f"getBoundProfilePackageErrorEsipa {number}"
        ) as seen:
            behind_eim.refuse("getBoundProfilePackage", subject, reason)
            answer = session.to_package()
            seen.observed(answer.raw)
            assert error_of(answer) == number
    with step("a package with other metadata than was told before", expect="metadataMismatch(50)") as seen:
        behind_eim.change = with_policy_rule
        code = code_of(smdp, profiles["operational-a"])
        answer = triggered(esipa, eim, card, activation_code=code).to_package()
        seen.observed(answer.raw)
        assert error_of(answer) == METADATA_MISMATCH
    for binding, name in zip(BINDINGS, ("operational-a", "operational-b"), strict=True):
        with step(f"{binding}: an order with a confirmation code", expect="a package that the card installs") as seen:
            behind_eim.change = None
            code = code_of(smdp, profiles[name], confirmation_code="4711")
            session = triggered(esipa, eim, card, binding, activation_code=code, confirmation_code="4711")
            answer = session.to_package()
            assert error_of(answer) is None
            installed = session.load(answer)
            seen.observed(installed.raw)
            assert installed.is_success


@case("EI-028", clause="SGP.32 v1.2 §3.2.3.3, §5.14.8", area="eim", needs=ASSOCIATED, catches="alters-cancellations")
def test_cancel_session(
    esipa: ServerUnderTest,
    eim: Eim,
    card: EuiccUnderTest,
    smdp: Smdp,
    behind_eim: BehindEim,
    profiles: Profiles,
    step: CaseSteps,
) -> None:
    """A cancellation goes on to the SM-DP+ as the card signed it, with its reason; a changed one is not taken."""
    for binding in BINDINGS:
        with step(f"{binding}: the card cancels after AuthenticateClient, postponed(1)", expect="taken") as seen:
            code = code_of(smdp, profiles["operational-a"])
            session = triggered(esipa, eim, card, binding, activation_code=code)
            session.to_client()
            cancelled = card.cancel_session(session.transaction_id, POSTPONED)
            answer = session.cancel(tlv.parse(cancelled.raw).value)
            seen.observed(answer.raw)
            assert error_of(answer) is None
        with step(f"{binding}: ask the SM-DP+", expect="the octets that the card signed") as seen:
            _, function, fields = behind_eim.asked[-1]
            seen.observed(f"{function}: {fields}")
            assert function == "cancelSession"
            sent = "".join(str(fields.get("cancelSessionResponse")).split())
            assert sent == base64.b64encode(cancelled.raw).decode()
    with step(
        "a cancellation with one bit of its signature changed", expect="euiccSignatureInvalid(2)", confidence="likely"
    ):
        session = triggered(esipa, eim, card, activation_code=code_of(smdp, profiles["operational-a"]))
        session.to_client()
        cancelled = card.cancel_session(session.transaction_id, POSTPONED)
        broken = with_flipped_bit(cancelled.raw, 8 * len(cancelled.raw) - 5)
        assert error_of(session.cancel(tlv.parse(broken).value)) == 2


@case(
    "EI-029",
    clause="SGP.32 v1.2 §3.9",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches=("loses-smds-events", "takes-any-server-address", "relays-every-refusal-as-undefined"),
)
def test_smds(
    esipa: ServerUnderTest,
    eim: Eim,
    card: EuiccUnderTest,
    smdp: Smdp,
    smds: Smds,
    clock: Clock,
    behind_eim: BehindEim,
    profiles: Profiles,
    step: CaseSteps,
) -> None:
    """Sent to an SM-DS, the eIM brings the event that waits there for the eUICC, and the download goes on from it."""
    with step("an event waits at the SM-DS, and the device is sent there", precondition=True):
        order = smdp.order(profiles["operational-a"], matching_id="EVENT-1", eid=card.eid)
        event = EventRecord(card.eid, order.matching_id, smdp.identity.address, False)
        smds.call(RegisterEvent(event), clock.utc())
        session = triggered(esipa, eim, card, smds=smds.identity.address)
    with step("an SM-DS that signs for another address", expect="smdpAddressMismatch(50)") as seen:
        behind_eim.change = with_other_address
        answer = session.initiate()
        seen.observed(answer.raw)
        assert error_of(answer) == ADDRESS_MISMATCH
    with step("the SM-DS knows no such event", expect="eventIdUnknown(56)") as seen:
        behind_eim.refuse("authenticateClient", "8.9.5", "3.9")
        answer = session.to_client()
        seen.observed(answer.raw)
        assert error_of(answer) == EVENT_ID_UNKNOWN
    with step("AuthenticateClient of the eUICC itself", expect="a trigger with the event's activation code") as seen:
        behind_eim.change = None
        answer = session.to_client()
        seen.observed(answer.raw)
        told = answer.find(0xA1, 0xBF54, 0xA0, 0x80)
        assert told is not None
        assert told.value.decode() == f"1${smdp.identity.address}$EVENT-1"
    with step("the download with the same eimTransactionId", expect="a package that the card installs") as seen:
        installed = session.load(session.to_package())
        seen.observed(installed.raw)
        assert installed.is_success
