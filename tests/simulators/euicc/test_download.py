"""Mutual authentication and installation, with every fault on the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from harness.codec import encode, encode_pe, findings, named_bits, split_profile_package, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa, pki
from harness.crypto.certificates import Certificate
from harness.crypto.roles import Role
from harness.simulators.euicc import AuthorisationRule, CardConfig
from harness.simulators.euicc.es10 import es8
from harness.simulators.euicc.filesystem import EF_ICCID, EF_IMSI
from tests.simulators.euicc.conftest import Bench, Maker
from tests.simulators.euicc.support import Bound, Smdp, download, enable, load, store_metadata

Change = Callable[[Bound], Bound]


@pytest.fixture
def smdp(bench: Bench, trust: pki.CiSet) -> Smdp:
    return Smdp(trust, bench.card.config.eid)


def challenge(bench: Bench) -> bytes:
    return bench.terminal.es10("BF2E00").get(0x80).value


def prepared(bench: Bench, smdp: Smdp) -> Tlv:
    answer = bench.terminal.es10(smdp.authenticate(challenge(bench)))
    return bench.terminal.es10(smdp.prepare(answer))


def bound(bench: Bench, smdp: Smdp, **changes: object) -> Bound:
    package = bench.packages["operational-a"]
    metadata = encode("StoreMetadataRequest", {**package.metadata, **changes})
    return smdp.bind(prepared(bench, smdp), metadata, package.der)


def error(answer: Tlv) -> tuple[int, int]:
    """bppCommandId and errorReason of a Profile Installation Result."""
    final = answer.get(0xBF27, 0xA2, 0xA1)
    return final.get(0x80).value[0], final.get(0x81).value[0]


def on_another_curve(trust: pki.CiSet, role: Role) -> bytes:
    key = ec.derive_private_key(7, ec.SECP384R1())
    return trust.issue(role, trust.blueprint(role), label="P-384", private_key=key).certificate


@pytest.mark.parametrize("curve", ["nist", "brainpool"])
def test_authentication_is_signed_over_what_was_sent(bench: Bench, credentials: pki.TestPki, curve: str) -> None:
    smdp = Smdp(credentials.trust(curve), bench.card.config.eid)
    request = smdp.authenticate(challenge(bench))
    answer = bench.terminal.es10(request)
    assert findings("AuthenticateServerResponse", answer.raw) == []
    signed1, signature, euicc, eum = answer.get(0xA0).children
    assert Certificate(eum.raw).authority_key_id == smdp.trust.ci_key_id
    assert ecdsa.verify(Certificate(euicc.raw).public_key, signature.value, signed1.raw)
    assert [part.tag for part in signed1.children] == [0x80, 0x83, 0x84, 0xBF22, 0xA0]
    assert signed1.get(0xBF22).raw == bench.terminal.es10("BF2200").raw
    assert signed1.get(0xA0).raw == tlv.parse(request).get(0xA0).raw


def test_a_challenge_serves_once(bench: Bench, smdp: Smdp) -> None:
    request = smdp.authenticate(challenge(bench))
    assert bench.terminal.es10(request).find(0xA0) is not None
    again = bench.terminal.es10(request)
    assert again.raw == tlv.build(0xBF38, tlv.build(0xA1, tlv.build(0x80, smdp.tid), b"\x02\x01\x04"))


def test_authentication_errors(bench: Bench, smdp: Smdp, credentials: pki.TestPki) -> None:
    trust = smdp.trust
    given = challenge(bench)
    code = lambda request: bench.terminal.es10(request).get(0xA1, 0x02).value[0]  # noqa: E731
    assert code(smdp.authenticate(given, ci=bytes(20))) == 7
    assert code(smdp.authenticate(given, ci=credentials.trust("brainpool").ci_key_id)) == 1
    assert code(smdp.authenticate(given, certificate=trust.dp_pb.certificate)) == 1
    assert code(smdp.authenticate(given, certificate=trust.dp_tls.certificate)) == 1
    assert code(smdp.authenticate(given, certificate=trust.eim_sign.certificate)) == 5
    assert code(smdp.authenticate(given, certificate=tlv.build(0x30))) == 5
    assert code(smdp.authenticate(given, certificate=on_another_curve(trust, Role.DP_AUTH))) == 3
    broken = bytearray(trust.dp_auth.certificate)
    broken[-1] ^= 0x01
    assert code(smdp.authenticate(given, certificate=bytes(broken))) == 1
    assert code(smdp.authenticate(bytes(16))) == 6
    request = tlv.parse(smdp.authenticate(given))
    forged = tlv.build(
        0xBF38, request.children[0].raw, tlv.build(0x5F37, bytes(64)), *(part.raw for part in request.children[2:])
    )
    assert code(forged) == 2
    assert bench.terminal.es10(smdp.authenticate(given)).find(0xA0) is not None


def test_an_smds_may_authenticate_too(bench: Bench, smdp: Smdp) -> None:
    signed = tlv.parse(smdp.authenticate(challenge(bench))).children[0].raw
    signature = tlv.build(0x5F37, ecdsa.sign(smdp.trust.ds_auth.private_key, signed))
    request = tlv.parse(smdp.authenticate(bench.card.state.default_smdp_address.encode() or bytes(16)))
    rest = [request.children[2].raw, smdp.trust.identity(Role.DS_AUTH).certificate, request.children[4].raw]
    assert bench.terminal.es10(tlv.build(0xBF38, signed, signature, *rest)).find(0xA0) is not None


def test_preparation(bench: Bench, smdp: Smdp) -> None:
    answer = bench.terminal.es10(smdp.authenticate(challenge(bench)))
    euicc = Certificate(answer.get(0xA0).children[2].raw)
    request = smdp.prepare(answer, hash_cc=b"\xcc" * 32)
    answer = bench.terminal.es10(request)
    assert findings("PrepareDownloadResponse", answer.raw) == []
    signed2, signature = answer.get(0xA0).children
    assert [part.tag for part in signed2.children] == [0x80, 0x5F49, 0x04]
    assert signed2.get(0x04).value == b"\xcc" * 32
    covered = signed2.raw + tlv.parse(request).get(0x5F37).raw
    assert ecdsa.verify(euicc.public_key, signature.value, covered)


def test_preparation_errors(bench: Bench, smdp: Smdp) -> None:
    code = lambda request: bench.terminal.es10(request).get(0xA1, 0x02).value[0]  # noqa: E731
    answer = tlv.parse(tlv.build(0xBF38, tlv.build(0xA0, tlv.build(0x5F37, bytes(64)))))
    assert code(smdp.prepare(answer)) == 4
    answer = bench.terminal.es10(smdp.authenticate(challenge(bench)))
    assert code(smdp.prepare(answer, tid=bytes(16))) == 5
    request = tlv.parse(smdp.prepare(answer))
    signed2, signature, certificate = request.children
    assert code(tlv.build(0xBF21, signed2.raw, signature.raw, smdp.trust.dp_auth.certificate)) == 1
    assert code(tlv.build(0xBF21, signed2.raw, tlv.build(0x5F37, bytes(64)), certificate.raw)) == 2
    elsewhere = on_another_curve(smdp.trust, Role.DP_PB)
    assert code(tlv.build(0xBF21, signed2.raw, signature.raw, elsewhere)) == 3
    other = smdp.trust.issue(
        Role.DP_PB,
        smdp.trust.blueprint(Role.DP_PB).__class__(
            **{**vars_of(smdp.trust.blueprint(Role.DP_PB)), "owner": "2.999.77"}
        ),
        label="other",
    )
    assert code(tlv.build(0xBF21, signed2.raw, signature.raw, other.certificate)) == 1
    required = tlv.build(0x30, tlv.build(0x80, smdp.tid), b"\x01\x01\xff")
    signed = tlv.build(0x5F37, ecdsa.sign(smdp.trust.dp_pb.private_key, required + answer.get(0xA0, 0x5F37).raw))
    assert code(tlv.build(0xBF21, required, signed, certificate.raw)) == 127
    assert bench.terminal.es10(request.raw).find(0xA0) is not None


def vars_of(blueprint: object) -> dict[str, object]:
    from dataclasses import fields

    return {field.name: getattr(blueprint, field.name) for field in fields(blueprint)}  # type: ignore[arg-type]


@pytest.mark.parametrize("ppk", [True, False])
@pytest.mark.parametrize("curve", ["nist", "brainpool"])
def test_installation(bench: Bench, credentials: pki.TestPki, curve: str, ppk: bool) -> None:
    package = bench.packages["operational-a"]
    smdp = Smdp(credentials.trust(curve), bench.card.config.eid)
    metadata = encode("StoreMetadataRequest", dict(package.metadata))
    answer = download(bench.terminal, smdp, metadata, package.der, ppk=ppk)
    assert findings("ProfileInstallationResult", answer.raw) == []
    data = answer.get(0xBF27)
    assert data.get(0x80).value == smdp.tid
    assert data.get(0xBF2F).raw == tlv.build(
        0xBF2F, b"\x80\x01\x01\x81\x02\x07\x80", tlv.build(0x0C, b"smdp.example.com"), tlv.build(0x5A, package.iccid)
    )
    assert data.get(0xA2).raw == bytes.fromhex("A21FA01D 4F10 A0000005591010FFFFFFFF8900001000 0409 3007A0053003800100")
    certificate = Certificate(credentials.euicc_identity(curve, bench.card.config.eid).certificate)
    assert ecdsa.verify(certificate.public_key, answer.get(0x5F37).value, data.raw)
    (profile,) = bench.card.state.profiles
    assert (profile.iccid, profile.enabled, profile.metadata) == (package.iccid, False, metadata)
    assert bench.terminal.es10("BF2B05A003800101").get(0xA0).value == answer.raw


def flipped(segments: list[bytes], which: int, at: int) -> list[bytes]:
    changed = bytearray(segments[which])
    changed[at] ^= 0x01
    return (
        [*segments[:which], bytes(changed), *segments[which + 1 :]] if which != -1 else [*segments[:-1], bytes(changed)]
    )


def _forged_signature(parts: Bound) -> None:
    parts.secure_channel = parts.secure_channel[:-64] + bytes(64)


def _bad_configure(parts: Bound) -> None:
    parts.a0 = flipped(parts.a0, 0, -1)


def _bad_metadata(parts: Bound) -> None:
    parts.a1 = flipped(parts.a1, 0, 10)


def _bad_keys(parts: Bound) -> None:
    parts.a2 = flipped(parts.a2, 0, 5)


def _bad_first(parts: Bound) -> None:
    parts.a3 = flipped(parts.a3, 0, 100)


def _bad_last(parts: Bound) -> None:
    parts.a3 = flipped(parts.a3, -1, -1)


def _swapped(parts: Bound) -> None:
    parts.a3 = [parts.a3[1], parts.a3[0], *parts.a3[2:]]


def _dropped(parts: Bound) -> None:
    parts.a3 = parts.a3[1:]


def _short(parts: Bound) -> None:
    parts.a3 = parts.a3[:-1]


def _wrong_tag(parts: Bound) -> None:
    parts.a3 = [b"\x87" + parts.a3[0][1:], *parts.a3[1:]]


def _too_long(parts: Bound) -> None:
    parts.a3 = [tlv.build(0x86, bytes(1024)), *parts.a3]


@pytest.mark.parametrize(
    ("fault", "command", "reason"),
    [
        (_forged_signature, 0, 2),
        (_bad_configure, 1, 8),
        (_bad_metadata, 2, 8),
        (_bad_keys, 4, 8),
        (_bad_first, 5, 8),
        (_bad_last, 5, 8),
        (_swapped, 5, 8),
        (_dropped, 5, 8),
        (_short, 5, 12),
        (_wrong_tag, 5, 1),
        (_too_long, 5, 7),
    ],
)
def test_a_fault_ends_the_installation_and_leaves_nothing(
    bench: Bench, smdp: Smdp, fault: Callable[[Bound], None], command: int, reason: int
) -> None:
    parts = bound(bench, smdp)
    fault(parts)
    answer = load(bench.terminal, parts.chains())
    assert error(answer) == (command, reason)
    assert findings("ProfileInstallationResult", answer.raw) == []
    assert bench.card.state.profiles == ()
    assert bench.terminal.es10("BF2B00").get(0xA0).value == answer.raw
    assert bench.terminal.send(parts.a3[0]) == b""
    assert bench.terminal.sw == 0x6985
    assert load(bench.terminal, bound(bench, smdp).chains()).find(0xBF27, 0xA2, 0xA0) is not None


def test_secure_channel_errors(bench: Bench, smdp: Smdp) -> None:
    """Right signature, wrong contents."""
    for change, reason in ((b"\x82\x01\x02", 5), (b"\x80\x01\x89", 4)):
        answer = prepared(bench, smdp)
        parts = smdp.bind(answer, b"", b"")
        head = tlv.parse(parts.secure_channel)
        covered = b"".join(part.raw for part in head.children[:-1])
        covered = covered.replace(change[:2] + (b"\x01" if reason == 5 else b"\x88"), change, 1)
        point = answer.get(0xA0, 0x30, 0x5F49).raw
        signature = ecdsa.sign(smdp.trust.dp_pb.private_key, covered + point)
        parts.secure_channel = tlv.build(0xBF23, covered, tlv.build(0x5F37, signature))
        assert error(load(bench.terminal, parts.chains())) == (0, reason)
    parts = smdp.bind(prepared(bench, smdp), b"", b"", tid=bytes(16))
    assert error(load(bench.terminal, parts.chains())) == (0, 3)


def test_metadata_errors(make_bench: Maker, trust: pki.CiSet) -> None:
    bench = make_bench(CardConfig(authorisation=(AuthorisationRule((1,)),)))
    smdp = Smdp(trust, bench.card.config.eid)
    assert error(load(bench.terminal, bound(bench, smdp, profileClass=7).chains())) == (2, 6)
    refused = bound(bench, smdp, profilePolicyRules=named_bits([2]))
    assert error(load(bench.terminal, refused.chains())) == (2, 15)
    parts = smdp.bind(prepared(bench, smdp), tlv.build(0xBF25, b"\x5a\x01\x00"), b"")
    assert error(load(bench.terminal, parts.chains())) == (2, 1)
    other = bound(bench, smdp, iccid=bytes.fromhex("98111111111111111111"))
    assert error(load(bench.terminal, other.chains())) == (5, 13)
    taken = bound(bench, smdp, profilePolicyRules=named_bits([1]))
    assert load(bench.terminal, taken.chains()).find(0xBF27, 0xA2, 0xA0) is not None


@pytest.mark.parametrize("data", [b"", bytes.fromhex("B806800488371401")])
def test_what_the_smdp_configures_for_itself_is_listed(bench: Bench, smdp: Smdp, data: bytes) -> None:
    package = bench.packages["operational-a"]
    metadata = encode("StoreMetadataRequest", dict(package.metadata))
    load(bench.terminal, smdp.bind(prepared(bench, smdp), metadata, package.der, configuration=data).chains())
    assert bench.terminal.es10("BF2D035C01B8").raw == tlv.build(0xBF2D, tlv.build(0xA0, tlv.build(0xE3, data)))


def test_an_iccid_is_installed_once(bench: Bench, smdp: Smdp) -> None:
    bench.install("operational-a")
    before = bench.card.state.profiles
    assert error(load(bench.terminal, bound(bench, smdp).chains())) == (2, 9)
    assert bench.card.state.profiles == before


def test_memory_is_not_endless(make_bench: Maker, trust: pki.CiSet) -> None:
    bench = make_bench(CardConfig(memory_size=1000))
    assert error(load(bench.terminal, bound(bench, Smdp(trust, bench.card.config.eid)).chains())) == (5, 10)


@pytest.mark.parametrize("stop", range(1, 9))
def test_a_reset_in_the_middle_leaves_nothing(bench: Bench, smdp: Smdp, stop: int) -> None:
    info = bench.terminal.es10("BF2200").raw
    before = bench.card.snapshot()
    for chain in bound(bench, smdp).chains()[:stop]:
        assert bench.terminal.send(chain) == b""
    bench.terminal.start()
    assert bench.card.snapshot() == before
    assert bench.terminal.es10("BF2200").raw == info
    assert bench.terminal.send(bound(bench, smdp).a3[0]) == b""
    assert bench.terminal.sw == 0x6985
    bench.install("operational-a")


def _pe(name: str, value: dict[str, object]) -> bytes:
    return encode_pe((name, value))


def test_profile_elements_that_cannot_be_processed(bench: Bench, smdp: Smdp) -> None:
    package = bench.packages["operational-a"]
    metadata = encode("StoreMetadataRequest", dict(package.metadata))
    header, *others = split_profile_package(package.der)
    unknown = _pe("rfu1", {})
    cases = {
        "no header": (b"".join(others), 5),
        "two headers": (header + package.der, 5),
        "something behind the end": (package.der + others[0], 5),
        "no end": (package.der[: -len(others[-1])], 5),
        "no files": (header + others[-1], 3),
        "no element": (b"\x30\x03\x02\x01\x00", 5),
        "another version": (header.replace(b"\x80\x01" + header[4:5], b"\x80\x01\x09", 1) + b"".join(others), 31),
    }
    for name, (der, status) in cases.items():
        answer = load(bench.terminal, smdp.bind(prepared(bench, smdp), metadata, der).chains())
        assert error(answer) == (5, 12), name
        response = answer.get(0xBF27, 0xA2, 0xA1, 0x82).value
        assert tlv.parse(response).get(0xA0, 0x30, 0x80).value == bytes([status]), name
        assert tlv.parse(response).get(0x81).raw == b"\x81\x00"
    assert unknown == b"\xab\x00"
    der = header + unknown + b"".join(others)
    answer = load(bench.terminal, smdp.bind(prepared(bench, smdp), metadata, der).chains())
    assert answer.find(0xBF27, 0xA2, 0xA0) is not None


def test_cancelling(bench: Bench, smdp: Smdp) -> None:
    for reason in (0, 1, 2, 3, 4, 5, 127):
        bench.terminal.es10(smdp.authenticate(challenge(bench)))
        request = tlv.build(0xBF41, tlv.build(0x80, smdp.tid), tlv.build(0x81, bytes([reason])))
        answer = bench.terminal.es10(request)
        assert findings("CancelSessionResponse", answer.raw) == []
        signed, signature = answer.get(0xA0).children
        assert [part.tag for part in signed.children] == [0x80, 0x81, 0x82]
        assert signed.get(0x82).value == bytes([reason])
        key = Certificate(bench.terminal.es10("BF5600").get(0xA0).children[1].raw.replace(b"\xa6", b"\x30", 1))
        assert ecdsa.verify(key.public_key, signature.value, signed.raw)
        assert bench.terminal.es10(request).raw == bytes.fromhex("BF4103810105")


def test_a_retry_may_use_the_one_time_key_again(bench: Bench, smdp: Smdp) -> None:
    first = prepared(bench, smdp).get(0xA0, 0x30, 0x5F49)
    answer = bench.terminal.es10(smdp.authenticate(challenge(bench)))
    signed2 = tlv.build(0x30, tlv.build(0x80, smdp.tid), b"\x01\x01\x00", first.raw)
    signature = ecdsa.sign(smdp.trust.dp_pb.private_key, signed2 + answer.get(0xA0, 0x5F37).raw)
    request = tlv.build(0xBF21, signed2, tlv.build(0x5F37, signature), smdp.trust.dp_pb.certificate)
    assert bench.terminal.es10(request).get(0xA0, 0x30, 0x5F49).raw == first.raw
    assert prepared(bench, smdp).get(0xA0, 0x30, 0x5F49).raw != first.raw


def test_the_enabled_profile_can_be_read(bench: Bench) -> None:
    """EF_ICCID below the MF, EF_IMSI below the USIM; nothing before a profile is enabled."""
    apdu = lambda command: bench.terminal.apdu(bytes.fromhex(command))  # noqa: E731
    assert apdu("00A40004023F0000") == (b"", 0x6A82)
    a, b = bench.install("operational-a"), bench.install("operational-b")
    bench.associate()
    for iccid in (a, b):
        bench.terminal.es10(bench.eim.psmo(enable(iccid)))
        files = {file.path: file.contents for file in bench.card.state.profile(iccid).files}  # type: ignore[union-attr]
        fcp, sw = apdu("00A40004022FE200")
        assert sw == 0x9000
        assert tlv.parse(fcp).get(0x80).value == b"\x00\x0a"
        assert apdu("00B000000A") == (iccid, 0x9000)
        assert apdu("00B0000000") == (iccid, 0x9000)
        assert apdu("00B000000B") == (b"", 0x6C0A)
        assert apdu("00B0000802") == (iccid[8:], 0x9000)
        assert apdu("00B0000A01") == (b"", 0x6B00)
        assert files[EF_ICCID] == iccid
        assert apdu("00A4040007A000000087100200")[1] == 0x9000
        assert apdu("00A40004026F0700")[1] == 0x9000
        assert apdu("00B0000009") == (files[EF_IMSI], 0x9000)
        assert apdu("00A40804047FFF6F0700")[1] == 0x9000
        assert apdu("00A40004022F0000")[1] == 0x9000
        record, sw = apdu("00B2010400")
        assert (tlv.first(record).tag, sw) == (0x61, 0x9000)
        assert apdu("00B2090400")[1] == 0x6A83
        assert apdu("00B000000A")[1] == 0x6981
        assert apdu("00A40004026F9900") == (b"", 0x6A82)
    assert apdu("80F2000000")[1] == 0x9000


def test_store_metadata_may_come_in_several_segments(bench: Bench, smdp: Smdp) -> None:
    package = bench.packages["operational-a"]
    metadata = store_metadata(package.iccid, iconType=0, icon=bytes(1024))
    parts = smdp.bind(prepared(bench, smdp), metadata, package.der)
    assert len(parts.a1) == 2
    assert load(bench.terminal, parts.chains()).find(0xBF27, 0xA2, 0xA0) is not None


def test_metadata_of_another_profile_end_the_installation(bench: Bench, smdp: Smdp) -> None:
    for plmn in ("99F979", "00F110"):
        parts = bound(bench, smdp, profileOwner={"mccMnc": bytes.fromhex(plmn)})
        answer = load(bench.terminal, parts.chains())
        assert (answer.find(0xBF27, 0xA2, 0xA0) is not None) is (plmn == "00F110")
        assert plmn == "00F110" or error(answer) == (5, 13)


def test_policy_rules_need_an_owner(bench: Bench, smdp: Smdp) -> None:
    package = bench.packages["operational-a"]
    rules = {"profilePolicyRules": named_bits([0, 2])}
    nobodys = {name: value for name, value in package.metadata.items() if name != "profileOwner"}
    refused = smdp.bind(prepared(bench, smdp), encode("StoreMetadataRequest", {**nobodys, **rules}), package.der)
    assert error(load(bench.terminal, refused.chains())) == (2, 15)
    assert load(bench.terminal, bound(bench, smdp, **rules).chains()).find(0xBF27, 0xA2, 0xA0) is not None


def test_a_test_profile_has_no_key_of_an_operator(bench: Bench, smdp: Smdp) -> None:
    assert error(load(bench.terminal, bound(bench, smdp, profileClass=0).chains())) == (5, 14)
    bench.install("test")


def test_files_take_the_room_they_ask_for(bench: Bench, smdp: Smdp) -> None:
    package = bench.packages["operational-a"]
    *others, last = split_profile_package(package.der)
    file = {"fileDescriptor": bytes.fromhex("4121"), "fileID": bytes.fromhex("4F01"), "efFileSize": b"\x10\x00"}
    commands = [[("createFCP", file), ("fillFileContent", bytes(0x100))]]
    large = _pe("genericFileManagement", {"gfm-header": {"identification": 99}, "fileManagementCMD": commands})
    der = b"".join((*others, large, last))
    answer = load(bench.terminal, smdp.bind(prepared(bench, smdp), store_metadata(package.iccid), der).chains())
    assert answer.find(0xBF27, 0xA2, 0xA0) is not None
    (profile,) = bench.card.state.profiles
    assert profile.size - len(der) >= 0x0F00
    bench.install("operational-b")
    other = bench.card.state.profiles[-1].size - len(bench.packages["operational-b"].der)
    assert profile.size - len(der) == 0x0F00 + other


def test_what_is_not_to_be_stored_is_not(bench: Bench, smdp: Smdp) -> None:
    data = [{"vendorOid": "2.999.32", "vendorSpecificData": b"\xc0"}]
    both = {"serviceSpecificDataStoredInEuicc": data, "serviceSpecificDataNotStoredInEuicc": data}
    assert load(bench.terminal, bound(bench, smdp, **both).chains()).find(0xBF27, 0xA2, 0xA0) is not None
    (profile,) = bench.card.state.profiles
    assert profile.field(0xBF22) is not None
    assert profile.field(0xBF23) is None


def test_session_keys_are_replaced_by_keys_of_their_length_only(bench: Bench, smdp: Smdp) -> None:
    package = bench.packages["operational-a"]
    metadata = encode("StoreMetadataRequest", dict(package.metadata))
    longer = smdp.bind(prepared(bench, smdp), metadata, package.der, key_size=32)
    assert error(load(bench.terminal, longer.chains())) == (4, 1)


def test_a_fault_is_told_with_its_command(bench: Bench, smdp: Smdp) -> None:
    for name, command in {"a0": 1, "a1": 2, "a2": 4, "a3": 5}.items():
        parts = bound(bench, smdp)
        setattr(parts, name, flipped(getattr(parts, name), 0, -1))
        assert error(load(bench.terminal, parts.chains())) == (command, 8), name


def test_proprietary_data_of_the_smdp_have_128_octets_at_most() -> None:
    assert es8.proprietary_data_fits(tlv.build(0xB8, bytes(126)))
    assert not es8.proprietary_data_fits(tlv.build(0xB8, bytes(127)))
