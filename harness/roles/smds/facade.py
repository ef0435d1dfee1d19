"""The SM-DS as its users know it: answer ES11 and ES12, show what is registered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from harness.codec import CodecError
from harness.crypto.entropy import Entropy
from harness.roles.rsp_server import asn1_envelope
from harness.roles.rsp_server import json_envelope as envelope
from harness.roles.rsp_server.json_envelope import HttpReply
from harness.roles.smds import asn1_binding, json_binding, messages
from harness.roles.smds.authenticate_client import authenticate_client
from harness.roles.smds.context import Context, Outcome
from harness.roles.smds.events import delete_event, register_event
from harness.roles.smds.identity import SmdsIdentity
from harness.roles.smds.initiate_authentication import initiate_authentication
from harness.roles.smds.messages import Answer, Request
from harness.roles.smds.rules import CONFORMING
from harness.roles.smds.state import EventRecord, SmdsState
from harness.roles.smds.status import Malformed, Refusal, Status, StatusCode
from harness.rules import Rules

_HANDLERS: Mapping[type[Any], Callable[[SmdsState, Any, Context], Outcome]] = {
    messages.InitiateAuthentication: initiate_authentication,
    messages.AuthenticateClient: authenticate_client,
    messages.RegisterEvent: register_event,
    messages.DeleteEvent: delete_event,
}


class Smds:
    """One SM-DS. Safe to use from several threads: one call at a time touches its state."""

    def __init__(self, identity: SmdsIdentity, entropy: Entropy, rules: Rules = CONFORMING) -> None:
        self.identity = identity
        self._entropy = entropy
        self._rules = rules
        self._state = SmdsState()
        self._turn = threading.RLock()

    @property
    def state(self) -> SmdsState:
        """All it remembers, as one value."""
        return self._state

    @property
    def events(self) -> tuple[EventRecord, ...]:
        """What is registered now, the oldest first."""
        return self._state.events

    def call(self, request: Request, now: datetime) -> Answer | StatusCode:
        """One function: its answer, or why it was refused.

        Raises Malformed or CodecError for a request that cannot be read; then nothing changed.
        """
        with self._turn:
            context = Context(self.identity, self._entropy, self._rules, now)
            try:
                outcome = _HANDLERS[type(request)](self._state, request, context)
            except Refusal as refusal:
                if isinstance(request, messages.AuthenticateClient) and refusal.status != Status.UNKNOWN_TRANSACTION:
                    self._state = self._state.without_session(request.transaction_id)
                return refusal.status
            self._state = outcome.state
            return outcome.answer

    def handle(self, path: str, body: bytes, now: datetime) -> HttpReply:
        """One HTTP POST, of either binding. Raises nothing, whatever the body: anybody may send anything."""
        reply = self._handled(path, body, now)
        return replace(reply, headers=self._rules["response-headers"](reply.headers))

    def _handled(self, path: str, body: bytes, now: datetime) -> HttpReply:
        try:
            if path == asn1_envelope.PATH:
                request = asn1_binding.read(body)
                return asn1_envelope.reply(asn1_binding.write(request, self.call(request, now)))
            if path not in json_binding.PATHS:
                return envelope.nothing(404)
            answer = self.call(json_binding.read(path, body), now)
        except (Malformed, CodecError):
            return envelope.nothing(400)
        return envelope.failed(answer) if isinstance(answer, StatusCode) else json_binding.write(answer)
