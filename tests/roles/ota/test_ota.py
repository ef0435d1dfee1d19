"""The OTA platform against packets of others, and its messages octet by octet."""

from __future__ import annotations

from typing import Any

import pytest

from harness.codec import DecodeError, tlv
from harness.crypto.scp80 import Algorithm, decipher
from harness.roles.ota import UNPROTECTED, Joining, Keyset, OtaPlatform, ResponsePacket, open_packet, requests_in
from harness.roles.ota.packets import command_packet
from tests.crypto.real_data import vector

VECTORS = vector("scp80-packets")
CHECKED = [one for one in VECTORS["commands"] if int(one["spi"][:2], 16) & 3 == 2]
KEYS = Keyset(1, Algorithm.AES, bytes(range(16)), bytes(range(16, 32)))
TAR = bytes.fromhex("B20100")
NAME = {"profileName": "Renamed"}


def keys_of(one: dict[str, Any]) -> Keyset:
    indication = int(one["indication"], 16)
    encryption, authentication = bytes.fromhex(one["encryption"]), bytes.fromhex(one["authentication"])
    return Keyset(indication >> 4, Algorithm(indication & 0x0F), encryption, authentication)


@pytest.mark.parametrize("one", VECTORS["commands"], ids=lambda one: f"{one['indication']}-{one['spi']}")
def test_command_packets_are_those_of_another_implementation(one: dict[str, Any]) -> None:
    first, second = bytes.fromhex(one["spi"])
    made = command_packet(
        keys_of(one), bytes.fromhex(one["tar"]), one["counter"], bytes.fromhex(one["script"]), spi=(first, second)
    )
    assert made.hex() == one["packet"]


@pytest.mark.parametrize("one", CHECKED, ids=lambda one: f"{one['indication']}-{one['spi']}")
def test_packets_open_under_their_own_keys_only(one: dict[str, Any]) -> None:
    keys = keys_of(one)
    opened = open_packet(bytes.fromhex(one["packet"]), [keys])
    assert opened is not None
    assert (opened.tar.hex(), opened.counter, opened.script.hex()) == (one["tar"], one["counter"], one["script"])
    assert opened.is_authentic
    other = Keyset(keys.version, keys.algorithm, keys.encryption, keys.authentication[::-1])
    wrong = open_packet(bytes.fromhex(one["packet"]), [other])
    is_enciphered = bool(int(one["spi"][:2], 16) & 4)
    assert (wrong is None) if is_enciphered else (wrong is not None and not wrong.is_authentic)
    assert open_packet(bytes.fromhex(one["packet"]), [other, keys]) == opened
    assert open_packet(bytes.fromhex(one["packet"]), [KEYS]) is None


def test_receipt_of_a_real_card_with_a_checksum() -> None:
    one = VECTORS["receipts"][0]
    receipt = ResponsePacket.of(bytes.fromhex(one["octets"]), keys_of(one))
    assert (receipt.tar.hex(), receipt.status, receipt.data.hex()) == ("b00011", 0, "01612f")
    assert receipt.is_authentic
    changed = bytes.fromhex(one["octets"].replace("fb01", "fb02"))
    assert not ResponsePacket.of(changed, keys_of(one)).is_authentic


def test_receipt_of_a_real_card_without_a_checksum_is_not_authentic() -> None:
    one = VECTORS["receipts"][1]
    receipt = ResponsePacket.of(bytes.fromhex(one["octets"]), keys_of(one))
    assert (receipt.status, receipt.data.hex(), receipt.is_authentic) == (0, "01612f", False)


@pytest.mark.parametrize("octets", ["", "00", "027100", "027100000e0ab00000", "027100FFFF0AB000110000000000000001612F"])
def test_what_is_no_receipt_is_a_decode_error(octets: str) -> None:
    with pytest.raises(DecodeError):
        ResponsePacket.of(bytes.fromhex(octets), KEYS)


def test_a_short_packet_is_one_envelope() -> None:
    message = OtaPlatform(KEYS, TAR).update_metadata(NAME)
    (envelope,) = message.envelopes
    assert envelope[:4].hex().upper() == "80C20000"
    assert envelope[4] == len(envelope) - 6
    download = tlv.parse(envelope[5:-1])
    assert download.tag == 0xD1
    assert download.value[:4].hex() == "82028381"
    deliver = tlv.parse(download.value[4:])
    assert deliver.tag == 0x8B
    assert deliver.value[:6].hex() == "440581214365"
    assert deliver.value[6:8].hex() == "7ff6"
    assert deliver.value[15] == len(deliver.value) - 16
    assert deliver.value[16:19].hex() == "027000"
    assert deliver.value[19:] == message.packet
    assert message.packet[3:10].hex() == "16091212b20100"


def test_a_long_packet_is_cut_and_joined_again() -> None:
    message = OtaPlatform(KEYS, TAR, counter=41).update_metadata({"icon": bytes(700)})
    joining = Joining()
    headers = []
    for envelope in message.envelopes:
        deliver = tlv.parse(tlv.parse(envelope[5:-1]).value[4:]).value
        assert deliver[15] <= 140
        headers.append(deliver[16 : 17 + deliver[16]].hex())
    count = len(headers)
    assert headers[0] == f"0700032a{count:02x}017000"
    assert headers[1:] == [f"0500032a{count:02x}{number:02x}" for number in range(2, count + 1)]
    taken = [joining.take(envelope[5:-1]) for envelope in message.envelopes]
    assert taken == [*[None] * (count - 1), message.packet]


def test_a_long_request_is_handed_over_in_numbered_blocks() -> None:
    message = OtaPlatform(KEYS, TAR).update_metadata({"icon": bytes(700)})
    opened = open_packet(message.packet, [KEYS])
    assert opened is not None
    assert opened.script[:5].hex() == "80e21100ff"
    assert opened.script[260:265].hex() == "80e21101ff"
    assert opened.script[520:524].hex() == "80e29102"
    (request,) = requests_in(opened.script)
    assert tlv.parse(request).get(0x94).value == bytes(700)


def test_every_packet_has_the_next_counter() -> None:
    platform = OtaPlatform(KEYS, TAR)
    opened = [open_packet(platform.update_metadata(NAME).packet, [KEYS]) for _ in range(3)]
    assert [one.counter for one in opened if one] == [1, 2, 3]


def test_forged_keys_encipher_well_and_sign_wrongly() -> None:
    platform = OtaPlatform(KEYS, TAR)
    packet = platform.update_metadata(NAME, keys=platform.forged()).packet
    assert open_packet(packet, [KEYS]) is None
    plain = decipher(KEYS.algorithm, KEYS.encryption, packet[10:])
    assert plain[:5].hex() == "0000000001"
    assert b"Renamed" in plain


def test_an_unprotected_packet_is_plain() -> None:
    packet = OtaPlatform(KEYS, TAR).update_metadata(NAME, spi1=UNPROTECTED).packet
    assert packet[10:16].hex() == "000000000100"
    assert packet[16:].hex() == "80e291000cbf2a09920752656e616d6564"


@pytest.mark.parametrize("download", ["", "D100", "D60419010982", "D1048202838100", "D10A820283818B04040581", "8B00"])
def test_what_carries_no_packet_is_a_decode_error(download: str) -> None:
    with pytest.raises(DecodeError):
        Joining().take(bytes.fromhex(download))
