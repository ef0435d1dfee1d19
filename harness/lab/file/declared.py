"""What the maker of a device declares of it where the standard leaves it open (IXIT): the numbers that cases judge against.

    declares: {polling_interval: 3600, jitter: 60, boot_poll_within: 120}

Rules of this room:
- Only what somebody declared is judged. A case that needs a number which nobody declared is not run, and says which.
- A simulated module declares what it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from harness.nodes import Value

DECLARABLE: Mapping[str, str] = {
    "polling_interval": "seconds from one poll to the next",
    "other_polling_interval": "the same for its second eIM, where that has one of its own",
    "jitter": "by how many seconds an interval may be shorter or longer",
    "boot_poll_within": "seconds from its power-on to its first poll",
    "change_poll_within": "seconds from a change that it made by itself to the poll that tells of it",
    "wake_within": "seconds from a wake-up by SMS to the poll",
    "longest_retry": "the longest pause, in seconds, before an eIM that failed is asked again",
    "fallback_after": "seconds without coverage until it falls back",
    "return_after": "seconds after which it tries the former profile again",
}
"""What can be declared, in words."""
LONGEST = 366 * 86400

Declared = Mapping[str, float]


def read_declared(value: Value) -> Declared:
    """The `declares` of a slot, with faults noted."""
    said = {name: read_seconds(one) for name, one in value.mapping(tuple(DECLARABLE)).items()}
    found = {name: seconds for name, seconds in said.items() if seconds is not None}
    jitter, interval = found.get("jitter"), found.get("polling_interval")
    if jitter is not None and interval is not None and jitter >= interval:
        value.fault(
            "a jitter as long as the interval leaves nothing to judge", "declare how much one interval may vary"
        )
    return found


def read_seconds(value: Value) -> float | None:
    """A number of seconds, which may have decimals; None with a fault noted."""
    word = value.text()
    if word is None:
        return None
    try:
        seconds = Decimal(word)
    except InvalidOperation:
        value.fault(f"{word!r} is no number of seconds")
        return None
    if not seconds.is_finite() or not 0 <= seconds <= LONGEST:
        value.fault(f"{word!r} is not a number of seconds from 0 to {LONGEST}")
        return None
    return float(seconds)


def undeclared(wanted: Iterable[str], declared: Declared) -> str:
    """What nobody declared of these, with what to write; empty where all are there."""
    return "; ".join(
        f"the maker of the device declares no {name}, {DECLARABLE[name]} (write it under `declares` of the slot)"
        for name in wanted
        if name not in declared
    )
