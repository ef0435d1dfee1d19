"""Numbers of a subscription against values printed in TS 31.102 and TS 24.008."""

from __future__ import annotations

import pytest

from harness.profiles import numbers


@pytest.mark.parametrize("digits", ["89000123456789012341", "4111111111111111", "79927398713"])
def test_check_digits_that_others_computed(digits: str) -> None:
    assert numbers.is_luhn_valid(digits)
    assert not numbers.is_luhn_valid(digits[:-1] + str((int(digits[-1]) + 1) % 10))


def test_imsi_of_fifteen_digits() -> None:
    assert numbers.imsi_octets("001010123456789").hex() == "080910101032547698"


def test_imsi_of_fourteen_digits_has_even_parity() -> None:
    assert numbers.imsi_octets("00101012345678").hex() == "0801101010325476f8"


@pytest.mark.parametrize(("plmn", "octets"), [("00101", "00f110"), ("99970", "99f907"), ("310410", "130014")])
def test_plmn(plmn: str, octets: str) -> None:
    assert numbers.plmn_octets(plmn).hex() == octets
