"""What a simulated card is made like beside its version and features: room, limits and habits, as a lab file says them.

With these a lab imitates the card that it has:

    device: {simulated: {refresh: profile-state-change, channels: 1, results: 4, memory: 65536}}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.nodes import Value

NUMBERS: Mapping[str, tuple[str, int, int]] = {
    "memory": ("memory_size", 0x4000, 0x800000),
    "eims": ("max_eims", 1, 255),
    "results": ("max_results", 1, 255),
    "channels": ("channels", 1, 20),
    "counter": ("max_counter", 0x7FFFFF, 0x7FFFFFFF),
}
"""By its word: the field of CardConfig, and its bounds. Octets for profiles; how many eIMs, unacknowledged results and
logical channels there is room for; the highest counterValue, which no card may set below the one of the standard."""

WORDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "after_enable": ("after_enable", ("refresh", "reset")),
    "refresh": ("refresh", ("uicc-reset", "profile-state-change")),
}
"""What the card does after a profile is enabled: offers a REFRESH of this mode, or refuses ES10 until a reset."""

FLAGS: Mapping[str, str] = {
    "latches_terminal_capability": "latches_terminal_capability",
    "strict_segments": "strict_segments",
}
"""Whether only the first TERMINAL CAPABILITY after a reset counts, and whether long segments are refused."""

NAMES = (*NUMBERS, *WORDS, *FLAGS)

Habits = tuple[tuple[str, Any], ...]
"""Fields of CardConfig with their values."""


def read_habits(options: Mapping[str, Value]) -> Habits:
    """The habits among the options of a simulated device; faults are noted where they stand."""
    found: dict[str, Any] = {}
    for name, (field, least, most) in NUMBERS.items():
        if name in options:
            found[field] = options[name].integer(least, most)
    for name, (field, words) in WORDS.items():
        if name in options:
            found[field] = options[name].choice(*words)
    for name, field in FLAGS.items():
        if name in options:
            found[field] = options[name].boolean()
    return tuple((field, value) for field, value in found.items() if value is not None)
