"""ESipa.AuthenticateClient: the card has authenticated the SM-DP+ and proves itself (SGP.32 v1.2 §5.14.3)."""

from __future__ import annotations

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.crypto.certificates import Certificate
from harness.crypto.errors import CertificateError
from harness.roles.eim import relaying
from harness.roles.eim.context import Context, Outcome
from harness.roles.eim.relaying import UNDEFINED_ERROR, Refused, Step
from harness.roles.eim.state import DownloadSession, EimState

EID_MISMATCH, INVALID_TRANSACTION_ID = 7, 10

STEP = Step(
    "authenticateClient",
    0xBF3B,
    0x82,
    INVALID_TRANSACTION_ID,
    {
        "8.1.2/6.1": 1,
        "8.1.2/6.3": 2,
        "8.1.3/6.1": 3,
        "8.1.3/6.3": 4,
        "8.1/6.1": 5,
        "8.2.6/3.8": 6,
        "8.1.1/3.8": EID_MISMATCH,
        "8.2.5/4.3": 8,
        "8.11.1/3.9": 9,
        "8.10.1/3.9": INVALID_TRANSACTION_ID,
        "8.1/4.8": 11,
    },
)
_OK, _COMPACT = 0xA0, 0xA2


def answer(state: EimState, message: Tlv, now: float, context: Context) -> Outcome:
    """Answers an AuthenticateClientRequestEsipa. Raises DecodeError."""
    response = message.get(0xBF38)
    try:
        if response.find(_COMPACT) is not None:
            raise Refused(UNDEFINED_ERROR, "a compact response from an IPA that was not told of any")
        session = relaying.session_of(state, message, _signed_transaction(response), STEP, context)
        expected = relaying.eid_of_session(state, session)
        if not context.rules["euicc-is-expected"](expected, _eid(response)):
            raise Refused(EID_MISMATCH, "another eUICC than the one that the download is for")
        request = relaying.continuing(session, authenticateServerResponse=response.raw)
        from_smdp = relaying.ask(STEP, session.smdp_address, request, context)
        metadata = relaying.received(from_smdp, "profileMetadata", 0xBF25)
        signed = relaying.received(from_smdp, "smdpSigned2", 0x30)
        signature = relaying.received(from_smdp, "smdpSignature2", 0x5F37)
        certificate = relaying.received(from_smdp, "smdpCertificate", 0x30)
        relaying.same_transaction(session.transaction_id, from_smdp, _transaction(signed))
        parts = [tlv.build(0x80, session.transaction_id), metadata.raw, signed.raw, signature.raw, certificate.raw]
        parts += _confirmation(state, session, context)
        reply = relaying.ok(STEP, *parts)
    except Refused as refusal:
        return relaying.refused(state, STEP, refusal, message, now)
    return relaying.relayed(state, STEP, reply, session, expected, now)


def euicc_is_expected(expected: bytes | None, found: str | None) -> bool:
    """Whether the eUICC's certificate is for the EID of the download; where either is not known nobody can tell."""
    return expected is None or found is None or found == expected.hex()


def _eid(response: Tlv) -> str | None:
    """The EID in the certificate of the eUICC, in digits; None for an error, and for what the SM-DP+ is to refuse."""
    ok = response.find(_OK)
    certificates = [] if ok is None else [child for child in ok.children if child.tag == 0x30][1:]
    try:
        return Certificate(certificates[0].raw).serial_number if certificates else None
    except CertificateError:
        return None


def _signed_transaction(response: Tlv) -> bytes | None:
    """The transactionId in what the card signed, or in its error."""
    return _value(response, (0xA0, 0x30, 0x80)) or _value(response, (0xA1, 0x80))


def _value(parent: Tlv, path: tuple[int, ...]) -> bytes | None:
    found = parent.find(*path)
    return None if found is None else found.value


def _transaction(signed: Tlv) -> bytes:
    try:
        return signed.get(0x80).value
    except DecodeError as fault:
        raise Refused(UNDEFINED_ERROR, f"smdpSigned2: {fault}") from fault


def _confirmation(state: EimState, session: DownloadSession, context: Context) -> list[bytes]:
    """hashCc, where the operator gave a confirmation code with the order."""
    operation = relaying.operation_of(state, session.transaction_id)
    order = None if operation is None else operation.order
    if order is None or order.confirmation_code is None:
        return []
    return [tlv.build(0x04, context.rules["confirmation-code-hash"](order.confirmation_code, session.transaction_id))]
