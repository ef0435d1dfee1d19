"""Digits against values printed in TS 102 221 and on the GSMA test profile."""

from __future__ import annotations

from harness.codec import digits


def test_iccid_as_in_the_header_and_as_in_the_file() -> None:
    assert digits.packed("89000123456789012341", 10).hex() == "89000123456789012341"
    assert digits.swapped("89000123456789012341", 10).hex() == "98001032547698103214"
    assert digits.swapped("894944999999999004", 10).hex() == "989444999999990940ff"
    assert digits.unswapped(bytes.fromhex("989444999999990940f9")) == "8949449999999990049"


def test_an_odd_count_is_filled_up() -> None:
    assert digits.swapped("12345").hex() == "2143f5"


def test_what_is_no_digit_is_kept() -> None:
    assert digits.unswapped(bytes.fromhex("21a3")) == "123A"
