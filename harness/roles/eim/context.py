"""What a handler may look at beside the state, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from harness.roles.eim.events import Event
from harness.roles.eim.identity import EimIdentity
from harness.roles.eim.ports import HttpPort
from harness.roles.eim.state import Device, EimState
from harness.roles.eim.versions import DEFAULT, ESIPA, EsipaForms
from harness.rules import Rules


class Trouble(StrEnum):
    """Why a message got no ESipa answer. The binding chooses its own status for each."""

    NONE = ""
    MALFORMED = "malformed"
    """No ESipa message can answer it."""
    NOT_FORWARDED = "not-forwarded"
    """A notification did not reach its receiver, so the device must keep it."""


@dataclass(frozen=True, slots=True)
class Context:
    """What stays the same from message to message."""

    identity: EimIdentity
    rules: Rules
    new_transaction: Callable[[], bytes]
    """Makes an eimTransactionId that was never used before."""
    http: HttpPort | None = None
    """The way to SM-DP+s; without one, indirect downloads and forwarding fail with the protocol's errors."""
    trusted_ci: tuple[bytes, ...] = ()
    """CI certificates (DER); none known means that chains are taken as they come."""
    allowed_policy_rules: frozenset[int] = frozenset({1, 2})
    """Profile policy rules (1 for PPR1, 2 for PPR2) that a profile may have whose metadata this eIM verifies for the IPA."""
    spoken: str | None = None
    """The version that a message itself is in where its binding decides that; None: that of the device's IPA."""
    callers: tuple[bytes, ...] = ()
    """The EIDs that polled on the connection of a message, where the binding knows: v1.0.1 has no other name in results."""

    def forms_of(self, device: Device | None) -> EsipaForms:
        """How a device writes what a message carries; as in v1.2 where the device is not known."""
        return ESIPA[DEFAULT if device is None else device.esipa_version]

    def message_forms(self, device: Device | None) -> EsipaForms:
        """How the messages themselves are written with a device."""
        return self.forms_of(device) if self.spoken is None else ESIPA[self.spoken]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What handling one message led to."""

    state: EimState
    reply: bytes = b""
    """The ESipa message to answer with; empty where the function has no answer (HandleNotification) or there is trouble."""
    events: tuple[Event, ...] = field(default=())
    trouble: Trouble = Trouble.NONE
