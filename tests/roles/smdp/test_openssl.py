"""What the SM-DP+ signs, agrees on and protects, checked by the openssl command alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from harness import resources
from harness.codec import tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.entropy import Entropy
from harness.profiles import load_profiles
from harness.roles.smdp import Smdp, SmdpIdentity
from tests.roles.smdp.client import PKI, Session, card, un64

PROFILE = load_profiles(resources.path("fixtures/profiles"))["operational-a"]
EID = card().get_eid()

both_curves = pytest.mark.parametrize("curve", ["nist", "brainpool"])


def openssl(*arguments: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(("openssl", *arguments), input=stdin, capture_output=True, check=True, timeout=20).stdout


def accepts(folder: Path, certificate: bytes, signature: bytes, message: bytes) -> bool:
    """Whether openssl takes r‖s as an ECDSA signature by this certificate's key."""
    (folder / "certificate.der").write_bytes(certificate)
    key = openssl("x509", "-inform", "der", "-in", str(folder / "certificate.der"), "-noout", "-pubkey")
    (folder / "key.pem").write_bytes(key)
    halves = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    (folder / "signature.der").write_bytes(encode_dss_signature(*halves))
    verify = ("dgst", "-sha256", "-verify", str(folder / "key.pem"), "-signature", str(folder / "signature.der"))
    return b"Verified OK" in openssl(*verify, stdin=message)


@both_curves
def test_every_signature(curve: str, tmp_path: Path) -> None:
    server = Smdp(SmdpIdentity.of(PKI), Entropy("smdp"))
    session = Session(server, card([curve]), server.order(PROFILE).matching_id)
    package = tlv.parse(session.to_package())
    initiated, offered = session.initiated, session.offered
    auth, binding = un64(initiated["serverCertificate"]), un64(offered["smdpCertificate"])
    signature1 = tlv.parse(session.authenticated).get(0xA0, 0x5F37).raw
    otpk = tlv.parse(session.prepared).get(0xA0, 0x30, 0x5F49).raw
    channel = package.get(0xBF23).children
    for certificate, signature, message in (
        (auth, un64(initiated["serverSignature1"]), un64(initiated["serverSigned1"])),
        (binding, un64(offered["smdpSignature2"]), un64(offered["smdpSigned2"]) + signature1),
        (binding, channel[-1].raw, b"".join(part.raw for part in channel[:-1]) + otpk),
    ):
        assert signature[:3] == bytes.fromhex("5F3740")
        assert accepts(tmp_path, certificate, signature[3:], message)


def agreed(folder: Path, ours: ecdsa.PrivateKey, theirs: bytes, host_id: bytes) -> tuple[bytes, bytes, bytes]:
    """Initial chaining value, S-ENC and S-MAC, by openssl's ECDH and X9.63 KDF."""
    (folder / "ours.pem").write_bytes(ours.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    peer = ecdsa.load_point(ecdsa.curve_of(ours), theirs)
    (folder / "theirs.pem").write_bytes(peer.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    derive = ("pkeyutl", "-derive", "-inkey", str(folder / "ours.pem"), "-peerkey", str(folder / "theirs.pem"))
    shared = openssl(*derive).hex()
    info = (bytes.fromhex("8810") + bytes([len(host_id)]) + host_id + b"\x10" + EID).hex()
    options = ("-kdfopt", "digest:SHA256", "-kdfopt", f"hexsecret:{shared}", "-kdfopt", f"hexinfo:{info}")
    keys = openssl("kdf", "-binary", "-keylen", "48", *options, "X963KDF")
    return keys[:16], keys[16:32], keys[32:]


def unprotected(segment: tlv.Tlv, counter: int, s_enc: bytes) -> bytes:
    """What an encrypted segment carries."""
    cbc = ("enc", "-aes-128-cbc", "-nopad", "-K", s_enc.hex())
    vector = openssl(*cbc, "-iv", "00" * 16, stdin=counter.to_bytes(16, "big"))
    padded = openssl(*cbc, "-d", "-iv", vector.hex(), stdin=segment.value[:-8])
    return padded.rstrip(b"\x00")[:-1]


@both_curves
@pytest.mark.parametrize("replaces_keys", [False, True])
def test_the_whole_package_opens(curve: str, replaces_keys: bool, tmp_path: Path) -> None:
    server = Smdp(SmdpIdentity.of(PKI), Entropy("smdp"))
    session = Session(server, card([curve]), server.order(PROFILE, replaces_keys=replaces_keys).matching_id)
    package = tlv.parse(session.to_package())
    kept = server.orders[0].binding
    assert kept is not None
    host_id = package.get(0xBF23, 0xA6, 0x84).value
    theirs = tlv.parse(session.prepared).get(0xA0, 0x30, 0x5F49).value
    chain, s_enc, s_mac = agreed(tmp_path, kept.smdp_key, theirs, host_id)
    counter, found = 1, {0x86: b"", 0x87: b"", 0x88: b""}
    for group in package.children[1:]:
        for segment in group.children:
            header = segment.raw[: segment.header_length]
            options = ("-cipher", "AES-128-CBC", "-macopt", f"hexkey:{s_mac.hex()}")
            mac = openssl("mac", "-binary", *options, "CMAC", stdin=chain + header + segment.value[:-8])
            assert segment.value[-8:] == mac[:8]
            plain = segment.value[:-8] if segment.tag == 0x88 else unprotected(segment, counter, s_enc)
            found[segment.tag] += plain
            chain, counter = mac, counter + 1
        if group.tag == 0xA2:
            chain, s_enc, s_mac = (field.value for field in tlv.parse(plain).children)
            counter = 1
    assert found[0x86] == PROFILE.der
    assert tlv.parse(found[0x88]).get(0x5A).value == PROFILE.iccid
    assert found[0x87].startswith(bytes.fromhex("BF24"))
    assert replaces_keys is (b"\xbf\x26" in found[0x87])


def test_certificates_are_those_of_one_owner() -> None:
    server = SmdpIdentity.of(PKI)
    for credentials in server.credentials:
        owners = {Certificate(der).rid_oid for der in (credentials.auth_certificate, credentials.pb_certificate)}
        assert owners == {server.oid}
