"""Exchanges between other implementations, replayed against the card: what theirs took, ours takes."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.codec import encode, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa, pki
from harness.crypto.certificates import Certificate
from harness.crypto.entropy import Entropy
from harness.crypto.pki import EuiccIdentity
from harness.profiles import ready_made
from harness.rules import Rules
from harness.simulators.euicc import CONFORMING, CardConfig, SimulatedEuicc, VolatileMemory, serial
from harness.simulators.euicc.device import Purpose
from harness.simulators.euicc.state import CardState, EimAssociation, Profile
from tests.simulators.euicc.support import ISDR, Smdp, Terminal, chains_of, download, load, store_metadata

DATA = os.environ.get("SGP32_TEST_DATA", "")
pytestmark = pytest.mark.skipif(not DATA, reason="SGP32_TEST_DATA is not set: real data is not at hand")

DOWNLOADS = ("download-ts48-v7-bertlv-suci", "download-ts48-v2-unique")
STRUCTURE_ERROR, LOAD_ELEMENTS, ICCID_EXISTS = 7, 5, 9


def capture(name: str) -> Any:
    return json.loads((Path(DATA) / "captures" / f"{name}.json").read_text())


def following(captured: dict[str, str]) -> Rules:
    """A card that draws and signs what the captured one did, where the rest hangs on it."""
    request = tlv.parse(bytes.fromhex(captured["authenticateServerRequest"]))
    response = tlv.parse(bytes.fromhex(captured["authenticateServerResponse"]))
    signature1 = response.get(0xA0, 0x5F37).value
    key = ecdsa.private_key("nist", bytes.fromhex(captured["euiccOneTimePrivateKey"]))

    def sign(purpose: Purpose, own: ecdsa.PrivateKey, message: bytes) -> bytes:
        return signature1 if purpose is Purpose.AUTHENTICATION else ecdsa.sign(own, message)

    return (
        CONFORMING.replacing("challenge", lambda _device: request.get(0x30, 0x81).value)
        .replacing("one-time-key", lambda _device: key)
        .replacing("euicc-signature", sign)
    )


def card_of(captured: dict[str, str], *, strict: bool) -> Terminal:
    ci, eum, euicc = (bytes.fromhex(captured[f"{name}Certificate"]) for name in ("ci", "eum", "euicc"))
    key_id = Certificate(ci).subject_key_id
    assert key_id is not None
    own = ecdsa.generate("nist", Entropy("the captured key is not at hand"))
    identity = EuiccIdentity(own, euicc, eum, ci, key_id, ecdsa.Curve.NIST)
    config = CardConfig(eid=bytes.fromhex(captured["eid"]), strict_segments=strict)
    card = SimulatedEuicc(config, [identity], VolatileMemory(), Entropy("capture"), following(captured))
    return Terminal(card).start()


def replay(terminal: Terminal, captured: dict[str, str]) -> Tlv:
    """Everything that the captured SM-DP+ sent; the Profile Installation Result."""
    terminal.es10("BF2E00")
    answer = terminal.es10(bytes.fromhex(captured["authenticateServerRequest"]))
    theirs = tlv.parse(bytes.fromhex(captured["authenticateServerResponse"]))
    assert [part.tag for part in answer.get(0xA0).children] == [part.tag for part in theirs.get(0xA0).children]
    answer = terminal.es10(bytes.fromhex(captured["prepareDownloadRequest"]))
    theirs = tlv.parse(bytes.fromhex(captured["prepareDownloadResponse"]))
    assert answer.get(0xA0, 0x30).raw == theirs.get(0xA0, 0x30).raw
    return load(terminal, list(chains_of(bytes.fromhex(captured["boundProfilePackage"]))))


@pytest.mark.parametrize("name", DOWNLOADS)
def test_a_captured_download_installs(name: str) -> None:
    captured = capture(name)
    terminal = card_of(captured, strict=False)
    answer = replay(terminal, captured)
    theirs = tlv.parse(bytes.fromhex(captured["profileInstallationResult"])).get(0xBF27)
    ours = answer.get(0xBF27)
    assert ours.get(0x80).raw == theirs.get(0x80).raw
    assert ours.get(0x06).raw == theirs.get(0x06).raw
    for tag in (0x81, 0x0C, 0x5A):
        assert ours.get(0xBF2F, tag).raw == theirs.get(0xBF2F, tag).raw
    assert ours.find(0xA2, 0xA0) is not None
    (profile,) = terminal.card.state.profiles
    assert profile.iccid.hex() == captured["storeMetadata_iccid"].lower()
    assert profile.size > len(captured["unprotectedProfilePackage"]) // 2


@pytest.mark.parametrize("name", DOWNLOADS)
def test_its_segments_above_the_limit_are_found_by_a_strict_card(name: str) -> None:
    captured = capture(name)
    terminal = card_of(captured, strict=True)
    final = replay(terminal, captured).get(0xBF27, 0xA2, 0xA1)
    assert [final.get(0x80).value[0], final.get(0x81).value[0]] == [LOAD_ELEMENTS, STRUCTURE_ERROR]
    assert terminal.card.state.profiles == ()


@pytest.fixture(scope="module")
def sgp26() -> pki.TestPki:
    return pki.load_sgp26(Path(DATA) / "sgp26", datetime(2026, 11, 1, tzinfo=UTC))


@pytest.mark.parametrize("name", ["BERTLV_SUCI", "NoBERTLV_NoRAMRFM"])
def test_ts48_profiles_install_once_under_the_sgp26_ci(sgp26: pki.TestPki, name: str) -> None:
    """Both have one ICCID: the second installation is refused. The enabled profile can be read."""
    eid = bytes.fromhex("89049032123451234512345678901235")
    config = CardConfig(eid=eid)
    card = SimulatedEuicc(config, [sgp26.euicc_identity("nist", eid)], VolatileMemory(), Entropy("ts48"))
    terminal = Terminal(card).start()
    package = ready_made(name, (Path(DATA) / "ts48-v7.0" / f"{name}.der").read_bytes())
    smdp = Smdp(sgp26.trust("nist"), eid)
    metadata = encode("StoreMetadataRequest", dict(package.metadata))
    answer = download(terminal, smdp, metadata, package.der)
    assert answer.find(0xBF27, 0xA2, 0xA0) is not None
    again = download(terminal, smdp, store_metadata(package.iccid), package.der).get(0xBF27, 0xA2, 0xA1)
    assert again.get(0x81).value[0] == ICCID_EXISTS
    (profile,) = card.state.profiles
    assert {file.path.hex() for file in profile.files} >= {"2fe2", "7fff6f07"}
    assert profile.usim_aid.hex().startswith("a0000000871002")


def test_captured_packages_give_the_same_results() -> None:
    """An association and five packages: each result's data is octet by octet what the other card answered."""
    captured = capture("es10b-packages-v1.0")
    key = ecdsa.generate("nist", Entropy("the captured key is not at hand"))
    identity = EuiccIdentity(key, b"\x30\x00", b"\x30\x00", b"\x30\x00", bytes(20), ecdsa.Curve.NIST)
    config = CardConfig(eid=bytes.fromhex(captured["eid"]), authorisation=(), needs_terminal_capability=False)
    card = SimulatedEuicc(config, [identity], VolatileMemory(_with_their_profiles()), Entropy("capture"))
    terminal = Terminal(card).start()
    executed = 0
    for request, theirs in _pairs(captured["exchange"]):
        if request[:2] not in (b"\xbf\x51", b"\xbf\x57", b"\xbf\x30", b"\xbf\x2b"):
            continue
        answer = terminal.es10(request)
        if request[:2] != b"\xbf\x51":
            assert answer.raw == theirs
            continue
        expected = tlv.parse(theirs).get(0xA0)
        signed, signature = answer.get(0xA0).children
        assert signed.raw == expected.get(0x30).raw
        assert ecdsa.verify(key.public_key(), signature.value, signed.raw + b"\x84\x01\x01")
        theirs_key = ecdsa.load_point("nist", bytes.fromhex(captured["euiccPublicKeyUncompressed"]))
        assert ecdsa.verify(theirs_key, expected.get(0x5F37).value, signed.raw + b"\x84\x01\x01")
        executed += 1
    assert executed == 5


def _pairs(exchange: list[str]) -> list[tuple[bytes, bytes]]:
    frames = [bytes.fromhex(line[2:]) for line in exchange]
    return list(zip(frames[::2], frames[1::2], strict=True))


def _with_their_profiles() -> bytes:
    """Two profiles, the first enabled, as the captured list shows them."""

    def profile(iccid: str, enabled: bool) -> Profile:
        octets = bytes.fromhex(iccid)
        metadata = tlv.build(0xBF25, tlv.build(0x5A, octets), tlv.build(0x91, b"SPN"), tlv.build(0x92, b"Name"))
        return Profile(octets, ISDR[:13] + b"\x00\x11\x00", metadata, 0, bytes(20), enabled=enabled)

    profiles = (profile("98001032547698103285", True), profile("89445600000000000001", False))
    return serial.to_bytes(CardState(profiles=profiles))


def test_an_association_is_cut_from_what_was_received() -> None:
    captured = capture("es10b-packages-v1.0")
    fields = tlv.parse(bytes.fromhex(captured["exchange"][2][2:])).get(0xA0, 0x30).children
    kept = b"".join(field.raw for field in fields if field.tag not in (0x83, 0x84))
    eim = EimAssociation("eIM", 1, 1, kept)
    assert eim.key_data is not None
    assert eim.key_data.raw == fields[-1].raw
