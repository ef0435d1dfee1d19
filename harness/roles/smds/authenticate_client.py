"""ES11.AuthenticateClient: tell an eUICC that proved itself of its events (SGP.22 v2.5 §5.8.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.codec import decode
from harness.roles.rsp_server.authentication import signed_parts
from harness.roles.smds.context import Context, Outcome
from harness.roles.smds.messages import AuthenticateClient, AuthenticateClientOk
from harness.roles.smds.state import EventRecord, Session, SmdsState
from harness.roles.smds.status import Malformed, Refusal, Status


def authenticate_client(state: SmdsState, request: AuthenticateClient, context: Context) -> Outcome:
    """Authenticates the eUICC. Raises Refusal; Malformed and DecodeError for what cannot be read."""
    rules = context.rules
    kind, answer = decode("AuthenticateServerResponse", request.authenticate_server_response)
    session = state.session(request.transaction_id)
    if kind == "authenticateResponseError":
        raise Refusal(Status.EUICC_UNVERIFIED)
    if kind != "authenticateResponseOk":
        raise Malformed(f"{kind} is a form for ESipa only")
    signed, euicc, eum = signed_parts(request.authenticate_server_response)
    certificate = rules["euicc-chain"](session.ci_certificate, eum, euicc, context.now)
    if not rules["euicc-signature1"](certificate, answer["euiccSignature1"], signed):
        raise Refusal(Status.EUICC_UNVERIFIED)
    if not rules["server-challenge"](session, answer["euiccSigned1"]):
        raise Refusal(Status.EUICC_UNVERIFIED)
    wanted = answer["euiccSigned1"]["ctxParams1"][1].get("matchingId", "")
    events = rules["events-for"](state, certificate.eid, wanted)
    return Outcome(state.without_session(session.transaction_id), AuthenticateClientOk(session.transaction_id, events))


def server_challenge(session: Session, signed: Mapping[str, Any]) -> bool:
    """Whether the eUICC signed for this session and nothing older."""
    return (signed["transactionId"], signed["serverChallenge"]) == (session.transaction_id, session.server_challenge)


def events_for(state: SmdsState, eid: bytes, event_id: str) -> tuple[EventRecord, ...]:
    """The eUICC's events, the oldest first; the one of this name where there is a name. Raises Refusal for an unknown one."""
    if not event_id:
        return tuple(event for event in state.events if event.eid == eid)
    found = state.event(eid, event_id)
    if found is None:
        raise Refusal(Status.UNKNOWN_EVENT)
    return (found,)
