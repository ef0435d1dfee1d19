"""ESipa.GetBoundProfilePackage: the profile, bound to this card (SGP.32 v1.2 §5.14.2)."""

from __future__ import annotations

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.roles.eim import relaying
from harness.roles.eim.context import Context, Outcome
from harness.roles.eim.relaying import UNDEFINED_ERROR, Refused, Step
from harness.roles.eim.state import EimState

INVALID_TRANSACTION_ID = 95

STEP = Step(
    "getBoundProfilePackage",
    0xBF3A,
    0x81,
    INVALID_TRANSACTION_ID,
    {
        "8.1/6.1": 1,
        "8.2.7/2.2": 2,
        "8.2.7/3.8": 3,
        "8.2.7/6.4": 4,
        "8.2/3.7": 5,
        "8.8.5/4.10": 6,
        "8.10.1/3.9": INVALID_TRANSACTION_ID,
    },
)
_COMPACT = 0xA2


def answer(state: EimState, message: Tlv, now: float, context: Context) -> Outcome:
    """Answers a GetBoundProfilePackageRequestEsipa. Raises DecodeError."""
    response = message.get(0xBF21)
    try:
        if response.find(_COMPACT) is not None:
            raise Refused(UNDEFINED_ERROR, "a compact response from an IPA that was not told of any")
        signed = response.find(0xA0, 0x30, 0x80) or response.find(0xA1, 0x80)
        session = relaying.session_of(state, message, None if signed is None else signed.value, STEP, context)
        request = relaying.continuing(session, prepareDownloadResponse=response.raw)
        from_smdp = relaying.ask(STEP, session.smdp_address, request, context)
        package = relaying.received(from_smdp, "boundProfilePackage", 0xBF36)
        relaying.same_transaction(session.transaction_id, from_smdp)
        reply = relaying.ok(STEP, tlv.build(0x80, session.transaction_id), package.raw)
    except Refused as refusal:
        return relaying.refused(state, STEP, refusal, message, now)
    return relaying.relayed(state, STEP, reply, session, relaying.eid_of_session(state, session), now)
