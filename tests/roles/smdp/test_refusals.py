"""Every refusal of the SM-DP+: which subject and reason, and that nothing else happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from harness import resources
from harness.codec import decode, decode_pe, encode, encode_pe, named_bits, split_profile_package, tlv
from harness.crypto import ecdsa
from harness.crypto import pki as pki_module
from harness.crypto.entropy import Entropy
from harness.profiles import load_profiles
from harness.roles.smdp import Order, OrderState, Smdp, SmdpIdentity
from harness.roles.smdp.authenticate_client import euicc_suits
from harness.roles.smdp.events import EuiccReportedError, FunctionRefused, NotificationReceived, SessionCancelled
from harness.roles.smdp.status import Refusal
from tests.roles.smdp.client import NOW, PKI, Session, b64, card, status, un64

PROFILES = load_profiles(resources.path("fixtures/profiles"))
PROFILE = PROFILES["operational-a"]
SUCCESS = "Executed-Success"
OTHER_EID = bytes.fromhex("89049032000000000000000000000059")


def smdp(**identity: object) -> Smdp:
    return Smdp(SmdpIdentity.of(PKI, **identity), Entropy("smdp"))  # type: ignore[arg-type]


def ordered(**order: object) -> tuple[Smdp, Order, Session]:
    server = smdp()
    placed = server.order(PROFILE, **order)  # type: ignore[arg-type]
    return server, placed, Session(server, card(), placed.matching_id)


def flipped(octets: bytes, at: int) -> bytes:
    return octets[:at] + bytes([octets[at] ^ 1]) + octets[at:][1:]


# InitiateAuthentication


def test_another_address() -> None:
    server, _, session = ordered()
    assert status(session.initiate("other.example.com")) == ("8.8.1", "3.8")
    assert not server.state.sessions
    assert status(session.initiate("SMDP.Harness.Test")) == SUCCESS


def initiated_with(server: Smdp, **info: object) -> str | tuple[str, str]:
    keys = [credentials.ci_key_id for credentials in server.identity.credentials]
    value = {
        "svn": bytes.fromhex("020500"),
        "euiccCiPKIdListForVerification": keys,
        "euiccCiPKIdListForSigning": keys,
        **info,
    }
    session = Session(server, card())
    return status(
        session.post(
            "initiateAuthentication",
            smdpAddress=server.identity.address,
            euiccChallenge=b64(bytes(16)),
            euiccInfo1=b64(encode("EUICCInfo1", value)),
        )
    )


def test_no_common_ci() -> None:
    unknown = [bytes(range(20))]
    assert initiated_with(smdp(), euiccCiPKIdListForSigning=unknown) == ("8.8.2", "3.1")
    assert initiated_with(smdp(), euiccCiPKIdListForSigning=[]) == ("8.8.2", "3.1")
    assert initiated_with(smdp(), euiccCiPKIdListForVerification=unknown) == ("8.8.4", "3.7")


def test_versions() -> None:
    assert initiated_with(smdp(), svn=bytes.fromhex("010000")) == ("8.8.3", "3.1")
    assert initiated_with(smdp(), svn=bytes.fromhex("030100")) == SUCCESS


@pytest.mark.parametrize("curve", ["nist", "brainpool"])
def test_the_first_ci_of_the_euicc_is_used(curve: str) -> None:
    server = smdp()
    others = [name for name in ("nist", "brainpool") if name != curve]
    session = Session(server, card([curve, *others]))
    session.initiate()
    assert un64(session.initiated["euiccCiPKIdToBeUsed"]) == tlv.build(0x04, PKI.trust(curve).ci_key_id)
    assert un64(session.initiated["serverCertificate"]) == PKI.trust(curve).dp_auth.certificate


def test_server_signed1_is_signed_and_names_the_session() -> None:
    _, _, session = ordered()
    session.initiate()
    signed, signature = un64(session.initiated["serverSigned1"]), un64(session.initiated["serverSignature1"])
    value = decode("ServerSigned1", signed)
    assert value["transactionId"].hex().upper() == session.transaction_id
    assert value["euiccChallenge"] == session.challenge
    assert value["serverAddress"] == "smdp.harness.test"
    assert signature[:3] == bytes.fromhex("5F3740")
    assert ecdsa.verify(PKI.trust("nist").dp_auth.view.public_key, signature[3:], signed)


# AuthenticateClient


@pytest.mark.parametrize("part", ["signature", "signed", "challenge-of-another-session"])
def test_euicc_that_proves_nothing(part: str) -> None:
    _, order, session = ordered()
    session.to_authentication()
    answer = tlv.parse(session.authenticated)
    if part == "signature":
        session.authenticated = flipped(session.authenticated, answer.get(0xA0, 0x5F37).offset + 30)
    elif part == "signed":
        session.authenticated = flipped(session.authenticated, answer.get(0xA0, 0x30, 0xBF22, 0x83).offset + 3)
    else:
        first = session.transaction_id
        session.initiate()
        assert first != session.transaction_id
    assert status(session.authenticate_client()) == ("8.1", "6.1")
    assert order.state is OrderState.RELEASED


def test_a_refusal_ends_the_session() -> None:
    _, _, session = ordered()
    right = session.to_authentication().authenticated
    session.authenticated = flipped(right, tlv.parse(right).get(0xA0, 0x5F37).offset + 30)
    session.authenticate_client()
    session.authenticated = right
    assert status(session.authenticate_client()) == ("8.10.1", "3.9")


def test_unknown_and_spent_sessions() -> None:
    _, _, session = ordered()
    session.to_preparation()
    assert status(session.authenticate_client()) == ("8.10.1", "3.9")
    known, session.transaction_id = session.transaction_id, "00" * 16
    assert status(session.get_package()) == ("8.10.1", "3.9")
    session.transaction_id = known
    assert status(session.get_package()) == SUCCESS
    assert status(session.get_package()) == ("8.10.1", "3.9")


def with_certificates(session: Session, euicc: bytes, eum: bytes) -> None:
    children = tlv.parse(session.authenticated).get(0xA0).children
    session.authenticated = tlv.build(0xBF38, tlv.build(0xA0, children[0].raw, children[1].raw, euicc, eum))


def chain(eum_change: dict[str, object], euicc_change: dict[str, object]) -> Callable[[Session], None]:
    """Certificates that are wrong in these fields, over the card's own key."""

    def put(session: Session) -> None:
        trust = PKI.trust("nist")
        own = PKI.euicc_identity("nist", session.es10.get_eid())
        eum = trust.eum.certificate
        if eum_change:
            eum = trust.issue(
                "eum", replace(trust.blueprint("eum"), **eum_change), private_key=trust.eum.private_key
            ).certificate
        euicc = own.certificate
        if euicc_change:
            wrong = replace(trust.euicc_blueprint(session.es10.get_eid()), **euicc_change)
            euicc = trust.issue("euicc", wrong, private_key=own.private_key).certificate
        with_certificates(session, euicc, eum)

    return put


PAST = NOW - timedelta(days=1)
FUTURE = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("eum", "euicc", "expected"),
    [
        ({"not_after": PAST}, {}, ("8.1.2", "6.3")),
        ({"not_before": FUTURE}, {}, ("8.1.2", "6.1")),
        ({"policy": "2.23.146.1.2.1.1"}, {}, ("8.1.2", "6.1")),
        ({}, {"not_after": PAST}, ("8.1.3", "6.3")),
        ({}, {"not_before": FUTURE}, ("8.1.3", "6.1")),
        ({}, {"policy": "2.23.146.1.2.1.4"}, ("8.1.3", "6.1")),
        ({}, {}, SUCCESS),
    ],
)
def test_wrong_certificates(eum: dict[str, object], euicc: dict[str, object], expected: object) -> None:
    _, _, session = ordered()
    session.to_authentication()
    chain(eum, euicc)(session)
    assert status(session.authenticate_client()) == expected


def test_certificates_of_another_pki() -> None:
    _, _, session = ordered()
    session.to_authentication()
    foreign = pki_module.mint(Entropy("another"), NOW).euicc_identity("nist", session.es10.get_eid())
    with_certificates(session, foreign.certificate, foreign.eum_certificate)
    assert status(session.authenticate_client()) == ("8.11.1", "3.9")


@pytest.mark.parametrize("which", ["euicc", "eum"])
def test_certificates_that_cannot_be_read(which: str) -> None:
    _, _, session = ordered()
    session.to_authentication()
    parts = [child.raw for child in tlv.parse(session.authenticated).get(0xA0).children]
    wrong = tlv.build(0x30, b"\x05\x00")
    euicc, eum = (wrong, parts[3]) if which == "euicc" else (parts[2], wrong)
    with_certificates(session, euicc, eum)
    assert status(session.authenticate_client()) == (("8.1.3" if which == "euicc" else "8.1.2"), "6.1")


def test_matching_ids() -> None:
    server, order, session = ordered(matching_id="GOOD")
    for wrong in ("BAD", "good", "", None):
        session.matching_id = wrong
        assert status(session.to_authentication().authenticate_client()) == ("8.2.6", "3.8")
    session.matching_id = "GOOD"
    assert status(session.to_authentication().authenticate_client()) == SUCCESS
    assert server.order_now(order).state is OrderState.RELEASED


def test_an_order_for_another_eid() -> None:
    _, _, session = ordered(eid=OTHER_EID)
    assert status(session.to_authentication().authenticate_client()) == ("8.1.1", "3.8")


def test_an_order_for_this_eid() -> None:
    _, _, session = ordered(eid=card().get_eid())
    assert session.install().is_success


def test_a_default_order_is_found_without_a_matching_id() -> None:
    server = smdp()
    server.order(PROFILES["operational-b"], default=True, eid=OTHER_EID)
    anybody = server.order(PROFILE, default=True)
    session = Session(server, card())
    assert session.install().iccid == PROFILE.iccid
    session.notify(session.result.raw)
    assert server.order_now(anybody).state is OrderState.INSTALLED
    assert status(session.to_authentication().authenticate_client()) == ("8.2.6", "3.8")


def test_an_order_for_the_eid_comes_before_the_default() -> None:
    server = smdp()
    server.order(PROFILE, default=True)
    server.order(PROFILES["operational-b"], default=True, eid=card().get_eid())
    assert Session(server, card(), "").install().iccid == PROFILES["operational-b"].iccid


def test_unreleased_then_released() -> None:
    server, order, session = ordered(released=False)
    assert status(session.to_authentication().authenticate_client()) == ("8.2", "1.2")
    server.release(order)
    assert status(session.to_authentication().authenticate_client()) == SUCCESS


def test_expired_orders() -> None:
    _, _, session = ordered(expires=NOW + timedelta(minutes=1))
    session.to_preparation()
    session.now = NOW + timedelta(minutes=1)
    assert status(session.get_package()) == ("8.8.5", "4.10")
    assert status(session.to_authentication().authenticate_client()) == ("8.8.5", "4.10")


def test_an_order_tried_too_often() -> None:
    _, _, session = ordered(download_attempts=1)
    assert status(session.to_authentication().authenticate_client()) == SUCCESS
    assert status(session.to_authentication().authenticate_client()) == ("8.8.5", "6.4")


def test_a_full_euicc() -> None:
    server = smdp()
    session = Session(server, card(memory_size=1000), server.order(PROFILE).matching_id)
    assert status(session.to_authentication().authenticate_client()) == ("8.1", "4.8")


def test_a_package_of_an_unknown_format() -> None:
    server = smdp()
    header = encode_header_version(9)
    profile = replace(PROFILE, der=header + PROFILE.der[len(header) :])
    session = Session(server, card(), server.order(profile).matching_id)
    assert status(session.to_authentication().authenticate_client()) == ("8.2.5", "4.3")


def encode_header_version(major: int) -> bytes:
    name, header = decode_pe(split_profile_package(PROFILE.der)[0])
    return encode_pe((name, {**header, "major-version": major}))


def test_policy_rules_that_the_euicc_forbids() -> None:
    info2 = {"profileVersion": b"\x02\x03\x01", "extCardResource": b"", "forbiddenProfilePolicyRules": named_bits([2])}
    euicc_suits(replace(PROFILE, metadata={**PROFILE.metadata, "profilePolicyRules": named_bits([1])}), info2)
    with pytest.raises(Refusal) as caught:
        euicc_suits(replace(PROFILE, metadata={**PROFILE.metadata, "profilePolicyRules": named_bits([1, 2])}), info2)
    assert (caught.value.status.subject, caught.value.status.reason) == ("8.2.5", "4.3")


def test_an_euicc_that_refuses_us() -> None:
    server, _, session = ordered()
    session.initiate()
    signed = encode("AuthenticateServerResponse", ("authenticateResponseError", {
        "transactionId": bytes.fromhex(session.transaction_id), "authenticateErrorCode": 2}))  # fmt: skip
    session.authenticated = signed
    assert status(session.authenticate_client()) == ("8.1", "6.1")
    assert EuiccReportedError(bytes.fromhex(session.transaction_id), "AuthenticateServer", 2) in server.events
    assert isinstance(server.events[-1], FunctionRefused)


# GetBoundProfilePackage


def hash_cc(code: str, session: Session) -> bytes:
    return sha256(sha256(code.encode()).digest() + bytes.fromhex(session.transaction_id)).digest()


def tried(session: Session, code: str) -> str | tuple[str, str]:
    session.to_authentication().authenticate_client()
    assert decode("SmdpSigned2", un64(session.offered["smdpSigned2"]))["ccRequiredFlag"] is True
    session.prepare(hash_cc(code, session))
    return status(session.get_package())


def test_confirmation_code() -> None:
    _, order, session = ordered(confirmation_code="4711")
    assert order.activation_code.endswith("$$1")
    assert tried(session, "0815") == ("8.2.7", "3.8")
    assert tried(session, "4711") == SUCCESS
    assert session.es10.load_bound_profile_package(un64(session.bound["boundProfilePackage"])).is_success


def test_too_many_wrong_confirmation_codes() -> None:
    server, order, session = ordered(confirmation_code="4711")
    assert [tried(session, "0815") for _ in range(3)] == [("8.2.7", "3.8"), ("8.2.7", "3.8"), ("8.2.7", "6.4")]
    assert server.order_now(order).state is OrderState.FAILED
    assert status(session.to_authentication().authenticate_client()) == ("8.2.6", "3.8")


def without_hash(session: Session) -> bytes:
    """euiccSigned2 without the hashed code, signed by the card's own key."""
    signed = tlv.parse(session.prepared).get(0xA0, 0x30)
    bare = tlv.build(0x30, *(child.raw for child in signed.children if child.tag != 0x04))
    key = PKI.euicc_identity("nist", session.es10.get_eid()).private_key
    signature = ecdsa.sign(key, bare + un64(session.offered["smdpSignature2"]))
    return tlv.build(0xBF21, tlv.build(0xA0, bare, tlv.build(0x5F37, signature)))


def test_missing_confirmation_code() -> None:
    server, order, session = ordered(confirmation_code="4711")
    session.to_authentication().authenticate_client()
    session.prepare(hash_cc("4711", session))
    session.prepared = without_hash(session)
    assert status(session.get_package()) == ("8.2.7", "2.2")
    assert server.order_now(order).confirmation_attempts == 3
    assert tried(session, "4711") == SUCCESS


def test_wrong_signature2() -> None:
    _, _, session = ordered()
    session.to_preparation()
    session.prepared = flipped(session.prepared, len(session.prepared) - 1)
    assert status(session.get_package()) == ("8.1", "6.1")


def test_one_time_key_off_the_curve() -> None:
    _, _, session = ordered()
    session.to_preparation()
    signed = tlv.parse(session.prepared).get(0xA0, 0x30)
    wrong = tlv.build(0x30, signed.get(0x80).raw, tlv.build(0x5F49, b"\x04" + b"\x11" * 64))
    key = PKI.euicc_identity("nist", session.es10.get_eid()).private_key
    signature = ecdsa.sign(key, wrong + un64(session.offered["smdpSignature2"]))
    session.prepared = tlv.build(0xBF21, tlv.build(0xA0, wrong, tlv.build(0x5F37, signature)))
    assert status(session.get_package()) == ("8.1", "6.1")


def test_euicc_that_refuses_the_binding() -> None:
    server, _, session = ordered()
    session.to_authentication().authenticate_client()
    session.prepared = encode("PrepareDownloadResponse", ("downloadResponseError", {
        "transactionId": bytes.fromhex(session.transaction_id), "downloadErrorCode": 1}))  # fmt: skip
    assert status(session.get_package()) == ("8.1", "6.1")
    assert EuiccReportedError(bytes.fromhex(session.transaction_id), "PrepareDownload", 1) in server.events


# HandleNotification


def test_a_forged_installation_result_counts_for_nothing() -> None:
    server, order, session = ordered()
    session.install()
    session.notify(flipped(session.result.raw, len(session.result.raw) - 1))
    event = server.events[-1]
    assert isinstance(event, NotificationReceived)
    assert (event.is_verified, event.eid) == (False, b"")
    assert server.order_now(order).state is OrderState.DOWNLOADED
    session.notify(session.result.raw)
    assert server.order_now(order).state is OrderState.INSTALLED


def other_notification(session: Session, event: int) -> bytes:
    """A notification of a change that the card would make, signed by its key."""
    own = PKI.euicc_identity("nist", session.es10.get_eid())
    metadata = encode("NotificationMetadata", {"seqNumber": 7, "profileManagementOperation": named_bits([event]),
                      "notificationAddress": "smdp.harness.test", "iccid": PROFILE.iccid})  # fmt: skip
    signature = tlv.build(0x5F37, ecdsa.sign(own.private_key, metadata))
    return tlv.build(0x30, metadata, signature, own.certificate, own.eum_certificate)


@pytest.mark.parametrize(("bit", "name"), [(1, "enable"), (2, "disable"), (3, "delete")])
def test_other_notifications(bit: int, name: str) -> None:
    server, _, session = ordered()
    raw = other_notification(session, bit)
    session.notify(raw)
    session.notify(flipped(raw, tlv.parse(raw).get(0x5F37).offset + 20))
    told, forged = server.events
    assert isinstance(told, NotificationReceived)
    assert isinstance(forged, NotificationReceived)
    assert (told.event, told.is_verified, told.sequence_number) == (name, True, 7)
    assert told.eid == session.es10.get_eid()
    assert (forged.is_verified, forged.eid) == (False, b"")


def test_notification_of_a_stranger() -> None:
    server, _, session = ordered()
    foreign = pki_module.mint(Entropy("another"), NOW).euicc_identity("nist", session.es10.get_eid())
    parts = tlv.parse(other_notification(session, 1)).children
    session.notify(tlv.build(0x30, parts[0].raw, parts[1].raw, foreign.certificate, foreign.eum_certificate))
    (event,) = server.events
    assert isinstance(event, NotificationReceived)
    assert not event.is_verified


# CancelSession


def cancelled(session: Session, reason: int) -> dict[str, object]:
    answer = session.es10.cancel_session(bytes.fromhex(session.transaction_id), reason)
    return session.post("cancelSession", transactionId=session.transaction_id, cancelSessionResponse=b64(answer.raw))


@pytest.mark.parametrize("reason", [0, 1, 2, 3, 4, 5, 127])
def test_cancel_with_each_reason(reason: int) -> None:
    server, order, session = ordered()
    session.to_authentication().authenticate_client()
    assert cancelled(session, reason) == {"header": {"functionExecutionStatus": {"status": SUCCESS}}}
    assert server.events[-1] == SessionCancelled(bytes.fromhex(session.transaction_id), reason, session.es10.get_eid())
    kept = reason in (1, 2)
    assert server.order_now(order).state is (OrderState.RELEASED if kept else OrderState.FAILED)
    expected = SUCCESS if kept else ("8.2.6", "3.8")
    assert status(session.to_authentication().authenticate_client()) == expected


def test_cancel_after_the_package() -> None:
    server, order, session = ordered()
    session.to_package()
    assert status(cancelled(session, 5)) == SUCCESS
    assert server.order_now(order).state is OrderState.FAILED


def test_cancellations_that_prove_nothing() -> None:
    server, order, session = ordered()
    session.to_authentication().authenticate_client()
    answer = session.es10.cancel_session(bytes.fromhex(session.transaction_id), 0).raw
    forged = flipped(answer, len(answer) - 1)
    refused = session.post("cancelSession", transactionId="AA" * 16, cancelSessionResponse=b64(answer))
    assert status(refused) == ("8.10.1", "3.9")
    refused = session.post("cancelSession", transactionId=session.transaction_id, cancelSessionResponse=b64(forged))
    assert status(refused) == ("8.1", "6.1")
    assert server.order_now(order).state is OrderState.RELEASED


@pytest.mark.parametrize(
    ("change", "expected"),
    [({"smdpOid": "2.999.11"}, ("8.8", "3.10")), ({"transactionId": bytes(16)}, ("8.10.1", "3.9")), ({}, SUCCESS)],
)
def test_cancellation_for_somebody_else(change: dict[str, object], expected: object) -> None:
    server, _, session = ordered()
    session.to_authentication().authenticate_client()
    fields = {"transactionId": bytes.fromhex(session.transaction_id), "smdpOid": server.identity.oid, "reason": 0}
    signed = encode("EuiccCancelSessionSigned", {**fields, **change})
    key = PKI.euicc_identity("nist", session.es10.get_eid()).private_key
    raw = tlv.build(0xBF41, tlv.build(0xA0, signed, tlv.build(0x5F37, ecdsa.sign(key, signed))))
    told = session.post("cancelSession", transactionId=session.transaction_id, cancelSessionResponse=b64(raw))
    assert status(told) == expected


def test_a_card_that_cannot_cancel() -> None:
    _, _, session = ordered()
    session.to_authentication().authenticate_client()
    raw = encode("CancelSessionResponse", ("cancelSessionResponseError", 5))
    told = session.post("cancelSession", transactionId=session.transaction_id, cancelSessionResponse=b64(raw))
    assert status(told) == ("8.1", "6.1")


# orders


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"matching_id": "M1"}, "1$smdp.harness.test$M1"),
        ({"matching_id": "M1", "confirmation_code": "1"}, "1$smdp.harness.test$M1$$1"),
        ({"matching_id": "M1", "name_oid": True}, "1$smdp.harness.test$M1$2.999.10"),
        ({"matching_id": "M1", "name_oid": True, "confirmation_code": "1"}, "1$smdp.harness.test$M1$2.999.10$1"),
        ({"default": True}, "1$smdp.harness.test$"),
    ],
)
def test_activation_codes(order: dict[str, object], expected: str) -> None:
    assert smdp().order(PROFILE, **order).activation_code == expected  # type: ignore[arg-type]


def test_made_up_matching_ids_differ_and_repeat_with_the_seed() -> None:
    first, second = ([server.order(PROFILE).matching_id for _ in range(3)] for server in (smdp(), smdp()))
    assert first == second
    assert len(set(first)) == 3
