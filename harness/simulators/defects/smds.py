"""Defects of an SM-DS: its own proof, whom it believes, and what it makes of events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.roles.smds.identity import Credentials, SmdsIdentity
from harness.roles.smds.state import EventRecord, Session, SmdsState
from harness.roles.smds.status import Refusal
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, around, with_rule

_SECRET = bytes(31) + b"\x07"


def _not_ours(identity: SmdsIdentity, verifying: Sequence[bytes], proving: Credentials) -> Credentials:
    return next((other for other in identity.credentials if other != proving), proving)


def _other_challenge(
    inner: Callable[[Session, SmdsIdentity], bytes], session: Session, identity: SmdsIdentity
) -> bytes:
    return inner(replace(session, euicc_challenge=bytes(16)), identity)


def _other_key(credentials: Credentials, signed: bytes) -> bytes:
    return ecdsa.sign(ecdsa.private_key(credentials.curve, _SECRET), signed)


def _unchecked_chain(ci: bytes, eum: bytes, euicc: bytes, now: datetime) -> Certificate:
    return Certificate(euicc)


def _of_everybody(state: SmdsState, eid: bytes, event_id: str) -> tuple[EventRecord, ...]:
    return state.events


def _all_of_the_euicc(state: SmdsState, eid: bytes, event_id: str) -> tuple[EventRecord, ...]:
    return tuple(event for event in state.events if event.eid == eid)


def _nothing_for_unknown(
    inner: Callable[[SmdsState, bytes, str], tuple[EventRecord, ...]], state: SmdsState, eid: bytes, event_id: str
) -> tuple[EventRecord, ...]:
    try:
        return inner(state, eid, event_id)
    except Refusal:
        return ()


def _in_front(events: tuple[EventRecord, ...], event: EventRecord) -> tuple[EventRecord, ...]:
    return (event, *events)


def _one_for_each_euicc(events: tuple[EventRecord, ...], event: EventRecord) -> tuple[EventRecord, ...]:
    return (*(other for other in events if other.eid != event.eid), event)


def _of_any_euicc(state: SmdsState, eid: bytes, event_id: str) -> EventRecord | None:
    return next((event for event in state.events if event.event_id == event_id), None)


def _kept(events: tuple[EventRecord, ...], event: EventRecord) -> tuple[EventRecord, ...]:
    return events


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "answers-for-any-address",
        "smds",
        "The address in InitiateAuthentication is not looked at.",
        answering("address-is-ours", True),
    ),
    Defect(
        "takes-any-euicc-version",
        "smds",
        "An eUICC of a specification version that is not supported gets a session.",
        answering("version-is-supported", True),
    ),
    Defect(
        "shows-a-certificate-the-euicc-cannot-verify",
        "smds",
        "The DSauth certificate is under a CI that the eUICC does not have.",
        with_rule("credentials-for-the-euicc", _not_ours),
    ),
    Defect(
        "signs-another-challenge",
        "smds",
        "serverSigned1 does not hold the eUICC's challenge.",
        around("server-signed1", _other_challenge),
    ),
    Defect(
        "signs-server-signed1-with-another-key",
        "smds",
        "serverSignature1 is not by the DSauth key.",
        with_rule("server-signature1", _other_key),
    ),
    Defect(
        "omits-response-headers",
        "smds",
        "Answers carry neither Content-Type nor X-Admin-Protocol.",
        answering("response-headers", ()),
    ),
    Defect(
        "accepts-any-euicc-certificate",
        "smds",
        "The chain above the eUICC is not verified, so that anybody learns the events of any EID.",
        with_rule("euicc-chain", _unchecked_chain),
    ),
    Defect(
        "accepts-bad-euicc-signature1",
        "smds",
        "euiccSignature1 is not verified.",
        answering("euicc-signature1", True),
    ),
    Defect(
        "ignores-server-challenge",
        "smds",
        "What the eUICC signed for an earlier session is accepted again.",
        answering("server-challenge", True),
    ),
    Defect(
        "shows-events-of-other-euiccs",
        "smds",
        "Whoever asks is told of all events.",
        with_rule("events-for", _of_everybody),
    ),
    Defect(
        "ignores-the-event-asked-for",
        "smds",
        "An eUICC that asks for one event is told of all of its own.",
        with_rule("events-for", _all_of_the_euicc),
    ),
    Defect(
        "hides-that-an-event-is-unknown",
        "smds",
        "An unknown event is answered with an empty list.",
        around("events-for", _nothing_for_unknown),
    ),
    Defect(
        "tells-newest-event-first",
        "smds",
        "Events are not told in the order in which they were registered.",
        with_rule("with-event", _in_front),
    ),
    Defect(
        "keeps-one-event-for-each-euicc",
        "smds",
        "A further event replaces the one before.",
        with_rule("with-event", _one_for_each_euicc),
    ),
    Defect(
        "registers-an-event-twice",
        "smds",
        "An event of a known name is taken once more.",
        answering("event-is-new", True),
    ),
    Defect(
        "deletes-events-of-other-euiccs",
        "smds",
        "DeleteEvent goes by the event's name alone.",
        with_rule("event-to-delete", _of_any_euicc),
    ),
    Defect(
        "keeps-deleted-events",
        "smds",
        "A deleted event is told of again.",
        with_rule("without-event", _kept),
    ),
)
