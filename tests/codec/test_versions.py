"""What SGP.32 v1.0.1 and v1.3 write differently from v1.2: tag by tag, and in a recorded association of v1.0."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness import codec
from harness.codec import tlv
from tests.codec.messages import CI, EID, EPR, FROM_IPA, METADATA, SIGNATURE, eim_id, epr, seq_metadata, sig
from tests.codec.messages import t as build

VERSION_IDS = ("1.0.1", "1.2", "1.3")

DIFFERENCES: tuple[tuple[str, str, Any, bytes], ...] = (
    (
        "1.0.1",
        "GetEimPackageRequest",
        {"eidValue": EID, "rPLMN": b"\x00\xf1\x10"},
        build(0xBF4F, build(0x5A, EID), build(0x81, b"\x00\xf1\x10")),
    ),
    (
        "1.2",
        "GetEimPackageRequest",
        {"eidValue": EID, "rPLMN": b"\x00\xf1\x10"},
        build(0xBF4F, build(0x5A, EID), build(0x82, b"\x00\xf1\x10")),
    ),
    ("1.0.1", "EimIdInfo", {"eimId": "eim.example", "eimIdType": 2}, build(0x30, eim_id, build(0x84, b"\x02"))),
    ("1.2", "EimIdInfo", {"eimId": "eim.example", "eimIdType": 2}, build(0x30, eim_id, build(0x82, b"\x02"))),
    ("1.0.1", "ProvideEimPackageResult", ("eimPackageError", 1), build(0xBF50, build(0x02, b"\x01"))),
    (
        "1.0.1",
        "ProvideEimPackageResultResponse",
        {"eimAcknowledgements": [7]},
        build(0xBF50, build(0xBF53, build(0x80, b"\x07"))),
    ),
    ("1.0.1", "IpaEuiccDataResponse", ("ipaEuiccDataError", 1), build(0xBF52, build(0x81, b"\x01"))),
    ("1.0.1", "EuiccMemoryResetRequest", {"resetOptions": (b"\x80", 1)}, build(0xBF34, build(0x82, b"\x07\x80"))),
    ("1.0.1", "SetDefaultDpAddressRequest", {"defaultDpAddress": "a"}, build(0xBF3F, build(0x80, b"a"))),
    ("1.0.1", "EuiccPackageErrorUnsigned", {"eimId": "eim.example"}, build(0x30, eim_id)),
    (
        "1.3",
        "EuiccPackageErrorUnsigned",
        {"eimId": "eim.example", "euiccPackageErrorUnsignedCode": 15},
        build(0x30, eim_id, build(0x8F, b"\x0f")),
    ),
    (
        "1.3",
        "IoTSpecificInfo",
        {"iotVersion": [b"\x01\x03\x00"], "fallbackAllowedUpdateSupported": None},
        build(0x30, build(0xA0, build(0x04, b"\x01\x03\x00")), build(0x83)),
    ),
    ("1.3", "UpdateMetadataRequest", {"fallbackAllowed": True}, build(0xBF2A, build(0x9F67, b"\xff"))),
    (
        "1.3",
        "EimConfigurationData",
        {"eimId": "eim.example", "eSipaProprietaryProtocolInformation": build(0x30, build(0x80, b"x"))},
        build(0x30, eim_id, build(0xAA, build(0x80, b"x"))),
    ),
    (
        "1.3",
        "CompactOtherSignedNotification",
        {"tbsOtherNotification": METADATA, "euiccNotificationSignature": SIGNATURE, "euiccCiPKIdentifierToBeUsed": CI},
        build(0x30, seq_metadata, sig, build(0x04, CI)),
    ),
)


@pytest.mark.parametrize(("version", "type_name", "value", "octets"), DIFFERENCES)
def test_what_a_version_writes_differently(version: str, type_name: str, value: Any, octets: bytes) -> None:
    assert codec.encode(type_name, value, version=version).hex() == octets.hex()
    assert codec.encode(type_name, codec.decode(type_name, octets, version=version), version=version) == octets
    assert codec.findings(type_name, octets, version=version) == []


@pytest.mark.parametrize("version", VERSION_IDS)
def test_what_all_versions_write_alike(version: str) -> None:
    request = build(0xBF30, build(0x80, b"\x07"))
    assert codec.decode("NotificationSentRequest", request, version=version) == {"seqNumber": 7}
    assert codec.decode("GetCertsResponse", build(0xBF56, build(0x81, b"\x01")), version=version) == (
        "getCertsError",
        1,
    )


def test_fields_of_a_later_version_pass_an_earlier_reader() -> None:
    later = codec.encode(
        "IoTSpecificInfo", {"iotVersion": [b"\x01\x03\x00"], "fallbackAllowedUpdateSupported": None}, version="1.3"
    )
    assert codec.decode("IoTSpecificInfo", later) == {"iotVersion": [b"\x01\x03\x00"]}


def recorded() -> list[str]:
    folder = os.environ.get("SGP32_TEST_DATA")
    if not folder:
        pytest.skip("SGP32_TEST_DATA is not set")
    exchange: list[str] = json.loads((Path(folder) / "captures" / "es10b-packages-v1.0.json").read_text())["exchange"]
    return exchange


TYPES = {
    "> BF3E": "GetEuiccDataRequest",
    "< BF3E": "GetEuiccDataResponse",
    "> BF57": "AddInitialEimRequest",
    "< BF57": "AddInitialEimResponse",
    "> BF55": "GetEimConfigurationDataRequest",
    "< BF55": "GetEimConfigurationDataResponse",
    "> BF2B": "RetrieveNotificationsListRequest",
    "< BF2B": "RetrieveNotificationsListResponse",
    "> BF51": "EuiccPackageRequest",
    "< BF51": "EuiccPackageResult",
    "> BF30": "NotificationSentRequest",
    "< BF30": "NotificationSentResponse",
}


def test_a_recorded_association_of_v1_0_is_written_again_octet_by_octet() -> None:
    seen = set()
    for line in recorded():
        direction, octets = line[0], bytes.fromhex(line[2:])
        known = TYPES.get(f"{direction} {tlv.parse(octets).tag:X}")
        if known is None:
            continue
        seen.add(known)
        value = codec.decode(known, octets, version="1.0.1")
        assert codec.encode(known, value, checked=False, version="1.0.1").hex() == octets.hex(), known
    assert {"EuiccPackageRequest", "EuiccPackageResult", "AddInitialEimRequest"} <= seen


def test_results_are_the_same_in_v1_2_and_v1_3() -> None:
    assert codec.encode("EuiccPackageResult", EPR, version="1.3") == epr
    assert codec.decode(FROM_IPA, build(0xBF4F, build(0x5A, EID)), version="1.3")[0] == "getEimPackageRequest"
