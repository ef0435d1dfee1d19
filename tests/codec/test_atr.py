from __future__ import annotations

import pytest

from harness.codec import DecodeError
from harness.codec.atr import parse_atr


def test_a_card_of_the_field_is_read() -> None:
    # ETSI TS 102 221 cards: T=0 with T=15 global octets, so TCK is due.
    atr = parse_atr(bytes.fromhex("3B9F96801FC78031A073BE21136743200718000001A5"))
    assert atr.protocols == (0,)
    assert atr.check_octet == 0xA5
    assert atr.historical == bytes.fromhex("8031A073BE211367432007180000") + b"\x01"


def test_a_card_with_t0_alone_has_no_check_octet() -> None:
    assert parse_atr(bytes.fromhex("3B021450")).check_octet is None


def test_both_protocols_are_told() -> None:
    octets = bytes.fromhex("3B8080 01".replace(" ", ""))
    assert parse_atr(octets + bytes([0x80 ^ 0x80 ^ 0x01])).protocols == (0, 1)


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        ("", "begins with"),
        ("3C00", "begins with"),
        ("3B10", "interface"),
        ("3B02AA", "historical"),
        ("3B02145055", "TCK"),
        ("3B9F96801FC78031A073BE21136743200718000001", "TCK"),
        ("3B9F96801FC78031A073BE21136743200718000001A4", "TCK"),
    ],
)
def test_what_breaks_the_format_is_named(octets: str, said: str) -> None:
    with pytest.raises(DecodeError, match=said):
        parse_atr(bytes.fromhex(octets))
