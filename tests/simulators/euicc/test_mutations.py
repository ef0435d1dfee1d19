"""Whatever comes in, the card answers with a status word and lives on."""

from __future__ import annotations

import random

import pytest

from harness.codec import encode, tlv
from tests.simulators.euicc.conftest import Bench
from tests.simulators.euicc.support import LIST, Eim, Smdp, disable, enable, load, store_metadata

SEED = 20260627
EACH = 160
"""Mutations of each request."""


def requests(bench: Bench) -> dict[str, bytes]:
    """One good request for each function; packages all have the same, next counter."""
    iccid = bench.install("operational-a")
    bench.associate(-1)
    eim, other = bench.eim, Eim(bench.eim.eid, "other", seed="other")
    smdp = Smdp(bench.trust, eim.eid)
    found = {
        name: bytes.fromhex(octets)
        for name, octets in {
            "eid": "BF3E035C015A",
            "info1": "BF2000",
            "info2": "BF2200",
            "challenge": "BF2E00",
            "addresses": "BF3C00",
            "certificates": "BF5600",
            "eims": "BF5500",
            "profiles": "BF2D115C0F5A4F9F709192959F7B9F269F6799",
            "notifications": "BF2B05A003800101",
            "results": "BF2B04A0028200",
            "list": "BF280481020780",
            "remove": "BF3003800163",
            "reset": "BF640482020106",
            "rollback": "BF58038001FF",
            "rat": "BF4300",
        }.items()
    }
    found["address"] = tlv.build(0xBF65, tlv.build(0x80, b"smdp.example.com"))
    found["initial"] = tlv.build(0xBF57, tlv.build(0xA0, other.configuration(token=-1)))
    found["psmo"] = eim.psmo(enable(iccid, rollback=True), LIST, disable(iccid), bytes.fromhex("A600"), counter=9)
    found["eco"] = eim.eco(other.configuration(tag=0xA8), b"\xab\x00", counter=9)
    challenge = bench.terminal.es10("BF2E00").get(0x80).value
    found["authenticate"] = smdp.authenticate(challenge)
    answer = bench.terminal.es10(found["authenticate"])
    found["prepare"] = smdp.prepare(answer)
    found["cancel"] = tlv.build(0xBF41, tlv.build(0x80, smdp.tid), b"\x81\x01\x00")
    return found


def test_one_changed_octet_in_any_request(bench: Bench) -> None:
    corpus = requests(bench)
    kept = bench.card.snapshot()
    chance = random.Random(SEED)
    for name, request in corpus.items():
        for _ in range(EACH):
            changed = bytearray(request)
            changed[chance.randrange(len(changed))] ^= chance.randrange(1, 256)
            bench.terminal.send(bytes(changed))
            assert 0x6100 <= bench.terminal.sw < 0xA000, name
            if bench.card.snapshot() != kept:
                bench.card.restore(kept)
                bench.terminal.start()
    assert bench.terminal.es10("BF3E035C015A").get(0x5A).value == bench.card.config.eid


def test_one_changed_octet_in_a_signed_command(bench: Bench) -> None:
    """Behind a good signature: what a wrong eIM could send."""
    requests(bench)
    kept = bench.card.snapshot()
    chance = random.Random(SEED)
    iccid = bench.packages["operational-a"].iccid
    commands = (enable(iccid, rollback=True), LIST, Eim(b"", "new").configuration(tag=0xA8, token=-1))
    for number in range(600):
        command = bytearray(commands[number % 3])
        command[chance.randrange(len(command))] ^= chance.randrange(1, 256)
        make = bench.eim.eco if number % 3 == 2 else bench.eim.psmo
        bench.terminal.send(make(bytes(command), counter=1000 + number))
        assert 0x6100 <= bench.terminal.sw < 0xA000
        bench.card.restore(kept)
        bench.terminal.start()


def test_any_command_apdu(bench: Bench) -> None:
    chance = random.Random(SEED)
    seen = set()
    for _ in range(4000):
        command = bytearray(chance.randbytes(chance.choice((3, 4, 5, 5, 6, 9, 20))))
        if len(command) > 4 and chance.random() < 0.7:
            command[0] = chance.choice((0x00, 0x01, 0x80, 0x81, 0xC0))
            command[1] = chance.choice((0x10, 0x12, 0x14, 0x70, 0xA4, 0xAA, 0xB0, 0xB2, 0xC0, 0xE2, 0xF2))
            command[4] = len(command) - 5
        response = bench.card.transmit(bytes(command))
        assert len(response) >= 2
        seen.add(response[-2:])
    assert len(seen) > 8
    assert bench.terminal.start().es10("BF3E035C015A").get(0x5A).value == bench.card.config.eid


@pytest.mark.parametrize("part", ["metadata", "package", "bound"])
def test_one_changed_octet_in_a_download(bench: Bench, part: str) -> None:
    """Before it is bound, so that signatures and MACs hold, and after."""
    package = bench.packages["operational-a"]
    smdp = Smdp(bench.trust, bench.card.config.eid)
    kept = bench.card.snapshot()
    chance = random.Random(SEED)
    metadata = store_metadata(
        package.iccid,
        notificationConfigurationInfo=[
            {"profileManagementOperation": (b"\xf0", 4), "notificationAddress": "a.example.com"}
        ],
        profileOwner={"mccMnc": bytes.fromhex("00F110"), "gid1": b"\x01"},
        profilePolicyRules=(b"\x40", 2),
    )
    for _ in range(150):
        contents = {"metadata": metadata, "package": package.der}
        if part in contents:
            changed = bytearray(contents[part])
            changed[chance.randrange(len(changed))] ^= chance.randrange(1, 256)
            contents[part] = bytes(changed)
        answer = bench.terminal.es10(smdp.authenticate(bench.terminal.es10("BF2E00").get(0x80).value))
        answer = bench.terminal.es10(smdp.prepare(answer))
        chains = smdp.bind(answer, contents["metadata"], contents["package"]).chains()
        if part == "bound":
            which = chance.randrange(len(chains))
            changed = bytearray(chains[which])
            changed[chance.randrange(len(changed))] ^= chance.randrange(1, 256)
            chains[which] = bytes(changed)
        for chain in chains:
            if bench.terminal.send(chain) or bench.terminal.sw != 0x9000:
                break
        bench.terminal.es10("BF2D00")
        bench.terminal.es10("BF2B00")
        bench.card.restore(kept)
        bench.terminal.start()
    answer = bench.terminal.es10(smdp.authenticate(bench.terminal.es10("BF2E00").get(0x80).value))
    chains = smdp.bind(bench.terminal.es10(smdp.prepare(answer)), metadata, package.der).chains()
    assert load(bench.terminal, chains).find(0xBF27, 0xA2, 0xA0) is not None


def test_nesting_without_end(bench: Bench) -> None:
    nested = b""
    for _ in range(5000):
        nested = tlv.build(0x30, nested)
    for tag in (0xBF2D, 0xBF51, 0xBF57, 0xBF38, 0xBF21):
        bench.terminal.send(tlv.build(tag, nested))
        assert bench.terminal.sw == 0x6A80 or tag == 0xBF2D
    assert bench.terminal.es10("BF3E035C015A").tag == 0xBF3E


def test_an_endless_eim_list_is_refused_whole(bench: Bench) -> None:
    value = encode("StoreMetadataRequest", {"iccid": bytes(10), "serviceProviderName": "", "profileName": ""})
    assert value[:2] == b"\xbf\x25"
    many = [Eim(b"", f"eim{number}").configuration() for number in range(60)]
    answer = bench.terminal.es10(tlv.build(0xBF57, tlv.build(0xA0, *many)))
    assert answer.raw == bytes.fromhex("BF5703810101")
    assert bench.card.state.eims == ()
