"""Every mistake of a profile description is reported, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.errors import ConfigurationError
from harness.profiles import load_profile, load_profiles

GOOD = """\
iccid: "89001010000000000018"
service-provider: Somebody
profile-name: Something
imsi: "001010000000001"
home-network: "00101"
authentication: {algorithm: milenage, key: 000102030405060708090a0b0c0d0e0f, opc: 000102030405060708090a0b0c0d0e0f}
ota-keys:
  version: 1
  encryption: 000102030405060708090a0b0c0d0e0f
  authentication: 000102030405060708090a0b0c0d0e0f
  key-encryption: 000102030405060708090a0b0c0d0e0f
"""


def written(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(ConfigurationError) as caught:
        load_profile(path)
    return [(fault.line, fault.message) for fault in caught.value.faults]


def test_a_small_description_is_enough(tmp_path: Path) -> None:
    profile = load_profile(written(tmp_path, GOOD))
    assert profile.name == "mine"
    assert profile.iccid_digits == "89001010000000000018"
    assert profile.metadata["profileClass"] == 2


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace('"89001010000000000018"', '"89001010000000000019"')
        .replace("algorithm: milenage", "algorithm: milonga")
        .replace("version: 1", "version: 16")
        .replace("profile-name: Something", "class: operatonal\nnotifications: [{address: a.test, events: [instal]}]")
        .replace('home-network: "00101"', 'home-network: "99970"\npuk: 5')
    )
    found = faults_of(written(tmp_path, text))
    assert [line for line, _ in sorted(found)] == [1, 1, 3, 4, 5, 7, 8, 10]
    text = " | ".join(message for _, message in found)
    for part in (
        "profile-name is missing",
        "wrong check digit",
        "'operatonal' is not known",
        "'instal' is not known",
        "001010000000001 does not begin with the home network 99970",
        "puk: this key is not known",
        "'milonga' is not known",
        "ota-keys.version: '16' is not a number from 1 to 15",
    ):
        assert part in text


@pytest.mark.parametrize("key", ["iccid", "imsi", "home-network", "authentication", "ota-keys", "service-provider"])
def test_what_is_missing_is_named(tmp_path: Path, key: str) -> None:
    described = yaml.safe_load(GOOD)
    del described[key]
    assert f"{key} is missing" in " ".join(
        message for _, message in faults_of(written(tmp_path, yaml.safe_dump(described)))
    )


def test_a_number_without_quotes_keeps_its_zeros(tmp_path: Path) -> None:
    profile = load_profile(written(tmp_path, GOOD.replace('"001010000000001"', "001010000000001")))
    assert profile.description is not None
    assert profile.description.subscription is not None
    assert profile.description.subscription.imsi == "001010000000001"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ('iccid: "8900"', "is not 18 to 20 digits"),
        ("authentication: {algorithm: milenage, key: 00, opc: xyz}", "is not 16 octets in hexadecimal"),
        ("apn: 'a..b'", "is no access point name"),
        ("package: there.der", "a ready-made package has its own"),
        ("fallback-allowed: perhaps", "'perhaps' is not known"),
        ("icon: nowhere.png", "'nowhere.png' cannot be read"),
        ("icon: mine.yaml", "is no JPEG or PNG of at most 1024 octets"),
        ("service-data: [{vendor: '2.999.x', data: 00}]", "'2.999.x' is no object identifier"),
        ("service-data: [{vendor: '2.999.1'}]", "data is missing"),
    ],
)
def test_wrong_values(tmp_path: Path, wrong: str, message: str) -> None:
    key = wrong.partition(":")[0]
    kept = [line for line in GOOD.splitlines() if not line.startswith(f"{key}:")]
    found = faults_of(written(tmp_path, "\n".join([*kept, wrong])))
    assert any(message in text for _, text in found)


def test_an_icon_and_what_vendors_add(tmp_path: Path) -> None:
    (tmp_path / "logo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    vendors = "service-data:\n- {vendor: '2.999.1', data: 0102}\n- {vendor: '2.999.2', data: '03', stored: false}\n"
    metadata = load_profile(written(tmp_path, GOOD + "icon: logo.jpg\n" + vendors)).metadata
    assert (metadata["iconType"], metadata["icon"]) == (0, b"\xff\xd8\xff\xe0")
    stored = {"vendorOid": "2.999.1", "vendorSpecificData": b"\x01\x02"}
    assert metadata["serviceSpecificDataStoredInEuicc"] == [stored]
    told = {"vendorOid": "2.999.2", "vendorSpecificData": b"\x03"}
    assert metadata["serviceSpecificDataNotStoredInEuicc"] == [told]


def test_a_package_with_its_metadata(tmp_path: Path) -> None:
    der = load_profile(written(tmp_path, GOOD)).der
    (tmp_path / "theirs.der").write_bytes(der)
    description = "package: theirs.der\nservice-provider: Them\nprofile-name: Theirs\nclass: test\n"
    profile = load_profile(written(tmp_path, description, "theirs.yaml"))
    assert profile.der == der
    assert (profile.iccid_digits, profile.metadata["profileName"]) == ("89001010000000000018", "Theirs")


@pytest.mark.parametrize("octets", [None, b"", b"\x30\x00", b"garbage"])
def test_a_package_that_cannot_be_used(tmp_path: Path, octets: bytes | None) -> None:
    if octets is not None:
        (tmp_path / "theirs.der").write_bytes(octets)
    description = "package: theirs.der\nservice-provider: Them\nprofile-name: Theirs\n"
    ((_, message),) = faults_of(written(tmp_path, description))
    assert message.startswith("package: ")


def test_a_folder_reports_all_its_files(tmp_path: Path) -> None:
    written(tmp_path, GOOD.replace("milenage", "x"), "a.yaml")
    written(tmp_path, GOOD, "b.yaml")
    written(tmp_path, GOOD, "c.yaml")
    written(tmp_path, "[", "d.yaml")
    with pytest.raises(ConfigurationError) as caught:
        load_profiles(tmp_path)
    assert [Path(fault.file).name for fault in caught.value.faults] == ["a.yaml", "c.yaml", "d.yaml"]
    assert "is that of b.yaml too" in str(caught.value)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no profile description"):
        load_profiles(tmp_path)
