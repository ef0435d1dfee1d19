"""ESipa.InitiateAuthentication: an indirect download begins (SGP.32 v1.2 §5.14.1, §3.2.3.2).

Rules of this room:
- Which SM-DP+ is asked comes from the operator's order; an IPA that names another one is refused, and so is an SM-DP+
  that signs for another address than it was asked at (smdpAddressMismatch), or has another OID than ordered.
- What the SM-DP+ signed reaches the card as the octets it sent.
"""

from __future__ import annotations

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.crypto.certificates import Certificate
from harness.errors import HarnessError
from harness.roles.eim import es9plus, reading, relaying
from harness.roles.eim.context import Context, Outcome
from harness.roles.eim.finding_devices import awaiting
from harness.roles.eim.relaying import UNDEFINED_ERROR, Refused, Step
from harness.roles.eim.state import DOWNLOAD, Device, DownloadSession, EimState, Operation

INVALID_DP_ADDRESS, SMDP_ADDRESS_MISMATCH, SMDP_OID_MISMATCH, INVALID_EIM_TRANSACTION_ID = 1, 50, 51, 52

STEP = Step(
    "initiateAuthentication",
    0xBF39,
    0x81,
    INVALID_EIM_TRANSACTION_ID,
    {
        "8.8.1/3.8": INVALID_DP_ADDRESS,
        "8.8.3/3.1": 2,
        "8.8.2/3.1": 3,
        "8.8.4/3.7": 3,
        "8.9.1/3.8": INVALID_DP_ADDRESS,
        "8.9.3/3.1": 2,
        "8.9.2/3.1": 3,
        "8.9.4/3.7": 3,
    },
)


def answer(state: EimState, message: Tlv, now: float, context: Context) -> Outcome:
    """Answers an InitiateAuthenticationRequestEsipa. Raises DecodeError."""
    try:
        return _answer(state, message, now, context)
    except Refused as refusal:
        return relaying.refused(state, STEP, refusal, message, now)


def _answer(state: EimState, message: Tlv, now: float, context: Context) -> Outcome:
    challenge = message.get(0x81).value
    operation = _operation(state, message, context)
    device = None if operation is None else state.devices.get(operation.eid)
    address, is_smds = _address(operation, device, message.find(0x83), context)
    info1 = _euicc_info1(message, device)
    request = {
        "smdpAddress": address,
        "euiccChallenge": es9plus.base64_text(challenge),
        "euiccInfo1": es9plus.base64_text(info1),
    }
    from_smdp = relaying.ask(STEP, address, request, context)
    signed = relaying.received(from_smdp, "serverSigned1", 0x30)
    signature = relaying.received(from_smdp, "serverSignature1", 0x5F37)
    ci_key_id = relaying.received(from_smdp, "euiccCiPKIdToBeUsed", 0x04)
    certificate = relaying.received(from_smdp, "serverCertificate", 0x30)
    transaction = _checked(signed, challenge, address, context)
    relaying.same_transaction(transaction, from_smdp)
    oid = _checked_oid(operation, certificate.raw, context)
    ctx_params1 = _ctx_params1(operation, device)
    session = DownloadSession(
        transaction,
        address,
        None if operation is None else operation.transaction_id,
        is_smds=is_smds,
        eid=None if device is None else device.eid,
        server_signed1=signed.raw,
        server_oid=oid,
        ctx_params1=ctx_params1,
    )
    parts = [tlv.build(0x80, transaction), signed.raw, signature.raw, ci_key_id.raw, certificate.raw]
    parts += [tlv.build(0xA2, ctx_params1)] if ctx_params1 else _matching(operation, message)
    reply = relaying.ok(STEP, *parts)
    return relaying.relayed(
        state.with_session(session), STEP, reply, session, None if device is None else device.eid, now
    )


def eim_transaction_is_known(operation: Operation | None) -> bool:
    """Whether an eimTransactionId names a download that is open."""
    return operation is not None and operation.kind == DOWNLOAD and operation.is_open


def _operation(state: EimState, message: Tlv, context: Context) -> Operation | None:
    """The operation that the IPA works on; None where it began a download by itself, or nobody can tell yet which it is."""
    transaction = reading.octets(message, 0x82)
    if transaction is None:
        return _unnamed(state, message.find(0x83), context.callers)
    operation = state.operations.get(transaction)
    if not context.rules["eim-transaction-is-known"](operation):
        raise Refused(INVALID_EIM_TRANSACTION_ID, "no download that is open has this eimTransactionId")
    return operation


def _unnamed(state: EimState, address: Tlv | None, callers: tuple[bytes, ...]) -> Operation | None:
    """The download that an IPA means which names none, as every one of v1.0.1."""
    waiting = awaiting(state, DOWNLOAD)
    if any(caller in state.devices for caller in callers):
        waiting = [one for one in waiting if one.eid in callers]
    if len(waiting) > 1 and address is not None:
        named = reading.text(address)
        waiting = [one for one in waiting if one.order is not None and _is_server(one.order.smdp_address, named)]
    return waiting[0] if len(waiting) == 1 else None


def _is_server(ordered: str | None, named: str) -> bool:
    return ordered is not None and smdp_address_matches(ordered, named)


def _address(
    operation: Operation | None, device: Device | None, field: Tlv | None, context: Context
) -> tuple[str, bool]:
    """The server to ask, and whether it is an SM-DS."""
    named = None if field is None else reading.text(field)
    order = None if operation is None else operation.order
    ordered = None if order is None else order.smdp_address or order.smds_address
    is_smds = order is not None and order.contacts_smds
    if ordered is None and named is None and device is not None and device.data is not None:
        ordered = device.data.fields.get("rootSmdsAddress" if is_smds else "defaultSmdpAddress")
    if named and ordered and not context.rules["smdp-address-matches"](ordered, named):
        raise Refused(SMDP_ADDRESS_MISMATCH, f"the IPA names {named}, the order {ordered}")
    address = ordered or named
    if not address:
        raise Refused(INVALID_DP_ADDRESS, "neither the IPA nor the order names an RSP server")
    return address, is_smds


def _euicc_info1(message: Tlv, device: Device | None) -> bytes:
    """euiccInfo1 as received now, or as the IPA told it before."""
    field = message.find(0xBF20)
    if field is not None:
        return field.raw
    if device is None or device.data is None or device.data.euicc_info1 is None:
        raise Refused(UNDEFINED_ERROR, "the IPA sends no euiccInfo1, and none is known")
    return device.data.euicc_info1


def _checked(signed: Tlv, challenge: bytes, address: str, context: Context) -> bytes:
    """The transactionId of a serverSigned1 that fits what was asked."""
    try:
        server_address = reading.text(signed.get(0x83))
        transaction, signed_challenge = signed.get(0x80).value, signed.get(0x81).value
    except DecodeError as fault:
        raise Refused(UNDEFINED_ERROR, f"serverSigned1: {fault}") from fault
    if not context.rules["smdp-address-matches"](address, server_address):
        raise Refused(SMDP_ADDRESS_MISMATCH, f"{address} signs for {server_address}")
    if signed_challenge != challenge:
        raise Refused(UNDEFINED_ERROR, "the SM-DP+ signed another euiccChallenge")
    return transaction


def _checked_oid(operation: Operation | None, certificate: bytes, context: Context) -> str:
    """The OID of the server, which must be the ordered one where one is ordered; empty where the certificate has none."""
    ordered = None if operation is None or operation.order is None else operation.order.smdp_oid
    try:
        oid = Certificate(certificate).rid_oid
    except HarnessError as fault:
        raise Refused(UNDEFINED_ERROR, f"serverCertificate cannot be read: {fault}") from fault
    if ordered is not None and not context.rules["smdp-oid-matches"](ordered, oid):
        raise Refused(SMDP_OID_MISMATCH, f"the SM-DP+ is {oid}, the order names {ordered}")
    return oid or ""


def smdp_oid_matches(ordered: str, found: str | None) -> bool:
    """Whether an SM-DP+ is the only one that may serve."""
    return ordered == found


def _ctx_params1(operation: Operation | None, device: Device | None) -> bytes:
    """CtxParams1 where the IPA leaves making it to the eIM, and the device has told what goes in; else nothing."""
    data = None if device is None else device.data
    if data is None or "eimCtxParams1Generation" not in data.features or data.device_info is None:
        return b""
    order = None if operation is None else operation.order
    matching = b"" if order is None or order.matching_id is None else tlv.build(0x80, order.matching_id.encode())
    return tlv.build(0xA0, matching, tlv.build(0xA1, data.device_info))


def _matching(operation: Operation | None, message: Tlv) -> list[bytes]:
    """The matchingId. An IPA that named the SM-DP+ has read the activation code itself and knows it."""
    order = None if operation is None else operation.order
    if order is None or order.matching_id is None or message.find(0x83) is not None:
        return []
    return [tlv.build(0x0C, order.matching_id.encode())]


def smdp_address_matches(asked: str, found: str) -> bool:
    """Whether two server addresses are the same; host names have no case."""
    return asked.lower() == found.lower()
