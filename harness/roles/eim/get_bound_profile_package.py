"""ESipa.GetBoundProfilePackage: the profile, bound to this card (SGP.32 v1.2 §5.14.2)."""

from __future__ import annotations

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.roles.eim import compact, relaying
from harness.roles.eim.compact import CannotRebuild
from harness.roles.eim.context import Context, Outcome
from harness.roles.eim.relaying import UNDEFINED_ERROR, Refused, Step
from harness.roles.eim.state import EimState

EUICC_SIGNATURE_INVALID, METADATA_MISMATCH, INVALID_TRANSACTION_ID = 1, 50, 95

STEP = Step(
    "getBoundProfilePackage",
    0xBF3A,
    0x81,
    INVALID_TRANSACTION_ID,
    {
        "8.1/6.1": EUICC_SIGNATURE_INVALID,
        "8.2.7/2.2": 2,
        "8.2.7/3.8": 3,
        "8.2.7/6.4": 4,
        "8.2/3.7": 5,
        "8.8.5/4.10": 6,
        "8.10.1/3.9": INVALID_TRANSACTION_ID,
    },
)
_MAC = 8
"""Octets of the MAC at the end of each segment."""


def answer(state: EimState, message: Tlv, now: float, context: Context) -> Outcome:
    """Answers a GetBoundProfilePackageRequestEsipa. Raises DecodeError."""
    response = message.get(0xBF21)
    try:
        signed = response.find(0xA0, 0x30, 0x80) or response.find(0xA1, 0x80)
        session = relaying.session_of(state, message, None if signed is None else signed.value, STEP, context)
        octets = response.raw
        if response.find(compact.COMPACT) is not None:
            octets = compact.prepare_response(response, relaying.known_of(state, session))
        request = relaying.continuing(session, prepareDownloadResponse=octets)
        from_smdp = relaying.ask(STEP, session.smdp_address, request, context)
        package = relaying.received(from_smdp, "boundProfilePackage", 0xBF36)
        relaying.same_transaction(session.transaction_id, from_smdp)
        if not context.rules["metadata-matches"](session.metadata, bound_metadata(package)):
            raise Refused(METADATA_MISMATCH, "the package has other metadata than the SM-DP+ told before")
        reply = relaying.ok(STEP, tlv.build(0x80, session.transaction_id), package.raw)
    except CannotRebuild as fault:
        refusal = Refused(EUICC_SIGNATURE_INVALID, f"the compact form: {fault}")
        return relaying.refused(state, STEP, refusal, message, now)
    except Refused as refusal:
        return relaying.refused(state, STEP, refusal, message, now)
    return relaying.relayed(state, STEP, reply, session, relaying.eid_of_session(state, session), now)


def bound_metadata(package: Tlv) -> bytes:
    """The profile metadata in a bound profile package, whose segments carry a MAC and are not enciphered; may be empty."""
    try:
        segments = package.get(0xA1).children
    except DecodeError as fault:
        raise Refused(UNDEFINED_ERROR, f"boundProfilePackage: {fault}") from fault
    return b"".join(segment.value[:-_MAC] for segment in segments)


def metadata_matches(told: bytes, bound: bytes) -> bool:
    """Whether the profile is the one whose metadata was told before, field by field; where either is not known it may be."""
    if not told or not bound:
        return True
    try:
        before, after = (sorted(child.raw for child in tlv.parse(octets).children) for octets in (told, bound))
    except DecodeError:
        return False
    return before == after
