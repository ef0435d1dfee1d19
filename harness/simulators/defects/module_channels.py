"""Defects of a module in the channels that it opens for its card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.simulators.defects import Defect
from harness.simulators.defects.changes import around, with_rule
from harness.simulators.module import bip
from harness.simulators.module.bip import Answer, Channels

_LEVEL, _UDP = 0x3C, b"\x01"
_NO_TRANSPORT = b"\x3a\x06"


def _in_words_only(channels: Channels, fields: Mapping[int, bytes]) -> Answer:
    return b"\x00", bytes.fromhex("B8028100B9020400")


def _left_open(channels: Channels, number: int) -> Answer:
    return b"\x00", b""


def _never_udp(inner: Any, channels: Channels, fields: Mapping[int, bytes]) -> Answer:
    answer: Answer = (_NO_TRANSPORT, b"") if fields.get(_LEVEL, b"")[:1] == _UDP else inner(channels, fields)
    return answer


def _seven_claimed() -> bytes:
    return bip.profile({**bip.CLAIMS, 13: 0xE2})


def _first_half(inner: Any, channels: Channels, number: int, octets: bytes) -> Answer:
    answer: Answer = inner(channels, number, octets[: len(octets) // 2 + 1])
    return answer


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "tells-of-channels-that-it-did-not-open",
        "module",
        "OPEN CHANNEL is performed, in words: no connection is made.",
        with_rule("bip-open", _in_words_only),
    ),
    Defect(
        "keeps-channels-that-the-card-closed",
        "module",
        "CLOSE CHANNEL is performed, and the channel stays open.",
        with_rule("bip-close", _left_open),
    ),
    Defect(
        "cuts-what-its-card-sends",
        "module",
        "SEND DATA is performed, and only the first half of the data goes out.",
        around("bip-send", _first_half),
    ),
    Defect(
        "claims-channels-over-udp-that-it-refuses",
        "module",
        "The TERMINAL PROFILE claims UDP, and OPEN CHANNEL over it is refused.",
        around("bip-open", _never_udp),
    ),
    Defect(
        "claims-more-channels-than-it-has",
        "module",
        "The TERMINAL PROFILE claims seven channels where there are two.",
        with_rule("terminal-profile", _seven_claimed),
    ),
)
