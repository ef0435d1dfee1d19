"""The shipped profiles are packages that another ASN.1 implementation would take, about the subscriptions they describe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harness import resources
from harness.codec import decode_pe, encode, encode_pe, findings, split_profile_package, tlv
from harness.profiles import ProfilePackage, load_profiles, ready_made
from harness.profiles.numbers import is_luhn_valid

PROFILES = load_profiles(resources.path("fixtures/profiles"))
TEST_DATA = os.environ.get("SGP32_TEST_DATA")
TEST_NETWORKS = ("00101", "999")

every_profile = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)


def elements(profile: ProfilePackage) -> list[tuple[str, dict[str, Any]]]:
    return [decode_pe(raw) for raw in split_profile_package(profile.der)]


def contents(steps: list[tuple[str, Any]]) -> bytes:
    return b"".join(body for step, body in steps if step == "fillFileContent")


def test_the_profiles_cases_start_from_are_there() -> None:
    assert {"bootstrap", "operational-a", "operational-b", "test"} <= set(PROFILES)


@every_profile
def test_order_of_elements(profile: ProfilePackage) -> None:
    names = [name for name, _ in elements(profile)]
    assert names[0] == "header"
    assert names[-1] == "end"
    assert names.index("mf") < names.index("pukCodes") < names.index("pinCodes") < names.index("usim")
    assert names.index("usim") < names.index("opt-usim") < names.index("akaParameter") < names.index("securityDomain")


@every_profile
def test_every_element_is_numbered_once(profile: ProfilePackage) -> None:
    headers = [next(iter(value.values())) for name, value in elements(profile) if name != "header"]
    assert [header["identification"] for header in headers] == list(range(1, len(headers) + 1))


@every_profile
def test_every_element_is_der(profile: ProfilePackage) -> None:
    for raw in split_profile_package(profile.der):
        assert not tlv.der_faults(raw)
        assert encode_pe(decode_pe(raw)) == raw


@every_profile
def test_iccid_is_the_same_everywhere_and_has_its_check_digit(profile: ProfilePackage) -> None:
    found = dict(elements(profile))
    assert is_luhn_valid(profile.iccid_digits)
    assert found["header"]["iccid"].hex() == profile.iccid_digits
    assert contents(found["mf"]["ef-iccid"]) == profile.iccid == profile.metadata["iccid"]


@every_profile
def test_only_test_networks(profile: ProfilePackage) -> None:
    assert profile.description is not None
    assert profile.description.subscription is not None
    assert profile.description.subscription.imsi.startswith(TEST_NETWORKS)
    assert profile.description.subscription.plmn.startswith(TEST_NETWORKS)


@every_profile
def test_files_refer_to_access_rules_that_exist(profile: ProfilePackage) -> None:
    for name, value in elements(profile):
        if name not in ("mf", "usim"):
            continue
        arr = value["ef-arr"]
        length = int.from_bytes(arr[0][1]["fileDescriptor"][2:4], "big")
        count = len(contents(arr)) // length
        for steps in (body for body in value.values() if isinstance(body, list)):
            fcp = steps[0][1]
            assert fcp["securityAttributesReferenced"][:2] == arr[0][1]["fileID"]
            assert 1 <= fcp["securityAttributesReferenced"][2] <= count
            if "efFileSize" in fcp:
                assert int.from_bytes(fcp["efFileSize"], "big") == len(contents(steps))


@every_profile
def test_metadata_is_a_perfect_message(profile: ProfilePackage) -> None:
    assert findings("StoreMetadataRequest", encode("StoreMetadataRequest", dict(profile.metadata))) == []


def test_operators_differ_and_class_follows_the_description() -> None:
    classes = {name: profile.metadata["profileClass"] for name, profile in PROFILES.items()}
    assert (classes["test"], classes["bootstrap"], classes["operational-a"]) == (0, 1, 2)
    owners = [PROFILES[name].metadata["profileOwner"]["mccMnc"] for name in ("operational-a", "operational-b")]
    assert [owner.hex() for owner in owners] == ["00f110", "99f907"]


def test_authentication_of_an_operational_profile() -> None:
    parameter = dict(elements(PROFILES["operational-a"]))["akaParameter"]["algoConfiguration"][1]
    assert parameter["algorithmID"] == 1
    assert parameter["key"].hex() == "30430e276874eb6c4f030efdff0e4b76"
    assert parameter["opc"].hex() == "c44c3c13a5c93c8bfdfcaa3143f82fb9"


def test_usim_contents() -> None:
    found = dict(elements(PROFILES["operational-a"]))
    usim = found["usim"]
    assert contents(usim["ef-imsi"]).hex() == "080910100000000010"
    assert contents(usim["ef-acc"]).hex() == "0002"
    assert contents(usim["ef-ad"]).hex() == "00000002"
    assert contents(usim["ef-spn"]) == b"\x01North Operator\xff\xff"
    assert contents(usim["ef-ust"]).hex() == "000a050005040000000010"
    assert contents(found["opt-usim"]["ef-acl"]) == b"\x01\xdd\x0b\x01a\x03iot\x04test"
    assert contents(found["opt-usim"]["ef-hplmnwact"]).hex() == "00f1104000"


@pytest.mark.skipif(TEST_DATA is None, reason="SGP32_TEST_DATA is not set: no TS.48 packages")
@pytest.mark.parametrize("name", ["BERTLV_SUCI", "NoBERTLV_NoRAMRFM"])
def test_a_ready_made_package_tells_its_iccid(name: str) -> None:
    der = Path(str(TEST_DATA), "ts48-v7.0", f"{name}.der").read_bytes()
    profile = ready_made(name, der)
    assert profile.der == der
    assert profile.iccid_digits == "89000123456789012341"
    assert profile.metadata["profileName"] == "GSMA Generic eUICC Test Profile"
    assert profile.version == (2, 3)


@pytest.mark.skipif(TEST_DATA is None, reason="SGP32_TEST_DATA is not set: no TS.48 packages")
def test_built_packages_use_only_templates_and_files_that_a_published_one_uses() -> None:
    der = Path(str(TEST_DATA), "ts48-v7.0", "BERTLV_SUCI.der").read_bytes()
    published = dict(map(decode_pe, reversed(split_profile_package(der))))
    for name, value in elements(PROFILES["operational-a"]):
        assert set(value) <= set(published[name]) | {"adfRFMAccess"}
        assert value.get("templateID") == published[name].get("templateID")
        for field in (field for field in value if field.startswith("ef-")):
            ours, theirs = value[field][0][1], published[name][field][0][1]
            assert ours["fileID"] == theirs["fileID"]
            assert ours["fileDescriptor"][:1] == theirs["fileDescriptor"][:1]
