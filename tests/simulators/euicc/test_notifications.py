"""Notifications and stored results: who is told, in which order, and until when they are kept."""

from __future__ import annotations

import pytest

from harness.codec import findings, named_bits, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa, pki
from harness.crypto.certificates import Certificate
from harness.simulators.euicc import CardConfig
from tests.simulators.euicc.conftest import Bench, Maker
from tests.simulators.euicc.support import ADDRESS, LIST, Smdp, delete, disable, download, enable, store_metadata

INSTALL, ENABLE, DISABLE, DELETE = (bytes.fromhex(bits) for bits in ("0780", "0640", "0520", "0410"))


def listed(answer: Tlv) -> list[tuple[int, bytes, str]]:
    """Number, event and address of each NotificationMetadata."""
    return [
        (
            int.from_bytes(entry.get(0x80).value, "big"),
            entry.get(0x81).value,
            entry.get(0x0C).value.decode(),
        )
        for entry in answer.get(0xA0).children
    ]


def receivers(*named: tuple[str, tuple[int, ...]]) -> list[dict[str, object]]:
    return [
        {"profileManagementOperation": named_bits(events), "notificationAddress": address} for address, events in named
    ]


@pytest.fixture
def told(bench: Bench, trust: pki.CiSet) -> Bench:
    """A card with a profile that wants different receivers told of different things."""
    package = bench.packages["operational-a"]
    wanted = receivers(("all.example.com", (0, 1, 2, 3)), (ADDRESS, (0,)), ("few.example.com", (1,)))
    metadata = store_metadata(package.iccid, notificationConfigurationInfo=wanted)
    download(bench.terminal, Smdp(trust, bench.card.config.eid), metadata, package.der)
    bench.associate()
    return bench


def test_only_who_is_named_is_told(told: Bench) -> None:
    """The SM-DP+ of the installation has the installation result and is told nothing beside it."""
    iccid = told.packages["operational-a"].iccid
    for command in (enable, disable, delete):
        told.terminal.es10(told.eim.psmo(command(iccid)))
    assert listed(told.terminal.es10("BF2800")) == [
        (1, INSTALL, ADDRESS),
        (2, INSTALL, "all.example.com"),
        (4, ENABLE, "all.example.com"),
        (5, ENABLE, "few.example.com"),
        (7, DISABLE, "all.example.com"),
        (9, DELETE, "all.example.com"),
    ]
    assert [result.sequence for result in told.card.state.results] == [3, 6, 8]
    assert {entry.get(0x5A).value for entry in told.terminal.es10("BF2800").get(0xA0).children} == {iccid}


def test_a_profile_that_names_nobody_is_silent(bench: Bench, trust: pki.CiSet) -> None:
    package = bench.packages["operational-a"]
    download(bench.terminal, Smdp(trust, bench.card.config.eid), store_metadata(package.iccid), package.der)
    bench.associate()
    for command in (enable, disable, delete):
        bench.terminal.es10(bench.eim.psmo(command(package.iccid)))
    assert listed(bench.terminal.es10("BF2800")) == [(1, INSTALL, ADDRESS)]


def test_searches(told: Bench) -> None:
    told.terminal.es10(told.eim.psmo(enable(told.packages["operational-a"].iccid)))
    assert [n for n, _, _ in listed(told.terminal.es10("BF280481020640"))] == [4, 5]
    assert [n for n, _, _ in listed(told.terminal.es10("BF2804810204C0"))] == [1, 2, 4, 5]
    find = lambda inner: told.terminal.es10(tlv.build(0xBF2B, tlv.build(0xA0, inner)))  # noqa: E731
    assert len(find(b"\x80\x01\x04").get(0xA0).children) == 1
    assert len(find(b"\x81\x02\x06\x40").get(0xA0).children) == 2
    assert find(b"\x80\x01\x63").raw == bytes.fromhex("BF2B02A000")
    results = find(b"\x82\x00")
    assert [entry.tag for entry in results.get(0xA2).children] == [0xBF51]
    assert findings("RetrieveNotificationsListResponse", results.raw) == []
    everything = told.terminal.es10("BF2B00")
    assert [entry.tag for entry in everything.get(0xA0).children] == [0xBF37, 0x30, 0x30, 0x30]
    assert findings("RetrieveNotificationsListResponse", everything.raw) == []


def test_notifications_are_signed_over_their_metadata(told: Bench) -> None:
    told.terminal.es10(told.eim.psmo(enable(told.packages["operational-a"].iccid)))
    for entry in told.terminal.es10("BF2B06A00481020640").get(0xA0).children:
        metadata, signature, euicc, eum = entry.children
        key = Certificate(euicc.raw).public_key
        assert ecdsa.verify(key, signature.value, metadata.raw)
        assert Certificate(euicc.raw).is_signed_by(Certificate(eum.raw).public_key)


def test_removed_once_by_number(told: Bench) -> None:
    """Also a result, since both have numbers of one counter."""
    told.terminal.es10(told.eim.psmo(LIST))
    for number in (2, 3):
        request = bytes.fromhex("BF30038001") + bytes([number])
        assert told.terminal.es10(request).raw == bytes.fromhex("BF3003800100")
        assert told.terminal.es10(request).raw == bytes.fromhex("BF3003800101")
    assert [n for n, _, _ in listed(told.terminal.es10("BF2800"))] == [1]
    assert told.terminal.es10("BF2B04A0028200").raw == bytes.fromhex("BF2B02A200")


def test_kept_over_a_reset(told: Bench) -> None:
    answer = told.terminal.es10(told.eim.psmo(LIST))
    before = told.terminal.es10("BF2B00").raw
    told.terminal.start()
    assert told.terminal.es10("BF2B00").raw == before
    assert told.terminal.es10("BF2B04A0028200").get(0xA2).value == answer.raw


def test_the_oldest_result_goes_when_the_store_is_full(make_bench: Maker) -> None:
    bench = make_bench(CardConfig(max_results=2))
    bench.associate()
    answers = [bench.terminal.es10(bench.eim.psmo(LIST)).raw for _ in range(3)]
    assert [entry.raw for entry in bench.terminal.es10("BF2B04A0028200").get(0xA2).children] == answers[1:]


def test_memory_reset_deletes_groups(bench: Bench) -> None:
    iccids = {name: bench.install(name) for name in ("operational-a", "test", "bootstrap")}
    bench.associate()
    bench.terminal.es10(tlv.build(0xBF65, tlv.build(0x80, b"dp.example.com")))
    reset = lambda bits: bench.terminal.es10(tlv.build(0xBF64, tlv.build(0x82, bits))).value.hex()  # noqa: E731
    left = lambda: {p.iccid for p in bench.card.state.profiles}  # noqa: E731
    assert reset(b"\x07\x80") == "800100"
    assert left() == {iccids["test"], iccids["bootstrap"]}
    assert reset(b"\x07\x80") == "800101"
    assert reset(b"\x04\x10") == "800101"
    assert reset(b"\x06\x40") == "800100"
    assert reset(b"\x03\x08") == "800100"
    assert left() == set()
    assert bench.card.state.default_smdp_address == "dp.example.com"
    assert reset(b"\x05\x20") == "800100"
    assert bench.card.state.default_smdp_address == ""
    assert len(bench.card.state.eims) == 1
    assert reset(b"\x01\x06") == "800101" + "810100" + "820100"
    assert bench.card.state.eims == ()
    assert reset(b"\x02\x04") == "800101" + "810101"


def test_memory_reset_of_the_enabled_profile_refreshes_and_notifies(bench: Bench) -> None:
    iccid = bench.install("operational-a")
    bench.associate()
    bench.terminal.es10(bench.eim.psmo(enable(iccid)))
    refreshes = len(bench.terminal.refreshes)
    assert bench.terminal.es10("BF640482020780").value.hex() == "800100"
    assert len(bench.terminal.refreshes) == refreshes + 1
    assert DELETE in [event for _, event, _ in listed(bench.terminal.es10("BF2800"))]


def test_a_card_may_refuse_to_reset_its_eims(make_bench: Maker) -> None:
    bench = make_bench(CardConfig(eim_reset_supported=False, immediate_enable_supported=False))
    bench.associate()
    assert bench.terminal.es10("BF640482020106").value.hex() == "800101" + "810102" + "820101"
    assert len(bench.card.state.eims) == 1
