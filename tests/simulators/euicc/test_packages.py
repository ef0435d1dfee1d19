"""eUICC Packages: the checks in their order, each command, results and their signatures."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.codec import encode, findings, named_bits, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa, pki
from harness.crypto.certificates import Certificate
from harness.simulators.euicc import AuthorisationRule, CardConfig
from tests.simulators.euicc.conftest import Bench, Maker
from tests.simulators.euicc.support import LIST, Eim, Smdp, delete, disable, download, enable, store_metadata

TID = b"\x11" * 16
UNKNOWN = bytes.fromhex("98999999999999999999")


@pytest.fixture
def managed(bench: Bench) -> Bench:
    bench.associate()
    return bench


def results(answer: Tlv) -> list[str]:
    return [result.raw.hex() for result in answer.get(0xA0, 0x30, 0x30).children]


def error_code(answer: Tlv) -> int:
    return answer.get(0xA1, 0x30, 0x02).value[0]


def certificate(bench: Bench) -> Certificate:
    return Certificate(bench.terminal.es10("BF5600").get(0xA0).children[1].raw.replace(b"\xa6", b"\x30", 1))


def test_a_result_octet_by_octet(managed: Bench) -> None:
    answer = managed.terminal.es10(managed.eim.psmo(LIST))
    data = tlv.build(
        0x30,
        tlv.build(0x80, b"eim.example.com"),
        b"\x81\x01\x01",
        tlv.build(0x82, TID),
        b"\x83\x01\x01",
        bytes.fromhex("3005 BF2D02A000"),
    )
    assert answer.get(0xA0, 0x30).raw == data
    assert [part.tag for part in answer.get(0xA0).children] == [0x30, 0x5F37]
    assert findings("EuiccPackageResult", answer.raw) == []


@pytest.mark.parametrize("curve", ["nist", "brainpool"])
@pytest.mark.parametrize("token", [None, -1])
def test_openssl_verifies_results_over_data_and_token(
    bench: Bench, credentials: pki.TestPki, tmp_path: Path, curve: str, token: int | None
) -> None:
    """Under the CI that the eIM's configuration names, on both curves."""
    ci_key_id = credentials.trust(curve).ci_key_id
    configuration = bench.eim.configuration(token=token, more=tlv.build(0x88, ci_key_id))
    answer = bench.terminal.es10(tlv.build(0xBF57, tlv.build(0xA0, configuration)))
    bench.eim.token = 0 if token is None else answer.get(0xA0, 0x84).value[0]
    answer = bench.terminal.es10(bench.eim.psmo(LIST))
    signed, signature = answer.get(0xA0, 0x30).raw, answer.get(0xA0, 0x5F37).value
    identity = credentials.euicc_identity(curve, bench.card.config.eid)
    key = Certificate(identity.certificate).public_key
    files = {name: tmp_path / name for name in ("key", "signature", "data")}
    files["key"].write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    halves = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    files["signature"].write_bytes(encode_dss_signature(*halves))
    files["data"].write_bytes(signed + bytes.fromhex("8401") + bytes([bench.eim.token]))
    command = ["openssl", "dgst", "-sha256", "-verify", files["key"], "-signature", files["signature"], files["data"]]
    assert subprocess.run(command, capture_output=True, check=False).stdout == b"Verified OK\n"


def test_checks_come_in_their_order(managed: Bench) -> None:
    """A package that breaks everything is refused for the first reason; mending that shows the next."""
    eim, terminal = managed.eim, managed.terminal
    terminal.es10(eim.psmo(LIST))
    before = managed.card.state
    stranger = Eim(eim.eid, "stranger", seed="another")
    broken = {"eid": bytes(16), "counter": 1}
    answer = terminal.es10(stranger.psmo(LIST, **broken))
    assert answer.raw == tlv.build(0xBF51, tlv.build(0xA2, tlv.build(0x80, b"stranger"), tlv.build(0x82, TID)))
    stranger.eim_id = eim.eim_id
    answer = terminal.es10(stranger.psmo(LIST, **broken))
    assert answer.get(0xA2, 0x80).value == eim.eim_id.encode()
    assert error_code(terminal.es10(eim.psmo(LIST, **broken))) == 3
    assert error_code(terminal.es10(eim.psmo(LIST, counter=1))) == 4
    assert error_code(terminal.es10(eim.psmo(LIST, counter=0x800000))) == 6
    assert managed.card.state == before
    assert terminal.es10(eim.psmo(LIST, counter=2)).find(0xA0) is not None


def test_a_signed_error_is_signed(managed: Bench) -> None:
    answer = managed.terminal.es10(managed.eim.psmo(LIST, eid=bytes(16)))
    signed = answer.get(0xA1, 0x30).raw
    assert signed == tlv.build(
        0x30, tlv.build(0x80, b"eim.example.com"), b"\x81\x01\x01", tlv.build(0x82, TID), b"\x02\x01\x03"
    )
    assert findings("EuiccPackageResult", answer.raw) == []
    assert ecdsa.verify(certificate(managed).public_key, answer.get(0xA1, 0x5F37).value, signed + b"\x84\x01\x00")


@pytest.mark.parametrize("counter", [1, 2, 1000, 0x7FFFFF])
def test_a_counter_may_be_any_above_the_stored_one(managed: Bench, counter: int) -> None:
    assert managed.terminal.es10(managed.eim.psmo(LIST, counter=counter)).find(0xA0) is not None
    for refused in (counter, counter - 1, 0, -1, -(2**40)):
        assert error_code(managed.terminal.es10(managed.eim.psmo(LIST, counter=refused))) == 4


def test_counters_belong_to_eims_and_survive_a_reset(managed: Bench) -> None:
    other = Eim(managed.eim.eid, "other", seed="other")
    managed.terminal.es10(managed.eim.eco(other.configuration(tag=0xA8)))
    managed.terminal.es10(managed.eim.psmo(LIST, counter=1000))
    assert managed.terminal.es10(other.psmo(LIST)).find(0xA0) is not None
    managed.terminal.start()
    assert error_code(managed.terminal.es10(managed.eim.psmo(LIST, counter=1000))) == 4
    assert error_code(managed.terminal.es10(other.psmo(LIST, counter=1))) == 4


def test_every_single_bit_of_the_signature_counts(managed: Bench) -> None:
    package = bytearray(managed.eim.psmo(LIST))
    for bit in range(0, 512, 7):
        at = len(package) - 64 + bit // 8
        package[at] ^= 0x80 >> bit % 8
        assert managed.terminal.es10(bytes(package)).find(0xA2) is not None
        package[at] ^= 0x80 >> bit % 8
    assert managed.terminal.es10(bytes(package)).find(0xA0) is not None


@pytest.mark.parametrize("change", [lambda s: s[:-1], lambda s: s + b"\0", lambda s: b"", lambda s: bytes(64)])
def test_signatures_of_another_form_are_refused(managed: Bench, change: object) -> None:
    package = tlv.parse(managed.eim.psmo(LIST))
    assert callable(change)
    changed = tlv.build(0xBF51, package.get(0x30).raw, tlv.build(0x5F37, change(package.get(0x5F37).value)))
    assert managed.terminal.es10(changed).find(0xA2) is not None


def test_the_association_token_is_part_of_both_signatures(bench: Bench) -> None:
    bench.associate(-1)
    refused = bench.terminal.es10(bench.eim.psmo(LIST, token=0, counter=1))
    assert refused.get(0xA2, 0x84).raw == b"\x84\x01\x01"
    answer = bench.terminal.es10(bench.eim.psmo(LIST))
    message = answer.get(0xA0, 0x30).raw + b"\x84\x01\x01"
    assert ecdsa.verify(certificate(bench).public_key, answer.get(0xA0, 0x5F37).value, message)


@pytest.mark.parametrize("tid", [b"\x01", bytes(16), None])
def test_the_transaction_is_echoed(managed: Bench, tid: bytes | None) -> None:
    answer = managed.terminal.es10(managed.eim.psmo(LIST, tid=tid or 0))
    found = answer.get(0xA0, 0x30).find(0x82)
    assert (found.value if found else None) == tid


def test_what_cannot_be_a_package(managed: Bench) -> None:
    """Where the eimId can be read it is answered, else the status word says it all."""
    eim = managed.eim
    both = tlv.build(
        0x30,
        tlv.build(0x80, b"eim.example.com"),
        tlv.build(0x5A, eim.eid),
        b"\x81\x01\x01",
        b"\xa0\x00\xa1\x00",
    )
    signature = tlv.build(0x5F37, ecdsa.sign(eim.key, both + b"\x84\x01\x00"))
    assert managed.terminal.es10(tlv.build(0xBF51, both, signature)).find(0xA2) is not None
    assert managed.terminal.es10(eim.psmo(LIST, tid=bytes(17))).find(0xA2) is not None
    eim.eim_id = "e" * 129
    assert managed.terminal.send(eim.psmo(LIST)) == b""
    assert managed.terminal.sw == 0x6A80


def test_eim_id_of_128_characters(bench: Bench) -> None:
    bench.eim.eim_id = "e" * 128
    bench.associate()
    assert bench.terminal.es10(bench.eim.psmo(LIST)).get(0xA0, 0x30, 0x80).value == b"e" * 128


def test_enable_disable_delete(managed: Bench) -> None:
    a, b = managed.install("operational-a"), managed.install("operational-b")
    run = lambda *commands: results(managed.terminal.es10(managed.eim.psmo(*commands)))  # noqa: E731
    assert run(enable(UNKNOWN)) == ["830101"]
    assert run(disable(a)) == ["840102"]
    assert run(disable(UNKNOWN)) == ["840101"]
    assert run(enable(a, rollback=True)) == ["830114"]
    assert run(enable(a)) == ["830100"]
    assert run(enable(a)) == ["830102"]
    assert run(delete(a)) == ["850102"]
    assert run(delete(UNKNOWN)) == ["850101"]
    assert run(enable(b)) == ["830100"]
    assert [p.enabled for p in managed.card.state.profiles] == [False, True]
    assert run(disable(b)) == ["840100"]
    assert run(delete(b)) == ["850100"]
    assert [p.iccid for p in managed.card.state.profiles] == [a]
    assert len(managed.terminal.refreshes) == 3


def test_commands_run_until_the_first_failure(managed: Bench) -> None:
    a, b = managed.install("operational-a"), managed.install("operational-b")
    answer = managed.terminal.es10(managed.eim.psmo(enable(a), enable(UNKNOWN), delete(b)))
    assert results(answer) == ["830100", "830101"]
    assert [p.enabled for p in managed.card.state.profiles] == [True, False]


def test_one_enable_and_one_disable_a_package(managed: Bench) -> None:
    a, b = managed.install("operational-a"), managed.install("operational-b")
    run = lambda *commands: results(managed.terminal.es10(managed.eim.psmo(*commands)))  # noqa: E731
    assert run(enable(a), enable(b)) == ["830100", "83017f"]
    assert run(disable(a), enable(b)) == ["840100", "830100"]
    assert run(enable(a), disable(a)) == ["830100", "84017f"]
    assert run(disable(a), enable(b, rollback=True)) == ["840100", "830100"]
    assert managed.card.state.rollback is not None
    assert managed.card.state.rollback.previous_iccid == a


def test_a_list_behind_a_change_is_refused(managed: Bench) -> None:
    a = managed.install("operational-a")
    assert results(managed.terminal.es10(managed.eim.psmo(enable(a), LIST))) == ["830100", "bf2d0381010b"]


@pytest.mark.parametrize("command", [b"\xaf\x00", b"\xa3\x00", b"\xa3\x03\x5a\x01\x00"])
def test_unknown_or_damaged_commands_end_a_package(managed: Bench, command: bytes) -> None:
    answer = managed.terminal.es10(managed.eim.psmo(LIST, command, LIST))
    assert results(answer) == ["bf2d02a000", "020102"]


def test_no_commands_are_no_results(managed: Bench) -> None:
    assert results(managed.terminal.es10(managed.eim.psmo())) == []


def test_results_above_the_limit(make_bench: Maker) -> None:
    bench = make_bench(CardConfig(max_result_size=100))
    bench.associate()
    assert results(bench.terminal.es10(bench.eim.psmo(*[LIST] * 30))) == ["020101"]


def test_a_package_above_the_limit_is_refused_signed_and_costs_no_counter(make_bench: Maker) -> None:
    bench = make_bench(CardConfig(max_package_size=300))
    bench.associate()
    assert error_code(bench.terminal.es10(bench.eim.psmo(*[LIST] * 100))) == 15
    assert bench.card.state.eims[0].counter == 0
    assert results(bench.terminal.es10(bench.eim.psmo(LIST))) == ["bf2d02a000"]


def test_list_with_tags_and_searches(managed: Bench) -> None:
    a, b = managed.install("operational-a"), managed.install("operational-b")
    entries = lambda request: managed.terminal.es10(request).get(0xA0).children  # noqa: E731
    assert [[part.tag for part in entry.children] for entry in entries("BF2D00")] == [
        [0x5A, 0x4F, 0x9F70, 0x91, 0x92, 0x95, 0x9F67],
        [0x5A, 0x4F, 0x9F70, 0x91, 0x92, 0x95, 0x9F67],
    ]
    assert entries("BF2D035C015A")[0].raw == bytes.fromhex("E30C5A0A") + a
    assert [e.get(0x5A).value for e in entries(tlv.build(0xBF2D, tlv.build(0xA0, tlv.build(0x5A, b))))] == [b]
    aid = entries("BF2D00")[1].get(0x4F).value
    assert [e.get(0x5A).value for e in entries(tlv.build(0xBF2D, tlv.build(0xA0, tlv.build(0x4F, aid))))] == [b]
    assert len(entries("BF2D05A003950102")) == 2
    assert entries("BF2D05A003950100") == ()
    assert managed.terminal.es10("BF2D035C01C1").raw == bytes.fromhex("BF2D03810101")
    assert managed.terminal.es10("BF2D035C019F").raw == bytes.fromhex("BF2D03810101")
    answer = managed.terminal.es10(managed.eim.psmo(bytes.fromhex("BF2D045C029F70")))
    assert results(answer) == ["bf2d0ea00c" + "e3049f700100" * 2]


def test_rules_of_the_owner_are_obeyed(managed: Bench, trust: pki.CiSet) -> None:
    """PPR1 keeps a profile enabled, PPR2 keeps it installed."""
    package = managed.packages["operational-a"]
    metadata = encode("StoreMetadataRequest", {**package.metadata, "profilePolicyRules": named_bits([1, 2])})
    assert download(managed.terminal, Smdp(trust, managed.eim.eid), metadata, package.der).find(0xBF27, 0xA2, 0xA0)
    other = managed.install("operational-b")
    run = lambda *commands: results(managed.terminal.es10(managed.eim.psmo(*commands)))  # noqa: E731
    assert run(delete(package.iccid)) == ["850103"]
    assert run(enable(package.iccid)) == ["830100"]
    assert run(disable(package.iccid)) == ["840103"]
    assert run(enable(other)) == ["830103"]
    assert managed.card.state.enabled is not None
    assert managed.card.state.enabled.iccid == package.iccid


def test_an_open_proactive_session_keeps_profiles_as_they_are(managed: Bench) -> None:
    a, b = managed.install("operational-a"), managed.install("operational-b")
    package = managed.eim.psmo(enable(a))
    managed.terminal.apdu(bytes([0x81, 0xE2, 0x91, 0x00, len(package)]) + package)
    managed.terminal.fetch_all(1, 0x6100)
    assert managed.terminal.sw == 0x910B
    for command, expected in ((enable(b), "830105"), (disable(a), "840105")):
        package = managed.eim.psmo(command)
        managed.terminal.apdu(bytes([0x81, 0xE2, 0x91, 0x00, len(package)]) + package)
        assert results(tlv.parse(managed.terminal.fetch_all(1, 0x6100))) == [expected]
    managed.terminal.start()
    assert results(managed.terminal.es10(managed.eim.psmo(enable(b)))) == ["830100"]


def test_other_psmos(make_bench: Maker) -> None:
    bench = make_bench(CardConfig(authorisation=(AuthorisationRule((1,)),)))
    bench.associate()
    answer = bench.terminal.es10(
        bench.eim.psmo(
            bytes.fromhex("A600"),
            bytes.fromhex("A7028000"),
            tlv.build(0xBF65, tlv.build(0x80, b"dp.example.com")),
            bytes.fromhex("A900"),
        )
    )
    assert results(answer)[1:] == ["870100", "bf6503800100", "8e0102"]
    assert results(answer)[0].startswith("a6")
    assert bytes.fromhex(results(answer)[0])[2:] == bench.terminal.es10("BF4300").get(0xA0).value
    assert bench.card.state.default_smdp_address == "dp.example.com"
    assert bench.card.state.immediate.allowed


def test_fallback_attribute_moves(managed: Bench, trust: pki.CiSet) -> None:
    a, b = (managed.packages[name].iccid for name in ("operational-a", "operational-b"))
    for name in ("operational-a", "operational-b"):
        package = managed.packages[name]
        metadata = store_metadata(package.iccid, fallbackAllowed=True)
        download(managed.terminal, Smdp(trust, managed.eim.eid), metadata, package.der)
    fallback = lambda iccid: tlv.build(0xA8, tlv.build(0x5A, iccid))  # noqa: E731
    run = lambda *commands: results(managed.terminal.es10(managed.eim.psmo(*commands)))  # noqa: E731
    assert run(fallback(a), fallback(b), fallback(b)) == ["8d0100"] * 3
    assert [p.fallback for p in managed.card.state.profiles] == [False, True]
    assert run(fallback(UNKNOWN)) == ["8d0101"]
    assert managed.terminal.es10("BF2D045C029F26").raw == bytes.fromhex("BF2D0AA008 E300 E3049F2601FF")
    assert run(bytes.fromhex("A900"), bytes.fromhex("A900")) == ["8e0100", "8e0102"]


def test_fallback_and_return(make_bench: Maker, trust: pki.CiSet) -> None:
    bench = make_bench(CardConfig(fallback_supported=True))
    bench.associate()
    run = lambda *commands: results(bench.terminal.es10(bench.eim.psmo(*commands)))  # noqa: E731
    execute = lambda: bench.terminal.es10("BF5D038001FF").value.hex()  # noqa: E731
    back = lambda: bench.terminal.es10("BF5E038001FF").value.hex()  # noqa: E731
    a, b = (bench.packages[name].iccid for name in ("operational-a", "operational-b"))
    for name in ("operational-a", "operational-b"):
        package = bench.packages[name]
        metadata = store_metadata(package.iccid, fallbackAllowed=True)
        download(bench.terminal, Smdp(trust, bench.eim.eid), metadata, package.der)
    assert execute() == "800107"
    run(enable(a))
    assert execute() == "800106"
    run(tlv.build(0xA8, tlv.build(0x5A, b)))
    assert back() == "800106"
    assert execute() == "800100"
    assert bench.card.state.enabled == bench.card.state.profile(b)
    assert execute() == "800102"
    assert run(delete(a)) == ["850115"]
    assert run(tlv.build(0xA8, tlv.build(0x5A, a))) == ["8d0103"]
    assert run(bytes.fromhex("A900")) == ["8e0103"]
    assert back() == "800100"
    assert bench.card.state.enabled == bench.card.state.profile(a)
    assert back() == "800106"
    assert len(bench.terminal.refreshes) == 3


def test_rollback(managed: Bench) -> None:
    a, b = managed.install("operational-a"), managed.install("operational-b")
    managed.terminal.es10(managed.eim.psmo(enable(a)))
    assert managed.terminal.es10("BF58038001FF").raw == bytes.fromhex("BF5803020101")
    granting = managed.terminal.es10(managed.eim.psmo(enable(b, rollback=True)))
    refreshes = len(managed.terminal.refreshes)
    answer = managed.terminal.es10("BF58038001FF")
    assert answer.get(0x02).raw == b"\x02\x01\x00"
    inner = answer.get(0xBF51)
    assert results(inner) == ["8c0100"]
    for tag in (0x80, 0x81, 0x82):
        assert inner.get(0xA0, 0x30, tag).raw == granting.get(0xA0, 0x30, tag).raw
    signed = inner.get(0xA0, 0x30).raw + b"\x84\x01\x00"
    assert ecdsa.verify(certificate(managed).public_key, inner.get(0xA0, 0x5F37).value, signed)
    assert len(managed.terminal.refreshes) == refreshes + 1
    assert managed.card.state.enabled == managed.card.state.profile(a)
    stored = managed.terminal.es10("BF2B04A0028200").get(0xA2).children
    assert inner.raw in [result.raw for result in stored]
    assert granting.raw not in [result.raw for result in stored]
    assert managed.terminal.es10("BF58038001FF").raw == bytes.fromhex("BF5803020101")


def test_rollback_without_refresh(managed: Bench) -> None:
    a, b = managed.install("operational-a"), managed.install("operational-b")
    managed.terminal.es10(managed.eim.psmo(enable(a)))
    managed.terminal.es10(managed.eim.psmo(enable(b, rollback=True)))
    refreshes = len(managed.terminal.refreshes)
    assert managed.terminal.es10("BF5803800100").get(0x02).value == b"\x00"
    assert len(managed.terminal.refreshes) == refreshes


def test_a_grant_ends_with_the_next_package_and_survives_a_reset(managed: Bench) -> None:
    a, b = managed.install("operational-a"), managed.install("operational-b")
    managed.terminal.es10(managed.eim.psmo(enable(a)))
    managed.terminal.es10(managed.eim.psmo(enable(b, rollback=True)))
    managed.terminal.es10(managed.eim.psmo(LIST, eid=bytes(16)))
    managed.terminal.start()
    assert managed.card.state.rollback is not None
    managed.terminal.es10(managed.eim.psmo(LIST, counter=100))
    assert managed.terminal.es10("BF58038001FF").raw == bytes.fromhex("BF5803020101")


def test_the_profile_to_return_to_cannot_be_deleted_in_the_same_package(managed: Bench) -> None:
    a, b = managed.install("operational-a"), managed.install("operational-b")
    managed.terminal.es10(managed.eim.psmo(enable(a)))
    answer = managed.terminal.es10(managed.eim.psmo(enable(b, rollback=True), delete(a)))
    assert results(answer) == ["830100", "850114"]
    assert results(managed.terminal.es10(managed.eim.psmo(delete(a)))) == ["850100"]


def test_ecos(managed: Bench) -> None:
    eim, run = managed.eim, lambda *commands: results(managed.terminal.es10(managed.eim.eco(*commands)))
    second, third = Eim(eim.eid, "second", seed="second"), Eim(eim.eid, "third", seed="third")
    assert run(second.configuration(tag=0xA8)) == ["a803020100"]
    assert run(second.configuration(tag=0xA8)) == ["a803020102"]
    assert run(third.configuration(tag=0xA8, token=-1)) == ["a803840101"]
    assert run(third.configuration(tag=0xA8, token=9)) == ["a803020102"]
    listed = [
        tlv.build(0x30, tlv.build(0x80, name.encode()), b"\x82\x01\x02") for name in (eim.eim_id, "second", "third")
    ]
    assert run(b"\xab\x00") == [tlv.build(0xAB, tlv.build(0xA0, *listed)).hex()]
    assert run(tlv.build(0xA9, tlv.build(0x80, b"nobody"))) == ["890101"]
    assert run(tlv.build(0xA9, tlv.build(0x80, b"third"))) == ["890100"]
    assert managed.terminal.es10(second.psmo(LIST)).find(0xA0) is not None


def test_a_proprietary_eim_is_listed_without_its_type(managed: Bench) -> None:
    configuration = Eim(b"", "private").configuration(tag=0xA8).replace(b"\x82\x01\x02", b"\x82\x01\x03")
    answer = managed.terminal.es10(managed.eim.eco(configuration, b"\xab\x00"))
    assert results(answer)[1].endswith(tlv.build(0x30, tlv.build(0x80, b"private")).hex())


def test_update_eim(managed: Bench) -> None:
    second = Eim(managed.eim.eid, "second", seed="second")
    run = lambda *commands: results(managed.terminal.es10(managed.eim.eco(*commands)))  # noqa: E731
    managed.terminal.es10(managed.eim.eco(second.configuration(tag=0xA8, counter=50)))
    name = tlv.build(0x80, b"second")
    assert run(tlv.build(0xAA, name)) == ["8a0107"]
    assert run(tlv.build(0xAA, name, b"\x84\x01\x05")) == ["8a0107"]
    assert run(tlv.build(0xAA, name, b"\x83\x01\x05")) == ["8a0106"]
    assert run(tlv.build(0xAA, tlv.build(0x80, b"nobody"), b"\x83\x01\x05")) == ["8a0101"]
    renewed = Eim(managed.eim.eid, "second", seed="new key")
    assert run(renewed.configuration(tag=0xAA, counter=5)) == ["8a0100"]
    assert managed.terminal.es10(second.psmo(LIST, counter=60)).find(0xA2) is not None
    assert managed.terminal.es10(renewed.psmo(LIST, counter=6)).find(0xA0) is not None


def test_the_last_eim_may_delete_itself(managed: Bench) -> None:
    """Its result is still signed, and then the card may be associated anew."""
    answer = managed.terminal.es10(managed.eim.eco(tlv.build(0xA9, tlv.build(0x80, managed.eim.eim_id.encode()))))
    assert results(answer) == ["890102"]
    signed = answer.get(0xA0, 0x30).raw + b"\x84\x01\x00"
    assert ecdsa.verify(certificate(managed).public_key, answer.get(0xA0, 0x5F37).value, signed)
    assert managed.card.state.eims == ()
    managed.associate()


def test_immediate_enable(bench: Bench, trust: pki.CiSet) -> None:
    assert bench.terminal.es10("BF59028000").raw == bytes.fromhex("BF5903800100")
    assert bench.terminal.es10("BF5A038001FF").raw == bytes.fromhex("BF5A03800104")
    iccid = bench.install("operational-a")
    assert bench.terminal.es10("BF5A038001FF").raw == bytes.fromhex("BF5A03800100")
    assert bench.card.state.enabled is not None
    assert bench.card.state.enabled.iccid == iccid
    bench.associate()
    assert bench.terminal.es10("BF59028000").raw == bytes.fromhex("BF5903800102")


def test_metadata_shown_is_metadata_stored(managed: Bench, trust: pki.CiSet) -> None:
    package = managed.packages["operational-a"]
    metadata = store_metadata(package.iccid, iconType=1, icon=b"\x89PNG", ecallIndication=True, fallbackAllowed=True)
    download(managed.terminal, Smdp(trust, managed.eim.eid), metadata, package.der)
    request = tlv.build(0xBF2D, tlv.build(0x5C, bytes.fromhex("9394959F7B9F67")))
    (entry,) = managed.terminal.es10(request).get(0xA0).children
    assert entry.raw == bytes.fromhex("E314 930101 940489504E47 950102 9F7B01FF 9F6701FF")
