"""Cards of SGP.32 v1.0.1 and v1.3, octet by octet where they differ from v1.2."""

from __future__ import annotations

import pytest

from harness.codec import findings, tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.simulators.euicc import CardConfig
from harness.simulators.euicc.versions import CARD_VERSIONS
from tests.simulators.euicc.conftest import Bench, Maker
from tests.simulators.euicc.support import LIST, enable

UNKNOWN = bytes.fromhex("98999999999999999999")
DATA_NOT_FOUND = 0x6A88


def card(make_bench: Maker, version: str) -> Bench:
    return make_bench(CardConfig(version=version))


@pytest.fixture
def old(make_bench: Maker) -> Bench:
    return card(make_bench, "1.0.1")


@pytest.fixture
def managed(old: Bench) -> Bench:
    old.associate()
    return old


@pytest.mark.parametrize(
    "request_octets",
    [
        "BF4203800180",
        "BF5B038001FF",
        "BF5C038001FF",
        "BF5D038001FF",
        "BF5E038001FF",
        "BF5F00",
        "BF640482020780",
        "BF65028000",
    ],
)
def test_functions_that_came_later_are_unknown(old: Bench, request_octets: str) -> None:
    assert old.terminal.send(bytes.fromhex(request_octets)) == b""
    assert old.terminal.sw == DATA_NOT_FOUND


@pytest.mark.parametrize("request_octets", ["BF340482020780", "BF3F028000"])
def test_functions_of_sgp22_are_unknown_later(bench: Bench, request_octets: str) -> None:
    assert bench.terminal.send(bytes.fromhex(request_octets)) == b""
    assert bench.terminal.sw == DATA_NOT_FOUND


def test_memory_reset_is_that_of_sgp22(managed: Bench) -> None:
    managed.install("operational-a")
    assert managed.terminal.es10("BF3404820205E0").raw.hex() == "bf3403800100"
    assert managed.card.state.profiles == ()
    assert managed.terminal.es10("BF3404820201FE").raw.hex() == "bf3403800101"
    assert len(managed.card.state.eims) == 1


def test_default_address_is_set_by_sgp22(old: Bench) -> None:
    assert old.terminal.es10("BF3F0780056F742E6573").raw.hex() == "bf3f03800100"
    assert old.card.state.default_smdp_address == "ot.es"


def test_enable_using_dd_has_no_flag(managed: Bench) -> None:
    assert managed.terminal.es10("BF5A00").raw.hex() == "bf5a03800101"


def test_eims_are_listed_with_their_type_under_84(managed: Bench) -> None:
    answer = managed.terminal.es10(managed.eim.eco(bytes.fromhex("AB00")))
    assert (
        answer.get(0xA0, 0x30, 0x30, 0xAB, 0xA0, 0x30).raw
        == bytes.fromhex("3014800F") + b"eim.example.com" + b"\x84\x01\x02"
    )
    assert findings("EuiccPackageResult", answer.raw, version="1.0.1") == []


def test_results_are_signed_over_the_eim_signature(managed: Bench) -> None:
    package = managed.eim.psmo(LIST)
    answer = managed.terminal.es10(package)
    own = Certificate(managed.terminal.es10("BF5600").get(0xA0).children[1].raw.replace(b"\xa6", b"\x30", 1))
    covered = answer.get(0xA0, 0x30).raw + tlv.parse(package).get(0x5F37).raw
    assert ecdsa.verify(own.public_key, answer.get(0xA0, 0x5F37).value, covered)


def test_code_that_came_later_is_undefined_error(managed: Bench) -> None:
    iccid = managed.install("operational-a")
    answer = managed.terminal.es10(managed.eim.psmo(enable(iccid, rollback=True)))
    assert answer.get(0xA0, 0x30, 0x30).value.hex() == "83017f"
    answer = managed.terminal.es10(managed.eim.psmo(enable(UNKNOWN)))
    assert answer.get(0xA0, 0x30, 0x30).value.hex() == "830101"


def test_command_that_came_later_is_unknown(managed: Bench) -> None:
    answer = managed.terminal.es10(managed.eim.psmo(bytes.fromhex("A900")))
    assert answer.get(0xA0, 0x30, 0x30).value.hex() == "020102"


@pytest.mark.parametrize(("version", "tags"), [("1.0.1", [0x80]), ("1.2", [0x80, 0x82]), ("1.3", [0x80, 0x82, 0x8F])])
def test_an_unsigned_error_says_what_its_version_has(make_bench: Maker, version: str, tags: list[int]) -> None:
    bench = card(make_bench, version)
    answer = bench.terminal.es10(bench.eim.psmo(LIST))
    assert [field.tag for field in answer.get(0xA2).children] == tags
    assert findings("EuiccPackageResult", answer.raw, version=version) == []


@pytest.mark.parametrize(
    ("version", "info", "minimum"),
    [
        ("1.0.1", "B407A0050403010001", None),
        ("1.2", "B407A0050403010200", None),
        ("1.3", "B409A00504030103008300", b"\x01"),
    ],
)
def test_euicc_info2(make_bench: Maker, version: str, info: str, minimum: bytes | None) -> None:
    answer = card(make_bench, version).terminal.es10("BF2200")
    assert answer.get(0xB4).raw.hex().upper() == info
    level = answer.find(0x95)
    assert (None if level is None else level.value) == minimum
    assert findings("EUICCInfo2", answer.raw, version=version) == []


def test_a_card_of_the_baseline_is_changed_in_nothing() -> None:
    assert CARD_VERSIONS["1.2"] == type(CARD_VERSIONS["1.2"])()
