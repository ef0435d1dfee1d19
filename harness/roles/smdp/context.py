"""What every ES9+ function is given beside state and request, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from harness.crypto.entropy import Entropy
from harness.roles.smdp.events import Event
from harness.roles.smdp.identity import SmdpIdentity
from harness.roles.smdp.state import SmdpState
from harness.roles.smdp.status import StatusCode
from harness.rules import Rules

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of one call."""

    identity: SmdpIdentity
    entropy: Entropy
    """Only its children are drawn from, so that one call never shifts what another draws."""
    rules: Rules
    now: datetime


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Answer]):
    """What a function came to: the next state, an answer or a refusal, and what is to be told."""

    state: SmdpState
    answer: Answer | StatusCode
    events: tuple[Event, ...] = ()
