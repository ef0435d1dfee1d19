"""No form of an identifier survives masking, and the same parts stay readable in each."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.identifiers import Identifier, Kind, in_octets, in_text
from harness.evidence.masking import MASK, Masker, Needles

EID = "89049032123451234512345678900012"
ICCID = "8949449999999990049"
IMSI = "001010123456789"
KEY = "00112233445566778899aabbccddeeff"

PACKED = bytes.fromhex(EID)
SWAPPED = bytes.fromhex("989444999999990940f9")
EF_IMSI = bytes.fromhex("080910101032547698")

ALL = [
    Identifier(Kind.EID, EID),
    Identifier(Kind.ICCID, ICCID),
    Identifier(Kind.IMSI, IMSI),
    Identifier(Kind.KEY, KEY),
]


@pytest.fixture(scope="module")
def masker() -> Masker:
    return Masker(ALL)


def test_octets_keep_the_issuer_and_the_last_digits(masker: Masker) -> None:
    assert masker.hex(bytes.fromhex("BF3E125A10") + PACKED) == f"BF3E125A1089049032{MASK * 20}0012"
    written = masker.hex(b"\x5a\x0a" + SWAPPED)
    assert written[:4] == "5A0A"
    digits = "".join(written[4:][at ^ 1] for at in range(20))
    assert digits == f"8949449{MASK * 9}049F"


def test_the_imsi_file_is_masked_behind_its_parity_nibble(masker: Masker) -> None:
    written = masker.hex(EF_IMSI)
    assert "".join(written[2:][at ^ 1] for at in range(16)) == f"900101{MASK * 8}89"


def test_a_key_is_masked_whole(masker: Masker) -> None:
    assert masker.hex(b"\x80\x10" + bytes.fromhex(KEY)) == "8010" + MASK * 32


@pytest.mark.parametrize(
    "text",
    [
        EID,
        f"EID is {EID}, as configured",
        EID.encode().hex(),
        EID.encode().hex().upper(),
        " ".join(EID[at : at + 4] for at in range(0, 32, 4)),
        ":".join(EID[at : at + 2] for at in range(0, 32, 2)),
        repr(PACKED),
        json.dumps(repr(PACKED)),
        repr(list(PACKED)),
        str(tuple(EID.encode())),
        *(base64.b64encode(bytes(shift) + PACKED + b"\x01\x02").decode() for shift in range(3)),
        *(base64.b64encode(bytes(shift) + EID.encode() + b"\x01\x02").decode() for shift in range(3)),
    ],
)
def test_words_never_show_an_eid(masker: Masker, text: str) -> None:
    masked = masker.text(text)
    assert MASK in masked
    assert EID[8:28] not in "".join(char for char in masked if char.isalnum())
    assert len(masked) <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        ICCID,
        f"+CCID: {ICCID}F",
        SWAPPED.hex(),
        SWAPPED.hex().upper(),
        repr(SWAPPED),
        f"+CIMI: {IMSI}",
        f"Ki={KEY}",
        repr(bytes.fromhex(KEY)),
        base64.b64encode(b"ab" + bytes.fromhex(KEY)).decode(),
    ],
)
def test_words_never_show_iccid_imsi_or_key(masker: Masker, text: str) -> None:
    masked = masker.text(text)
    assert MASK in masked
    for secret in (ICCID[7:16], SWAPPED.hex()[8:16], IMSI[5:13], KEY[:16]):
        assert secret not in masked.lower()


def test_octets_that_carry_base64_or_hexadecimal_are_masked_where_these_hold_it(masker: Masker) -> None:
    certificate = b"\x30\x82\x01\x00subject" + EID.encode() + b"\xff" * 7
    for shift in range(3):
        body = json.dumps({"euicc": base64.b64encode(bytes(shift) + certificate).decode()}).replace("/", "\\/").encode()
        shown = masker.characters(body)
        assert MASK in shown
        member = json.loads(body)["euicc"]
        kept = shown.replace("\\/", "/").removeprefix('{"euicc": "').removesuffix('"}')
        assert len(kept) == len(member)
        assert kept.count(MASK) >= 20 * 8 // 6
        assert base64.b64encode(EID.encode()[8:26]).decode()[:20] not in kept
    line = f'+CGLA: 46,"BF3E125A10{EID}9000"'.encode()
    assert masker.characters(line) == f'+CGLA: 46,"BF3E125A1089049032{MASK * 20}00129000"'
    assert MASK in masker.hex(line)


def test_without_identifiers_nothing_is_hidden() -> None:
    assert Masker().hex(PACKED) == EID
    assert Masker().text(EID) == EID


def test_identifiers_are_found_where_the_standards_put_them() -> None:
    in_tlv = bytes.fromhex("BF3E125A10") + PACKED + b"\x5a\x0a" + SWAPPED
    assert set(in_octets(in_tlv)) == {ALL[0], ALL[1]}
    assert ALL[0] in set(in_octets(b'AT+CGLA=1,46,"' + in_tlv.hex().encode() + b'"', serial=True))
    assert ALL[1] in set(in_octets(json.dumps({"m": base64.b64encode(in_tlv).decode()}).encode()))
    assert set(in_octets(f"\r\n{IMSI}\r\n\r\nOK\r\n".encode(), serial=True)) == {ALL[2]}
    assert set(in_octets(IMSI.encode())) == set()
    assert set(in_text(f"EID {EID} has {ICCID}, Ki: {KEY.upper()}")) == {ALL[0], ALL[1], ALL[3]}
    assert set(in_text("clause SGP.32 v1.2 §3.3.1, counter 8388607, 2026-11-21T06:20:00.123456+00:00")) == set()


def test_plaintext_session_keys_are_found() -> None:
    keys = bytes(range(48))
    message = b"\xbf\x26\x36\x80\x10" + keys[:16] + b"\x81\x10" + keys[16:32] + b"\x82\x10" + keys[32:]
    assert {found.value for found in in_octets(message)} == {keys[:16].hex(), keys[16:32].hex(), keys[32:].hex()}


@given(st.lists(st.binary(min_size=1, max_size=7)), st.binary(max_size=60), st.data())
def test_every_needle_is_found_wherever_it_stands(needles: list[bytes], text: bytes, data: st.DataObject) -> None:
    for needle in needles:
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + needle + text[at:]
    everywhere = [(at, needle) for needle in needles for at in range(len(text)) if text.startswith(needle, at)]
    assert sorted(Needles((needle, needle) for needle in needles).found(text)) == sorted(everywhere)
