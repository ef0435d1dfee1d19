"""What every function is given beside state and request, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from harness.crypto.entropy import Entropy
from harness.roles.smds.identity import SmdsIdentity
from harness.roles.smds.messages import Answer
from harness.roles.smds.state import SmdsState
from harness.rules import Rules


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of one call."""

    identity: SmdsIdentity
    entropy: Entropy
    """Only its children are drawn from, so that one call never shifts what another draws."""
    rules: Rules
    now: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a function came to."""

    state: SmdsState
    answer: Answer
