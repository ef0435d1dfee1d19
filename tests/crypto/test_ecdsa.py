"""Signatures against RFC 6979 and the openssl command."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.crypto import ecdsa
from harness.crypto.ecdsa import Curve
from harness.crypto.entropy import Entropy
from harness.crypto.errors import KeyFormatError
from tests.crypto.real_data import openssl, vector

MESSAGE = b"euiccPackageSigned"
CURVES = pytest.mark.parametrize("curve", list(Curve))


def as_der(signature: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def key_file(folder: Path, key: ecdsa.PrivateKey) -> str:
    file = folder / "key.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(file)


def public_file(folder: Path, key: ecdsa.PrivateKey) -> str:
    file = folder / "public.pem"
    file.write_bytes(openssl("pkey", "-pubout", "-in", key_file(folder, key)))
    return str(file)


def test_signing_is_that_of_rfc_6979() -> None:
    known = vector("ecdsa-deterministic")
    key = ecdsa.private_key(Curve.NIST, bytes.fromhex(known["private_key"]))
    for message, signature in known["signatures"].items():
        assert ecdsa.sign(key, message.encode()).hex() == signature


@CURVES
def test_openssl_accepts_what_we_sign(curve: Curve, tmp_path: Path) -> None:
    key = ecdsa.generate(curve, Entropy(1))
    signature = tmp_path / "signature"
    signature.write_bytes(as_der(ecdsa.sign(key, MESSAGE)))
    said = openssl(
        "dgst", "-sha256", "-verify", public_file(tmp_path, key), "-signature", str(signature), stdin=MESSAGE
    )
    assert said.strip() == b"Verified OK"


@CURVES
def test_we_accept_what_openssl_signs(curve: Curve, tmp_path: Path) -> None:
    key = ecdsa.generate(curve, Entropy(2))
    r, s = decode_dss_signature(openssl("dgst", "-sha256", "-sign", key_file(tmp_path, key), stdin=MESSAGE))
    plain = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert ecdsa.verify(key.public_key(), plain, MESSAGE)
    assert not ecdsa.verify(key.public_key(), plain, MESSAGE + b"\x00")


@CURVES
def test_every_changed_bit_is_refused(curve: Curve) -> None:
    key = ecdsa.generate(curve, Entropy(3))
    signature = ecdsa.sign(key, MESSAGE)
    for bit in range(512):
        changed = (int.from_bytes(signature, "big") ^ 1 << bit).to_bytes(64, "big")
        assert not ecdsa.verify(key.public_key(), changed, MESSAGE)


@CURVES
def test_other_forms_are_refused_and_high_s_is_valid(curve: Curve) -> None:
    key = ecdsa.generate(curve, Entropy(4))
    signature = ecdsa.sign(key, MESSAGE)
    r, s = signature[:32], signature[32:]
    order = curve.order.to_bytes(32, "big")
    for form in (
        b"",
        as_der(signature),
        signature[:-1],
        signature + b"\x00",
        bytes(64),
        bytes(32) + s,
        r + bytes(32),
        order + s,
        r + order,
        b"\xff" * 64,
    ):
        assert not ecdsa.verify(key.public_key(), form, MESSAGE)
    opposite = (curve.order - int.from_bytes(s, "big")).to_bytes(32, "big")
    assert ecdsa.verify(key.public_key(), r + opposite, MESSAGE)


@CURVES
def test_the_order_is_that_of_the_curve(curve: Curve) -> None:
    largest = ecdsa.private_key(curve, (curve.order - 1).to_bytes(32, "big"))
    smallest = ecdsa.private_key(curve, b"\x01")
    assert ecdsa.public_key_point(largest)[:33] == ecdsa.public_key_point(smallest)[:33]
    for outside in (bytes(32), curve.order.to_bytes(32, "big")):
        with pytest.raises(KeyFormatError):
            ecdsa.private_key(curve, outside)


@CURVES
def test_points_go_out_and_come_back(curve: Curve) -> None:
    key = ecdsa.generate(curve, Entropy(5))
    point = ecdsa.public_key_point(key)
    assert point[0] == 0x04
    assert len(point) == 65
    assert ecdsa.public_key_point(ecdsa.load_point(curve, point)) == point
    assert ecdsa.curve_of(key) is curve
    assert ecdsa.public_key_info(key)[-65:] == point
    assert ecdsa.public_key_point(ecdsa.load_public_key_info(ecdsa.public_key_info(key))) == point


@CURVES
def test_points_that_are_none_are_refused(curve: Curve) -> None:
    point = ecdsa.public_key_point(ecdsa.generate(curve, Entropy(6)))
    other = next(other for other in Curve if other is not curve)
    compressed = bytes([2 + (point[-1] & 1)]) + point[1:33]
    for wrong in (b"", b"\x00", compressed, point[:-1], point + b"\x00", b"\x05" + point[1:], point[:-1] + b"\x00"):
        with pytest.raises(KeyFormatError):
            ecdsa.load_point(curve, wrong)
    with pytest.raises(KeyFormatError):
        ecdsa.load_point(other, point)


@pytest.mark.parametrize("algorithm", ["ED25519", "RSA", "EC"])
def test_keys_of_other_kinds_are_refused(algorithm: str) -> None:
    options = ("-pkeyopt", "ec_paramgen_curve:P-384") if algorithm == "EC" else ()
    key = openssl("genpkey", "-algorithm", algorithm, *options)
    with pytest.raises(KeyFormatError):
        ecdsa.load_public_key_info(openssl("pkey", "-pubout", "-outform", "DER", stdin=key))
    with pytest.raises(KeyFormatError):
        ecdsa.load_public_key_info(b"\x30\x03\x02\x01\x00")
