"""Octets are named as the standard names them, whatever is wrong with them."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from harness import resources
from harness.codec import encode, tlv
from harness.crypto.scp80 import Algorithm
from harness.evidence.records import ExchangeRecord
from harness.profiles import load_profiles
from harness.profiles.security_domain import domain_keys
from harness.reporting.decode.annotate import UNKNOWN, Annotator
from harness.reporting.decode.conversation import conversation
from harness.reporting.decode.entry import Entry
from harness.reporting.decode.tree import Node
from harness.reporting.decode.values import object_identifier
from harness.roles.ota import UNPROTECTED, Keyset, OtaPlatform, SecuredMessage, keysets_of
from tests.reporting.synthetic import ATR, EID, FCI, ISD_R, package, package_result, replay_error

ANNOTATOR = Annotator()

# Frames seen between other implementations.
FIELD_FRAMES = {
    "BF4F03020101": ("GetEimPackageResponse", "eimPackageError", "noEimPackageAvailable (1)"),
    "BF5705A003840101": ("AddInitialEimResponse", "[1] associationToken", "1"),
    "BF50023000": ("ProvideEimPackageResultResponse", "emptyResponse", "empty"),
    "BF2B05A003800107": ("RetrieveNotificationsListRequest", "seqNumber", "7"),
    "E104800206C0": ("ISDRProprietaryApplicationTemplateIoT", "euiccConfiguration", "ipaeSupported, enabledProfile"),
    "BF4F12BF520F5C0D80BF20BF228384A5A688A9BF2B": ("GetEimPackageResponse", "tagList", ""),
    "BF4F15BF5412A010800E3124612E6578616D706C65244D31": (
        "GetEimPackageResponse",
        "activationCode",
        "“1$a.example$M1”",
    ),
}


def one(octets: bytes, type_name: str = "") -> Node:
    (root,) = ANNOTATOR.message(octets, type_name)
    return root


@pytest.mark.parametrize(("frame", "expected"), FIELD_FRAMES.items())
def test_field_frames_have_the_names_of_the_standard(frame: str, expected: tuple[str, str, str]) -> None:
    type_name, label, value = expected
    root = one(bytes.fromhex(frame), type_name)
    named = root.find(label)
    assert named is not None, [node.label for node in root.walk()]
    assert named.value == value
    assert all(node.label != UNKNOWN for node in root.walk())


def test_a_package_shows_its_commands_and_identifiers() -> None:
    root = one(package(), "EuiccPackageRequest")
    labels = [node.label for node in root.walk()]
    assert "euiccPackage: psmoList" in labels
    assert "[1] enable" in labels
    said = {node.label: node.value for node in root.walk()}
    assert said["eidValue"] == EID
    assert said["iccid"] == "8949449999999990049"
    assert said["eimId"] == "“eim.harness.test”"


def test_offsets_point_into_the_message() -> None:
    octets = package_result()
    for node in one(octets, "EuiccPackageResult").walk():
        assert node.offset is not None
        assert octets[node.offset :].startswith(bytes.fromhex(node.tag))


def test_unknown_fields_and_bare_forms_stay_visible() -> None:
    extended = tlv.build(0xBF3E, tlv.build(0x5A, bytes(16)), tlv.build(0x9F55, b"\x01"))
    root = one(extended, "GetEuiccDataResponse")
    assert [child.label for child in root.children] == ["eidValue", UNKNOWN]
    bare = tlv.build(0xBF51, tlv.parse(package_result()).children[0].value)
    assert any(UNKNOWN in node.label for node in one(bare, "EuiccPackageResult").walk())


def test_a_fault_is_shown_where_it_is_and_what_was_read_stays() -> None:
    octets = package_result()[:-3]
    (node,) = ANNOTATOR.message(octets, "EuiccPackageResult")
    assert node.fault == tlv.TRUNCATED
    assert node.octets == octets
    half = tlv.build(0xBF3E, tlv.build(0x5A, bytes(16)), b"\x80\x05\x01")
    root = one(half, "GetEuiccDataResponse")
    assert [child.label for child in root.children] == ["eidValue", "not a TLV"]
    assert root.children[1].fault == tlv.TRUNCATED


def test_any_octets_decode_to_something() -> None:
    rng = random.Random(1)
    seeds = [package(), package_result(), replay_error(), FCI, ATR, b"", b"\x00", b"\xbf", b"\x30\x80\x00\x00"]
    for _ in range(3000):
        octets = bytearray(rng.choice(seeds))
        for _ in range(rng.randrange(3)):
            if octets:
                octets[rng.randrange(len(octets))] = rng.randrange(256)
        ANNOTATOR.message(bytes(octets), rng.choice(["EuiccPackageRequest", "EuiccPackageResult", "ProfileInfo", ""]))


def test_object_identifiers() -> None:
    assert object_identifier(bytes.fromhex("88370A")) == "2.999.10"
    assert object_identifier(b"\x88") == ""


def records(*messages: tuple[str, str, bytes] | tuple[str, str, bytes, dict[str, str]]) -> list[ExchangeRecord]:
    found = []
    for number, (interface, direction, octets, *note) in enumerate(messages, 1):
        way = "to-device" if direction == ">" else "from-device"
        found.append(
            ExchangeRecord(number, number * 1000, None, "link", interface, way, octets, note[0] if note else {})
        )
    return found


def apdus(*pairs: tuple[str, str]) -> list[ExchangeRecord]:
    messages = [("APDU", mark, bytes.fromhex(text)) for sent, got in pairs for mark, text in ((">", sent), ("<", got))]
    return records(*messages)


def only(entries: tuple[Entry, ...]) -> Entry:
    (entry,) = entries
    return entry


def test_store_data_blocks_and_get_response_are_one_function() -> None:
    request = package()
    first, last = request[:100].hex(), request[100:].hex()
    answer = replay_error()
    entry = only(
        conversation(
            apdus(
                (f"81E2110064{first}", "9000"),
                (f"81E29101{len(request) - 100:02X}{last}", "6150"),
                ("81C0000050", answer[:0x50].hex() + f"61{len(answer) - 0x50:02X}"),
                (f"81C00000{len(answer) - 0x50:02X}", answer[0x50:].hex() + "910B"),
            )
        )
    )
    assert entry.title == "ES10b.LoadEuiccPackage"
    assert entry.outcome == "910B done, a proactive command of 11 octets is pending"
    assert entry.gist == "euiccPackageErrorSigned, euiccPackageErrorCode replayError (4)"
    assert [part.heading for part in entry.parts] == ["request", "answer"]
    assert entry.parts[0].trees[0].find("iccid") is not None
    assert len(entry.records) == 8


def test_a_chain_that_ends_early_says_so() -> None:
    entries = conversation(apdus((f"81E2110064{package()[:100].hex()}", "9000"), ("81E2910006BF3E035C015A", "6985")))
    assert entries[0].fault == "the chain ends before its last block"
    assert (entries[1].title, entries[1].outcome) == ("ES10b.GetEID", "6985 conditions of use not satisfied")


def test_wrong_le_is_repeated_within_one_entry() -> None:
    entry = only(conversation(apdus(("00B0000000", "6C0A"), ("00B000000A", "989444999999990940F99000"))))
    assert entry.title == "READ BINARY"
    assert entry.outcome == "9000 done"


def test_selecting_the_isd_r_shows_both_templates() -> None:
    entry = only(conversation(apdus(("01A4040010" + ISD_R.hex(), "6127"), ("01C0000027", FCI.hex() + "9000"))))
    assert entry.title == "SELECT the ISD-R on channel 1"
    said = {node.label: node.value for tree in entry.parts[0].trees for node in tree.walk()}
    assert said["svn"] == "2.5.0"
    assert said["euiccConfiguration"] == "ipaeSupported, enabledProfile"
    assert "DF name (AID)" in said


def test_a_refresh_is_named() -> None:
    fetch = "D0098103010104" + "82028182"
    entries = conversation(apdus(("801200000B", fetch + "9000"), ("801400000C810301010482028281830100", "9000")))
    assert entries[0].title == "FETCH: REFRESH: UICC reset"
    assert entries[1].title == "TERMINAL RESPONSE: REFRESH: UICC reset"


def test_channels_of_a_card_are_named() -> None:
    command = "D01C8103014001" + "82028182B50103B9020400BC03020007BE0521C6336401"
    answer = "810301400182028281" + "83023A07"
    entries = conversation(apdus(("801200001E", command + "9000"), (f"80140000{len(answer) // 2:02X}{answer}", "9000")))
    assert entries[0].title == "FETCH: OPEN CHANNEL"
    said = {node.label: node.value for tree in entries[1].parts[0].trees for node in tree.walk()}
    assert said["result"] == "bearer independent protocol error: remote device not reachable"


def test_no_answer_and_resets_stand_alone() -> None:
    entries = conversation(
        [
            *records(("APDU", "<", ATR, {"event": "reset"}), ("APDU", ">", bytes.fromhex("81E2910006BF3E035C015A"))),
        ]
    )
    assert entries[0].title == "card reset"
    assert entries[0].outcome == f"ATR {ATR.hex().upper()}"
    assert (entries[1].title, entries[1].fault) == ("ES10b.GetEID", "no answer")


def test_apdus_inside_at_commands_are_read_as_apdus() -> None:
    for sent, got in (
        ('AT+CGLA=1,22,"81E2910006BF3E035C015A"\r', '+CGLA: 46,"BF3E125A10{}9000"'),
        ('AT+CSIM=22,"81E2910006BF3E035C015A"\r', '+CSIM: 46,"BF3E125A10{}9000"'),
    ):
        answer = f"\r\n{got.format(EID)}\r\n\r\nOK\r\n".encode()
        entry = only(conversation(records(("AT", ">", sent.encode()), ("AT", "<", answer))))
        assert entry.title == "ES10b.GetEID"
        assert entry.parts[1].trees[0].find("eidValue") is not None
    refused = conversation(
        records(("AT", ">", b'AT+CGLA=1,22,"81E2910006BF3E035C015A"\r'), ("AT", "<", b"\r\n+CME ERROR: 13\r\n"))
    )
    assert only(refused).fault == "+CME ERROR: 13 and no APDU in the answer"


def test_a_port_that_vanishes_says_why() -> None:
    gone = {"event": "lost", "reason": "write failed"}
    entries = conversation(
        records(("AT", ">", b"AT\r"), ("AT", "<", b"", gone), ("AT", "<", b"", {"event": "reopened"}))
    )
    assert [(entry.title, entry.fault) for entry in entries] == [("AT", "write failed"), ("reopened", "")]


def test_at_traffic_that_carried_an_apdu_stands_behind_it() -> None:
    entry = only(
        conversation(
            records(
                ("APDU", ">", bytes.fromhex("81E2910006BF3E035C015A")),
                ("AT", ">", b'AT+CSIM=22,"81E2910006BF3E035C015A"\r'),
                ("AT", "<", b'+CSIM: 4,"6A88"\r\nOK\r\n'),
                ("APDU", "<", bytes.fromhex("6A88")),
            )
        )
    )
    assert entry.outcome == "6A88 referenced data not found"
    assert len(entry.records) == 4


def test_unsolicited_lines_are_no_answers() -> None:
    entries = conversation(
        records(("AT", "<", b"\r\n+CEREG: 1\r\n"), ("AT", ">", b"AT+CIMI\r"), ("AT", "<", b"001010123456789\r\nOK\r\n"))
    )
    assert [(entry.title, entry.outcome) for entry in entries] == [
        ("+CEREG: 1", "unsolicited"),
        ("AT+CIMI (IMSI)", "OK"),
    ]


def test_esipa_is_named_by_its_message_and_es9_by_its_path() -> None:
    poll = encode("GetEimPackageRequest", {"eidValue": bytes.fromhex(EID)})
    codes = {"subjectCode": "8.1", "reasonCode": "6.1"}
    status = {"functionExecutionStatus": {"status": "Failed", "statusCodeData": codes}}
    body = json.dumps({"header": status}).encode()
    entries = conversation(
        records(
            ("ESipa", "<", poll, {"method": "POST", "target": "/gsma/rsp2/asn1", "connection": "3"}),
            ("ESipa", ">", bytes.fromhex("BF4F03020101"), {"status": "200", "connection": "3"}),
            ("ES9+", ">", b"{}", {"method": "POST", "target": "/gsma/rsp2/es9plus/getBoundProfilePackage"}),
            ("ES9+", "<", body, {"status": "200"}),
            ("ESipa", "<", b"", {"event": "exchange-failed", "reason": "connection reset"}),
        )
    )
    assert [entry.title for entry in entries[:2]] == ["ESipa.GetEimPackage", "ES9+.getBoundProfilePackage"]
    assert entries[0].gist == "eimPackageError noEimPackageAvailable (1)"
    assert entries[1].gist == "Failed 8.1/6.1"
    assert entries[2].fault == "connection reset"


def test_every_record_is_in_exactly_one_entry() -> None:
    rng = random.Random(2)
    frames = [
        package(),
        b"AT+CIMI\r",
        b"OK\r\n",
        b'+CSIM: 4,"9000"',
        bytes.fromhex("81E2110003BF5100"),
        b"\x90\x00",
        b"",
        b"{}",
    ]
    for _ in range(300):
        messages = [
            (
                rng.choice(["APDU", "AT", "ESipa", "ES9+", "TLS", "ES10b"]),
                rng.choice("<>"),
                rng.choice(frames),
                rng.choice([{}, {"event": "reset"}, {"method": "POST", "target": "/x"}, {"status": "200"}]),
            )
            for _ in range(rng.randrange(12))
        ]
        given = records(*messages)
        seen = [record.number for entry in conversation(given) for record in entry.records]
        assert sorted(seen) == [record.number for record in given]


# What an operator sends over the air


def envelopes(*commands: tuple[bytes, bytes]) -> list[ExchangeRecord]:
    records = []
    for number, (command, answer) in enumerate(commands):
        records.append(ExchangeRecord(2 * number, number, None, "memory", "APDU", "to-device", command))
        records.append(ExchangeRecord(2 * number + 1, number, None, "memory", "APDU", "from-device", answer))
    return records


def operators_message(**how: Any) -> SecuredMessage:
    return platform().update_metadata({"profileName": "Renamed"}, **how)


def operators_message_with(icon: int) -> SecuredMessage:
    return platform().update_metadata({"icon": bytes(icon)})


def platform() -> OtaPlatform:
    package = load_profiles(resources.path("fixtures/profiles"))["operational-b"]
    known = domain_keys(package.der)
    assert known is not None
    return OtaPlatform(keysets_of(known)[0], known.tar)


def test_an_update_over_the_air_is_opened_with_the_keys_of_the_profile() -> None:
    (command,) = operators_message().envelopes
    receipt = bytes.fromhex("027100000E0AB20100000000000100000190009000")
    (entry,) = conversation(envelopes((command, receipt)))
    assert (entry.interface, entry.title) == ("ES6", "ENVELOPE: ES6.UpdateMetadata")
    said = {node.label: node.value for part in entry.parts for tree in part.trees for node in tree.walk()}
    assert said["secured packet"] == "TAR B20100, SPI 1609, KIc 22, KID 22"
    assert said["profileName"] == "“Renamed”"
    assert said["responseStatus"] == "ok (0)"
    assert said["checksum"] == "none that holds"
    assert said["answer to the script"] == "commands: 1, the last 9000"


def test_a_packet_under_unknown_keys_stays_closed() -> None:
    message = operators_message(keys=Keyset(2, Algorithm.AES, bytes(16), bytes(16)))
    (entry,) = conversation(envelopes((message.envelopes[0], b"\x90\x00")))
    assert entry.title == "ENVELOPE: secured packet that no keys at hand open"
    assert not any("Renamed" in node.value for part in entry.parts for tree in part.trees for node in tree.walk())


def test_an_unprotected_packet_is_called_that() -> None:
    (entry,) = conversation(envelopes((operators_message(spi1=UNPROTECTED).envelopes[0], b"\x6a\x80")))
    assert entry.title == "ENVELOPE: ES6.UpdateMetadata, unprotected"


@pytest.mark.parametrize("data", ["D60A19010982028281990100", "D100", "00", "D10482028381"])
def test_other_envelopes_are_named_as_far_as_they_go(data: str) -> None:
    octets = bytes.fromhex(data)
    (entry,) = conversation(envelopes((b"\x80\xc2\x00\x00" + bytes([len(octets)]) + octets, b"\x90\x00")))
    assert entry.title == "ENVELOPE"
    assert entry.interface == "APDU"


def test_no_mutated_envelope_stops_the_reading() -> None:
    chance = random.Random(31)
    whole = [envelope for icon in (3, 400) for envelope in operators_message_with(icon).envelopes]
    for _ in range(200):
        pairs = []
        for envelope in whole:
            octets = bytearray(envelope)
            for _ in range(chance.randint(0, 3)):
                octets[chance.randrange(5, len(octets))] = chance.randrange(256)
            answer = bytes(chance.randrange(256) for _ in range(chance.randint(0, 24)))
            pairs.append((bytes(octets[: chance.choice((len(octets), chance.randrange(5, len(octets))))]), answer))
        assert sum(len(entry.records) for entry in conversation(envelopes(*pairs))) == 2 * len(whole)
