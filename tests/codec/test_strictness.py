"""What the codec refuses, what it reports, and that it ends on every input."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import codec
from harness.codec import tlv
from tests.codec.messages import EVERY

IDS = [f"{example[0]} {example[1]}".strip() for example in EVERY]
MUTATIONS = 20_000


@pytest.mark.parametrize(
    ("octets", "fault", "offset"),
    [
        ("3080040100", tlv.INDEFINITE_LENGTH, 1),
        ("308103040100", tlv.NON_MINIMAL_LENGTH, 1),
        ("30820003040100", tlv.NON_MINIMAL_LENGTH, 1),
        ("BF8001020101", tlv.NON_MINIMAL_TAG, 0),
        ("BF1E020101", tlv.NON_MINIMAL_TAG, 0),
        ("3003040100FF", tlv.TRAILING, 5),
        ("3004040100", tlv.TRUNCATED, 0),
        ("3085000000000100", tlv.LENGTH_TOO_LARGE, 1),
        ("30", tlv.TRUNCATED, 1),
        ("", tlv.TRUNCATED, 0),
    ],
)
def test_the_reader_names_the_fault_and_its_place(octets: str, fault: str, offset: int) -> None:
    with pytest.raises(codec.DerError) as raised:
        tlv.parse(bytes.fromhex(octets))
    assert (raised.value.fault, raised.value.offset) == (fault, offset)


@pytest.mark.parametrize(
    ("octets", "faults"),
    [
        ("3003010101", [(2, tlv.BAD_BOOLEAN)]),
        ("300402020001", [(2, tlv.BAD_INTEGER)]),
        ("30040202FF80", [(2, tlv.BAD_INTEGER)]),
        ("3003050100", [(2, tlv.BAD_NULL)]),
        ("300403020481", [(2, tlv.BAD_BIT_STRING)]),
        ("300403020480", []),
        ("3003030109", [(2, tlv.BAD_BIT_STRING)]),
        ("30060101010101FE", [(2, tlv.BAD_BOOLEAN), (5, tlv.BAD_BOOLEAN)]),
        ("3081030101FF", [(1, tlv.NON_MINIMAL_LENGTH)]),
    ],
)
def test_every_der_fault_is_listed(octets: str, faults: list[tuple[int, str]]) -> None:
    data = bytes.fromhex(octets)
    assert [(found.offset, found.fault) for found in tlv.der_faults(data)] == faults


def test_a_slice_is_what_was_received() -> None:
    outer = tlv.parse(bytes.fromhex("BF510A30038001415F37025A5A"))
    assert outer.get(0x30).raw == bytes.fromhex("3003800141")
    assert outer.get(0x30, 0x80).value == b"A"
    assert outer.get(0x5F37).offset == 8
    assert outer.find(0x30, 0x81) is None
    with pytest.raises(codec.DecodeError, match="BF51 has no 30/81"):
        outer.get(0x30, 0x81)


def test_deep_nesting_is_an_error_and_not_a_crash() -> None:
    data = b""
    for _ in range(5000):
        data = tlv.build(0x30, data)
    assert [fault.fault for fault in tlv.der_faults(data)] == [tlv.TOO_DEEP]
    with pytest.raises(codec.DerError, match="nested deeper"):
        codec.decode("EuiccPackageRequest", data)


EID_FIELD = tlv.build(0x5A, bytes.fromhex("89049032123451234512345678901235"))


@pytest.mark.parametrize(
    ("type_name", "octets", "finding"),
    [
        ("ProfileInfo", tlv.build(0xE3, tlv.build(0x5A, bytes(10)), tlv.build(0x9F26, b"\0")), "default value"),
        ("ListNotificationRequest", tlv.build(0xBF28, tlv.build(0x81, b"\4\x80")), "not written in its one DER form"),
        ("GetEimPackageRequest", tlv.build(0xBF4F, tlv.build(0x80), EID_FIELD), "out of order"),
        ("GetEimPackageRequest", b"\xbf\x4f\x81\x12" + EID_FIELD, "shortest form"),
        ("NotificationSentRequest", tlv.build(0xBF30, tlv.build(0x80, b"\0\7")), "one DER form"),
        ("EimAcknowledgements", tlv.build(0xBF53, tlv.build(0x81, b"\7")), "EimAcknowledgements"),
    ],
)
def test_tolerated_forms_are_found(type_name: str, octets: bytes, finding: str) -> None:
    found = codec.findings(type_name, octets)
    assert any(finding in one for one in found), found


def test_unknown_fields_at_the_end_are_no_finding() -> None:
    octets = tlv.build(0xBF4F, EID_FIELD, tlv.build(0x9F22, b"\1"))
    assert codec.decode("GetEimPackageRequest", octets)["eidValue"].hex() == "89049032123451234512345678901235"
    assert codec.findings("GetEimPackageRequest", octets) == []


def test_sizes_are_checked_unless_a_case_asks_otherwise() -> None:
    config = {"eimId": "e" * 129}
    with pytest.raises(codec.EncodeError):
        codec.encode("EimConfigurationData", config)
    too_long = codec.encode("EimConfigurationData", config, checked=False)
    with pytest.raises(codec.DecodeError):
        codec.decode("EimConfigurationData", too_long)


def test_named_bits_have_one_form() -> None:
    assert codec.named_bits([]) == (b"", 0)
    assert codec.named_bits([0, 5]) == (b"\x84", 6)
    assert codec.named_bits([8]) == (b"\x00\x80", 9)
    untidy = codec.encode("ListNotificationRequest", {"profileManagementOperation": (b"\x80", 4)})
    assert untidy.hex() == "bf280481020780"


def test_a_wrong_tag_inside_a_list_ends() -> None:
    octets = bytearray(codec.encode("EimAcknowledgements", [1, 2]))
    octets[3] = 0x81
    with pytest.raises(codec.DecodeError):
        codec.decode("EimAcknowledgements", bytes(octets))


def mutated(octets: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(octets))
    return octets[:at] + bytes([octets[at] ^ rng.randrange(1, 256)]) + octets[at + 1 :]


def ends_in_a_value_or_a_codec_error(call: Callable[[], object]) -> bool:
    try:
        call()
    except codec.CodecError:
        return False
    return True


def test_one_changed_byte_never_hangs_or_crashes_the_codec() -> None:
    rng = random.Random(32)
    accepted = 0
    for count in range(MUTATIONS):
        type_name, _, _, octets = EVERY[count % len(EVERY)]
        changed = mutated(octets, rng)
        accepted += ends_in_a_value_or_a_codec_error(lambda t=type_name, o=changed: codec.decode(t, o))  # type: ignore[misc]
        codec.tlv.der_faults(changed)
        if count % 10 == 0:
            codec.findings(type_name, changed)
    assert 0 < accepted < MUTATIONS


@given(st.binary(max_size=200), st.sampled_from(sorted({example[0] for example in EVERY})))
def test_any_octets_end(octets: bytes, type_name: str) -> None:
    ends_in_a_value_or_a_codec_error(lambda: codec.decode(type_name, octets))
    tlv.der_faults(octets)


@given(st.binary(max_size=300), st.sampled_from([0x04, 0x5A, 0x81, 0x9F70, 0x5F37, 0xC4]))
def test_what_is_built_is_read_back(value: bytes, tag: int) -> None:
    octets = tlv.build(tag, value)
    read = tlv.parse(octets)
    assert (read.tag, read.value, read.raw) == (tag, value, octets)


@given(st.integers(min_value=-(2**70), max_value=2**70))
def test_integers_are_minimal(number: int) -> None:
    value = tlv.parse(tlv.integer(0x02, number)).value
    assert int.from_bytes(value, "big", signed=True) == number
    assert tlv.is_minimal_integer(value)


def real_data() -> Path:
    folder = os.environ.get("SGP32_TEST_DATA")
    if not folder:
        pytest.skip("SGP32_TEST_DATA is not set")
    return Path(folder)


@pytest.mark.parametrize("name", ["BERTLV_SUCI", "NoBERTLV_NoRAMRFM"])
def test_generic_test_profiles_are_written_again_octet_by_octet(name: str) -> None:
    package = (real_data() / "ts48-v7.0" / f"{name}.der").read_bytes()
    elements = codec.split_profile_package(package)
    assert len(elements) in (26, 30)
    assert b"".join(codec.encode_pe(codec.decode_pe(element)) for element in elements) == package


def test_the_quick_check_refuses_what_the_walk_refuses() -> None:
    rng = random.Random(7)
    refused = 0
    for count in range(5_000):
        changed = mutated(EVERY[count % len(EVERY)][3], rng)
        walked = ends_in_a_value_or_a_codec_error(lambda o=changed: list(tlv.parse(o).walk()))  # type: ignore[misc]
        checked = ends_in_a_value_or_a_codec_error(lambda o=changed: tlv.check(o))  # type: ignore[misc]
        assert walked == checked, changed.hex()
        refused += not checked
    assert refused > 100
    for octets in ("", "30", "3000", "300030", "30023000", "BF2000", "30820001"):
        data = bytes.fromhex(octets)
        walked = ends_in_a_value_or_a_codec_error(lambda o=data: list(tlv.parse(o).walk()))  # type: ignore[misc]
        assert walked == ends_in_a_value_or_a_codec_error(lambda o=data: tlv.check(o))  # type: ignore[misc]
