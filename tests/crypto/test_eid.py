"""Check digits of EIDs."""

from __future__ import annotations

import pytest

from harness.crypto.eid import is_eid, octets_of, valid_check_digits, with_check_digits

PUBLISHED = "89049032123451234512345678901235"
"""The EID of the SGP.26 eUICC, whose check digits are right."""


def test_published_eid_has_right_check_digits() -> None:
    assert valid_check_digits(PUBLISHED)
    assert valid_check_digits(bytes.fromhex(PUBLISHED))
    assert with_check_digits(PUBLISHED[:30]) == PUBLISHED


def test_every_other_pair_of_check_digits_is_refused() -> None:
    remainders = {int(PUBLISHED[:30] + f"{digits:02d}") % 97 for digits in range(97)}
    assert len(remainders) == 97
    wrong = [digits for digits in range(97) if digits != 35]
    assert not any(valid_check_digits(PUBLISHED[:30] + f"{digits:02d}") for digits in wrong)


def test_small_check_digits_are_padded() -> None:
    made = [with_check_digits(f"89049032{number:022d}") for number in range(200)]
    assert all(is_eid(eid) and valid_check_digits(eid) for eid in made)
    assert any(eid[30] == "0" for eid in made)


@pytest.mark.parametrize("text", ["", "8904", PUBLISHED + "0", PUBLISHED[:-1] + "A", "٨" * 32, b"\xaa" * 16, b""])
def test_what_is_no_eid_has_no_valid_check_digits(text: str | bytes) -> None:
    assert not valid_check_digits(text)
    with pytest.raises(ValueError, match="is no EID"):
        octets_of(text)


def test_only_thirty_digits_are_completed() -> None:
    for prefix in ("", PUBLISHED, "x" * 30):
        with pytest.raises(ValueError, match="30 decimal digits"):
            with_check_digits(prefix)
