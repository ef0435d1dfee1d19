"""The reference eIM, sans-IO: ESipa messages in and out, packages signed, results verified (SGP.32 v1.2).

Rules of this room:
- `esipa.handle` is a function of (state, message, now, context). State is one value, replaced as a whole.
- One file a function of ESipa; what a defect may break is an entry of `rules.CONFORMING`.
- Counters and association tokens are kept before a package leaves.
- Every signature is made and checked over the octets on the wire.
"""

from __future__ import annotations

from harness.roles.eim import commands, events
from harness.roles.eim.context import Context, Outcome, Trouble
from harness.roles.eim.eim import AUTO, Eim
from harness.roles.eim.esipa import handle
from harness.roles.eim.identity import OMITTED, TOKEN_REQUESTED, EimIdentity
from harness.roles.eim.rules import CONFORMING
from harness.roles.eim.state import Association, Device, EimState, Operation
from harness.roles.eim.store import JsonStore, MemoryStore

__all__ = [
    "AUTO",
    "CONFORMING",
    "OMITTED",
    "TOKEN_REQUESTED",
    "Association",
    "Context",
    "Device",
    "Eim",
    "EimIdentity",
    "EimState",
    "JsonStore",
    "MemoryStore",
    "Operation",
    "Outcome",
    "Trouble",
    "commands",
    "events",
    "handle",
]
