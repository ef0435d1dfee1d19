"""A simulated eUICC for IoT devices (SGP.32 v1.2 over SGP.22 v2.5), as far as its interface shows.

Rules of this room:
- Command APDU in, response APDU out; no clock, no files but its memory, no randomness but what is given.
- What the card keeps is one frozen value, replaced as a whole. What a reset ends is in the session.
- Every decision that a case can judge is a named rule; CONFORMING is the table of them all.
- It imports codec and crypto, and no role: what it faces is written apart from it.
"""

from __future__ import annotations

from harness.simulators.euicc.card import SimulatedEuicc
from harness.simulators.euicc.config import AuthorisationRule, CardConfig
from harness.simulators.euicc.conforming import CONFORMING
from harness.simulators.euicc.memory import FileMemory, Memory, VolatileMemory

__all__ = [
    "CONFORMING",
    "AuthorisationRule",
    "CardConfig",
    "FileMemory",
    "Memory",
    "SimulatedEuicc",
    "VolatileMemory",
]
