"""What a lab file says about the way from a device to our servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.lab.file.configuration import read_lab
from harness.lab.file.reach import Listen, Names
from harness.lab.file.surroundings import missing

LAB = """
lab: bench
listen: {{address: {address}}}
slots:
  modem:
    kind: module
    device: {{eid: null}}
    links: {{apdu: at-csim, at: {{port: /dev/ttyUSB0}}, esipa: https}}
    network: live
    reach: {reach}
"""
REACH = "{eim_fqdn: Eim.Lab.example, smdp_fqdn: smdp.lab.example, ipv4: 203.0.113.7, via: public}"


def write(folder: Path, reach: str = REACH, address: str = "0.0.0.0", more: str = "") -> Path:
    file = folder / "lab.yaml"
    file.write_text(LAB.format(reach=reach, address=address) + more, encoding="utf-8")
    return file


def faults(file: Path) -> list[tuple[int, str]]:
    with pytest.raises(ConfigurationError) as caught:
        read_lab(file)
    return [(fault.line, fault.message) for fault in caught.value.faults]


def test_names_addresses_and_the_shared_port_are_read(tmp_path: Path) -> None:
    lab = read_lab(write(tmp_path))
    slot = lab.slots["modem"]
    assert slot.reach is not None
    assert slot.reach.names == Names(("eim.lab.example",), ("smdp.lab.example",))
    assert slot.reach.addresses == ("203.0.113.7",)
    assert (slot.network, lab.listen) == ("live", Listen("0.0.0.0", 443))


def test_a_name_for_the_smds_is_read(tmp_path: Path) -> None:
    slot = read_lab(write(tmp_path, REACH.removesuffix("}") + ", smds_fqdn: Smds.lab.example}")).slots["modem"]
    assert slot.reach is not None
    assert slot.reach.names.hosts == ("eim.lab.example", "smdp.lab.example", "smds.lab.example")
    assert missing(["sm-ds"], slot) == ""
    assert missing(["sm-ds"], read_lab(write(tmp_path)).slots["modem"]).endswith("(write `smds_fqdn` under `reach`)")
    twice = REACH.removesuffix("}") + ", smds_fqdn: smdp.lab.example}"
    assert "stands for two servers" in faults(write(tmp_path, twice))[0][1]


def test_an_application_server_and_a_pool_are_read(tmp_path: Path) -> None:
    more = ", app_fqdn: app.lab.example, app_port: 7007, pool: 10.45.0.0/16}"
    slot = read_lab(write(tmp_path, REACH.removesuffix("}") + more)).slots["modem"]
    assert slot.reach is not None
    assert (slot.reach.names.app, slot.reach.app_port) == ("app.lab.example", 7007)
    assert str(slot.reach.pool) == "10.45.0.0/16"
    assert missing(["application"], slot) == ""
    without = read_lab(write(tmp_path)).slots["modem"]
    assert missing(["application"], without).endswith("(write `app_fqdn` under `reach`)")
    assert "no pool of addresses" in faults(write(tmp_path, REACH.removesuffix("}") + ", pool: 10.45.0.1/16}"))[0][1]


def test_a_tunnel_ends_on_this_host(tmp_path: Path) -> None:
    tunnel = "{eim_fqdn: eim.lab.example, smdp_fqdn: smdp.lab.example, via: tunnel}"
    assert read_lab(write(tmp_path, tunnel, "127.0.0.1")).listen.is_local


@pytest.mark.parametrize(
    ("reach", "said"),
    [
        ("{eim_fqdn: https://eim.lab.example, smdp_fqdn: smdp.lab.example, via: public}", "is no host name"),
        ("{eim_fqdn: 'eim.lab.example:8443', smdp_fqdn: smdp.lab.example, via: public}", "is no host name"),
        ("{eim_fqdn: eim.lab.example, smdp_fqdn: eim.lab.example, via: public}", "stands for two servers"),
        ("{eim_fqdn: eim.lab.example, smdp_fqdn: smdp.lab.example, ipv4: '::1', via: public}", "is no IPv4 address"),
        ("{eim_fqdn: eim.lab.example, smdp_fqdn: smdp.lab.example, via: private-apn}", "'ipv4' or 'ipv6' is missing"),
        ("{eim_fqdn: eim.lab.example, smdp_fqdn: smdp.lab.example, via: carrier-pigeon}", "is not known"),
        ("{via: public}", "'smdp_fqdn' is missing"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, reach: str, said: str) -> None:
    found = faults(write(tmp_path, reach))
    assert any(line == 10 and said in message for line, message in found), found


def test_a_port_that_nobody_can_reach_is_a_mistake(tmp_path: Path) -> None:
    assert faults(write(tmp_path, address="127.0.0.1")) == [
        (3, "listen: no device of modem reaches 127.0.0.1 from outside")
    ]


def test_one_name_belongs_to_one_slot(tmp_path: Path) -> None:
    twin = f"""
  twin:
    kind: module
    device: {{eid: null}}
    links: {{at: {{port: /dev/ttyUSB1}}, esipa: https}}
    reach: {REACH}
"""
    assert [message for _, message in faults(write(tmp_path, more=twin))] == [
        "slots.twin.reach: eim.lab.example is a name of the slot modem too",
        "slots.twin.reach: smdp.lab.example is a name of the slot modem too",
    ]


def test_a_real_module_is_judged_as_an_ipa_only_with_a_way_to_us(tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    text = LAB.format(reach=REACH, address="0.0.0.0")
    file.write_text("\n".join(line for line in text.splitlines() if "reach" not in line), encoding="utf-8")
    assert any("`reach` is missing" in message for _, message in faults(file))


def test_what_a_slot_lacks_around_its_device_is_said(tmp_path: Path) -> None:
    slot = read_lab(write(tmp_path)).slots["modem"]
    assert missing(("route", "attach"), slot) == ""
    assert "other_eim_fqdn" in missing(("second-eim",), slot)
    assert "an operator's network" in missing(("scripted-network",), slot)
    assert "SMS" in missing(("sms",), slot)
