"""ESipa.CancelSession: the card ends a download (SGP.32 v1.2 §5.14.8, §3.2.3.3)."""

from __future__ import annotations

from dataclasses import replace

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.roles.eim import compact, relaying
from harness.roles.eim.compact import CannotRebuild
from harness.roles.eim.context import Context, Outcome
from harness.roles.eim.relaying import Refused, Step
from harness.roles.eim.state import FAILED, EimState

INVALID_TRANSACTION_ID, EUICC_SIGNATURE_INVALID = 1, 2

STEP = Step(
    "cancelSession",
    0xBF41,
    0x81,
    INVALID_TRANSACTION_ID,
    {"8.10.1/3.9": INVALID_TRANSACTION_ID, "8.1/6.1": EUICC_SIGNATURE_INVALID},
)


def answer(state: EimState, message: Tlv, now: float, context: Context) -> Outcome:
    """Answers a CancelSessionRequestEsipa. Raises DecodeError.

    In ESipa the tag A1 replaces that of CancelSessionResponse; towards the SM-DP+ it stands as BF41 again. What the card
    signed lies inside and stays as it is.
    """
    response = message.get(0xA1)
    try:
        signed = response.find(0xA0, 0x30, 0x80)
        session = relaying.session_of(state, message, None if signed is None else signed.value, STEP, context)
        octets = response.value
        if response.find(compact.COMPACT) is not None:
            octets = compact.cancel_response(response, relaying.known_of(state, session))
        cancelled = context.rules["forwarded-cancellation"](tlv.build(0xBF41, octets))
        request = relaying.continuing(session, cancelSessionResponse=cancelled)
        relaying.ask(STEP, session.smdp_address, request, context)
    except CannotRebuild as fault:
        refusal = Refused(EUICC_SIGNATURE_INVALID, f"the compact form: {fault}")
        return relaying.refused(state, STEP, refusal, message, now)
    except Refused as refusal:
        return relaying.refused(state, STEP, refusal, message, now)
    eid = relaying.eid_of_session(state, session)
    operation = relaying.operation_of(state, session.transaction_id)
    if operation is not None and operation.is_open:
        state = state.with_operation(replace(operation, state=FAILED, answer=message.raw))
    return relaying.relayed(state, STEP, relaying.ok(STEP), session, eid, now)
