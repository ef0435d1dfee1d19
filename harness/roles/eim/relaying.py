"""What the functions of an indirect download have in common: a session, the SM-DP+ behind it, and its refusals.

Rules of this room:
- A session is found by the SM-DP+'s transactionId, and what the card signed inside must name the same one.
- A refusal of the SM-DP+ becomes the ESipa error of the same meaning; what has none becomes undefinedError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.roles.eim import es9plus, reading
from harness.roles.eim.compact import Known
from harness.roles.eim.context import Context, Outcome
from harness.roles.eim.es9plus import Answer, Refusal, SmdpFault
from harness.roles.eim.events import DownloadRelayed
from harness.roles.eim.state import DownloadSession, EimState, Operation

UNDEFINED_ERROR = 127


@dataclass(frozen=True, slots=True)
class Step:
    """One relayed function: its name in ES9+, the tags of its ESipa answer, and the errors it knows."""

    function: str
    tag: int
    error_tag: int
    invalid_transaction: int
    errors: Mapping[str, int]
    """SGP.22 subject/reason codes to ESipa errors."""


class Refused(Exception):
    """The IPA gets this error. Caught in this room's `relayed`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def session_of(
    state: EimState, message: Tlv, signed_transaction: bytes | None, step: Step, context: Context
) -> DownloadSession:
    """The session that a message continues. Raises Refused with the function's own error."""
    transaction = reading.octets(message, 0x80)
    session = state.sessions.get(transaction) if transaction is not None else None
    if session is None:
        raise Refused(step.invalid_transaction, "no session has this transactionId")
    if not context.rules["transaction-continues"](session.transaction_id, signed_transaction):
        raise Refused(step.invalid_transaction, "the card answered for another transactionId")
    return session


def transaction_continues(expected: bytes, found: bytes | None) -> bool:
    """Whether a message belongs to the session; one that carries no transactionId itself cannot contradict it."""
    return found is None or found == expected


def known_of(state: EimState, session: DownloadSession) -> Known:
    """What the eIM knows beside a message of this session, for compact forms."""
    eid = eid_of_session(state, session)
    return Known(session, None if eid is None else state.devices.get(eid))


def ask(step: Step, address: str, request: Mapping[str, str], context: Context) -> Answer:
    """The SM-DP+'s answer. Raises Refused for a refusal and for no usable answer."""
    try:
        answer = es9plus.call(context.http, address, step.function, request)
    except SmdpFault as fault:
        raise Refused(UNDEFINED_ERROR, str(fault)) from fault
    if isinstance(answer, Refusal):
        reason = f"the SM-DP+ refuses with {answer.code} {answer.message}".rstrip()
        raise Refused(context.rules["eim-error"](step.errors.get(answer.code, UNDEFINED_ERROR)), reason)
    return answer


def unchanged_code(code: int) -> int:
    """The ESipa error that an IPA is told for a refusal of the RSP server."""
    return code


def continuing(session: DownloadSession, **fields: bytes) -> dict[str, str]:
    """The JSON request that continues a session."""
    encoded = {name: es9plus.base64_text(octets) for name, octets in fields.items()}
    return {"transactionId": session.transaction_id.hex().upper(), **encoded}


def ok(step: Step, *parts: bytes) -> bytes:
    """The successful answer."""
    return tlv.build(step.tag, tlv.build(0xA0, *parts))


def relayed(
    state: EimState, step: Step, reply: bytes, session: DownloadSession, eid: bytes | None, now: float
) -> Outcome:
    """A step that went well."""
    return Outcome(state, reply, (DownloadRelayed(now, eid, step.function, session.transaction_id, None),))


def refused(state: EimState, step: Step, refusal: Refused, message: Tlv, now: float) -> Outcome:
    """A step that did not; the operation keeps the error for its operator."""
    transaction = reading.octets(message, 0x80)
    operation = operation_of(state, transaction)
    if operation is not None and operation.is_open:
        state = state.with_operation(replace(operation, error_code=refusal.code))
    event = DownloadRelayed(
        now, None if operation is None else operation.eid, step.function, transaction, refusal.code, refusal.reason
    )
    return Outcome(state, tlv.build(step.tag, tlv.integer(step.error_tag, refusal.code)), (event,))


def operation_of(state: EimState, transaction: bytes | None) -> Operation | None:
    """The operation that a session serves, or None."""
    session = state.sessions.get(transaction) if transaction is not None else None
    return None if session is None or session.operation is None else state.operations.get(session.operation)


def eid_of_session(state: EimState, session: DownloadSession) -> bytes | None:
    """The EID of the device that downloads, where it is known."""
    operation = operation_of(state, session.transaction_id)
    return session.eid if operation is None else operation.eid


def parsed(octets: bytes, tag: int, what: str) -> Tlv:
    """A TLV that the SM-DP+ sent. Raises Refused where it is not one of this tag."""
    try:
        found = tlv.parse(octets)
    except DecodeError as fault:
        raise Refused(UNDEFINED_ERROR, f"the SM-DP+'s {what} is no DER: {fault}") from fault
    if found.tag != tag:
        raise Refused(UNDEFINED_ERROR, f"the SM-DP+'s {what} carries the tag {found.tag:X}")
    return found


def received(answer: Answer, name: str, tag: int) -> Tlv:
    """A field of the SM-DP+'s answer as TLV. Raises Refused."""
    try:
        return parsed(answer.octets(name), tag, name)
    except SmdpFault as fault:
        raise Refused(UNDEFINED_ERROR, str(fault)) from fault


def same_transaction(expected: bytes, answer: Answer, *signed: bytes | None) -> None:
    """Checks that the SM-DP+ stays in the session, in its JSON and in what it signed. Raises Refused."""
    found = [octets for octets in signed if octets is not None]
    if "transactionId" in answer.fields:
        try:
            found.append(answer.transaction_id())
        except SmdpFault as fault:
            raise Refused(UNDEFINED_ERROR, str(fault)) from fault
    if any(octets != expected for octets in found):
        raise Refused(UNDEFINED_ERROR, "the SM-DP+ changed the transactionId")
