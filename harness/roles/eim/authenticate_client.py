"""ESipa.AuthenticateClient: the card has authenticated the RSP server and proves itself (SGP.32 v1.2 §5.14.3).

Rules of this room:
- An SM-DP+ answers with the profile's metadata; an SM-DS with the events that wait, the first of which becomes what this
  download goes on with (SGP.32 v1.2 §3.9).
- Where the IPA leaves it to the eIM (eimProfileMetadataVerification), policy rules that the operator does not allow end
  the download here.
"""

from __future__ import annotations

from dataclasses import replace

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.crypto.certificates import Certificate
from harness.crypto.eid import is_eid
from harness.crypto.errors import CertificateError
from harness.roles.eim import compact, downloads, relaying
from harness.roles.eim.compact import CannotRebuild
from harness.roles.eim.context import Context, Outcome
from harness.roles.eim.es9plus import Answer
from harness.roles.eim.finding_devices import awaiting
from harness.roles.eim.relaying import UNDEFINED_ERROR, Refused, Step
from harness.roles.eim.state import DOWNLOAD, Device, DownloadSession, EimState, Operation

EUICC_SIGNATURE_INVALID, EID_MISMATCH, INVALID_TRANSACTION_ID = 5, 7, 10
DOWNLOAD_ORDER_EXPIRED, PPR_NOT_ALLOWED, EVENT_ID_UNKNOWN = 18, 50, 56

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
        "8.1/6.1": EUICC_SIGNATURE_INVALID,
        "8.2.6/3.8": 6,
        "8.1.1/3.8": EID_MISMATCH,
        "8.2.5/4.3": 8,
        "8.11.1/3.9": 9,
        "8.10.1/3.9": INVALID_TRANSACTION_ID,
        "8.1/4.8": 11,
        "8.9.5/3.9": EVENT_ID_UNKNOWN,
    },
)
_LATER = {"1.3": replace(STEP, errors={**STEP.errors, "8.8.5/4.10": DOWNLOAD_ORDER_EXPIRED})}
"""What versions after v1.2 can say beside."""
_OK = 0xA0


def answer(state: EimState, message: Tlv, now: float, context: Context) -> Outcome:
    """Answers an AuthenticateClientRequestEsipa. Raises DecodeError."""
    response = message.get(0xBF38)
    try:
        session = relaying.session_of(state, message, _signed_transaction(response), STEP, context)
        known = relaying.known_of(state, session)
        octets = response.raw
        if response.find(compact.COMPACT) is not None:
            octets = context.rules["rebuilt-authentication"](response, known)
        expected = relaying.eid_of_session(state, session)
        if not context.rules["euicc-is-expected"](expected, _eid(tlv.parse(octets))):
            raise Refused(EID_MISMATCH, "another eUICC than the one that the download is for")
        step = STEP if known.device is None else _LATER.get(known.device.esipa_version, STEP)
        request = relaying.continuing(session, authenticateServerResponse=octets)
        answered = relaying.ask(step, session.smdp_address, request, context)
        relaying.same_transaction(session.transaction_id, answered)
        session = _claimed(state, session, _eid(tlv.parse(octets)))
        state = state.with_session(session)
        take = _from_smds if session.is_smds else _from_smdp
        state, reply = take(state, session, answered, known.device, context)
    except CannotRebuild as fault:
        refusal = Refused(EUICC_SIGNATURE_INVALID, f"the compact form: {fault}")
        return relaying.refused(state, STEP, refusal, message, now)
    except Refused as refusal:
        return relaying.refused(state, STEP, refusal, message, now)
    return relaying.relayed(state, STEP, reply, session, expected, now)


def _claimed(state: EimState, session: DownloadSession, eid: str | None) -> DownloadSession:
    """The session with the operation that its eUICC waits for, where no eimTransactionId told it: v1.0.1 has none.

    By now the server has checked that the eUICC is the one that its certificate names.
    """
    if session.operation is not None or session.eid is not None or eid is None or not is_eid(eid):
        return session
    address = session.smdp_address.lower()
    waiting = [
        one
        for one in awaiting(state, DOWNLOAD, bytes.fromhex(eid))
        if one.order is not None and (one.order.smdp_address or address).lower() == address
    ]
    return replace(session, operation=waiting[0].transaction_id) if len(waiting) == 1 else session


def _from_smdp(
    state: EimState, session: DownloadSession, answered: Answer, device: Device | None, context: Context
) -> tuple[EimState, bytes]:
    metadata = relaying.received(answered, "profileMetadata", 0xBF25)
    signed = relaying.received(answered, "smdpSigned2", 0x30)
    signature = relaying.received(answered, "smdpSignature2", 0x5F37)
    certificate = relaying.received(answered, "smdpCertificate", 0x30)
    relaying.same_transaction(session.transaction_id, answered, _transaction(signed))
    features = device.data.features if device is not None and device.data is not None else frozenset()
    if "eimProfileMetadataVerification" in features:
        forbidden = context.rules["forbidden-policy-rules"](metadata, context.allowed_policy_rules)
        if forbidden:
            raise Refused(PPR_NOT_ALLOWED, f"the profile has the policy rules {sorted(forbidden)}")
    hash_cc = _confirmation(state, session, context)
    session = replace(
        session,
        metadata=metadata.raw,
        smdp_signed2=signed.raw,
        smdp_signature2=signature.raw,
        hash_cc=hash_cc,
    )
    parts = [tlv.build(0x80, session.transaction_id), metadata.raw, signed.raw, signature.raw, certificate.raw]
    return state.with_session(session), relaying.ok(STEP, *parts, hash_cc)


def forbidden_policy_rules(metadata: Tlv, allowed: frozenset[int]) -> frozenset[int]:
    """The policy rules of a profile (1 and 2 for PPR1 and PPR2) that its eIM does not allow."""
    field = metadata.find(0x99)
    bits = b"" if field is None else field.value[1:2]
    found = {number for number in (1, 2) if bits and bits[0] & 0x80 >> number}
    return frozenset(found - allowed)


def _from_smds(
    state: EimState, session: DownloadSession, answered: Answer, device: Device | None, context: Context
) -> tuple[EimState, bytes]:
    """The download goes on with the first event; for each further one another download is queued."""
    codes = [f"1${address}${event}" for event, address in context.rules["smds-events"](answered)]
    operation = relaying.operation_of(state, session.transaction_id)
    transaction = None if operation is None else operation.transaction_id
    parts = [tlv.build(0x80, session.transaction_id)]
    if codes:
        order = downloads.ordered(codes[0], False, False, None, True)
        parts.append(downloads.trigger(order, transaction))
        if operation is not None:
            is_told = operation.order is None or operation.order.is_told
            state = state.with_operation(replace(operation, order=replace(order, is_told=is_told)))
    for code in codes[1:]:
        if device is not None:
            order, number = downloads.ordered(code, False, False, None, True), context.new_transaction()
            further = Operation(number, device.eid, DOWNLOAD, message=downloads.trigger(order, number), order=order)
            state = state.queued(further)
    return state, tlv.build(STEP.tag, tlv.build(0xA1, *parts))


def events_of(answered: Answer) -> list[tuple[str, str]]:
    """eventId and rspServerAddress of each event. Raises Refused for what is no list of them."""
    listed = answered.fields.get("eventEntries")
    entries = listed if isinstance(listed, list) else [None]
    found = []
    for entry in entries:
        names = (entry.get("eventId"), entry.get("rspServerAddress")) if isinstance(entry, dict) else (None, None)
        event, address = names
        if not isinstance(event, str) or not isinstance(address, str) or "$" in event + address:
            raise Refused(UNDEFINED_ERROR, "the SM-DS's eventEntries cannot be read")
        found.append((event, address))
    return found


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


def _confirmation(state: EimState, session: DownloadSession, context: Context) -> bytes:
    """hashCc as a TLV, where the operator gave a confirmation code with the order; else nothing."""
    operation = relaying.operation_of(state, session.transaction_id)
    order = None if operation is None else operation.order
    if order is None or order.confirmation_code is None:
        return b""
    return tlv.build(0x04, context.rules["confirmation-code-hash"](order.confirmation_code, session.transaction_id))
