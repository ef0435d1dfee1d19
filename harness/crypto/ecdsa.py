"""ECDSA with SHA-256 as RSP uses it: plain r‖s of 64 octets (BSI TR-03111), on P-256 and brainpoolP256r1.

Signing is deterministic (RFC 6979), so that a seeded run gives the same messages again.
"""

from __future__ import annotations

from enum import StrEnum

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from harness.crypto.entropy import Entropy
from harness.crypto.errors import CurveError, KeyFormatError

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey

SIGNATURE_SIZE = 64
POINT_SIZE = 65
_COORDINATE = 32


class Curve(StrEnum):
    """The two curve groups of the RSP test certificates."""

    NIST = "nist"
    BRAINPOOL = "brainpool"

    @property
    def parameters(self) -> ec.EllipticCurve:
        return _PARAMETERS[self]

    @property
    def order(self) -> int:
        """How many points the base point generates."""
        return _ORDERS[self]


_PARAMETERS: dict[Curve, ec.EllipticCurve] = {Curve.NIST: ec.SECP256R1(), Curve.BRAINPOOL: ec.BrainpoolP256R1()}
_BY_NAME = {parameters.name: curve for curve, parameters in _PARAMETERS.items()}
_ORDERS = {
    Curve.NIST: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    Curve.BRAINPOOL: 0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7,
}
_SIGNING = ec.ECDSA(SHA256(), deterministic_signing=True)
_VERIFYING = ec.ECDSA(SHA256())


def generate(curve: Curve | str, entropy: Entropy) -> PrivateKey:
    """A new key drawn from `entropy`: from a seeded one the same key each time."""
    curve = Curve(curve)
    return ec.derive_private_key(1 + entropy.integer(curve.order - 1), curve.parameters)


def private_key(curve: Curve | str, secret: bytes) -> PrivateKey:
    """The key whose secret number these octets are, most significant first. Raises KeyFormatError out of range."""
    curve = Curve(curve)
    number = int.from_bytes(secret, "big")
    if not 0 < number < curve.order:
        raise KeyFormatError(f"no private key of {curve}: its number is not between 1 and the order of the curve")
    return ec.derive_private_key(number, curve.parameters)


def curve_of(key: PrivateKey | PublicKey) -> Curve:
    """Which of the two curves. Raises CurveError for any other."""
    curve = _BY_NAME.get(key.curve.name)
    if curve is None:
        raise CurveError(f"a key on {key.curve.name}; RSP uses {' and '.join(_BY_NAME)}")
    return curve


def sign(key: PrivateKey, message: bytes) -> bytes:
    """r‖s, 64 octets, most significant first. The 5F37 40 around it is the caller's."""
    r, s = decode_dss_signature(key.sign(message, _SIGNING))
    return r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")


def verify(public_key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the 64 octets are a signature over the message as it was received.

    Any other length or form, a DER signature too, is False. Never raises, whatever a device sent.
    """
    if len(signature) != SIGNATURE_SIZE:
        return False
    r = int.from_bytes(signature[:_COORDINATE], "big")
    s = int.from_bytes(signature[_COORDINATE:], "big")
    try:
        public_key.verify(encode_dss_signature(r, s), message, _VERIFYING)
    except InvalidSignature:
        return False
    return True


def public_key_point(key: PrivateKey | PublicKey) -> bytes:
    """The uncompressed point, 04 X Y, 65 octets: the contents of a 5F49."""
    public = key.public_key() if isinstance(key, PrivateKey) else key
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def load_point(curve: Curve | str, point: bytes) -> PublicKey:
    """The public key at an uncompressed point. Raises KeyFormatError for another form and for points off the curve."""
    curve = Curve(curve)
    if len(point) != POINT_SIZE or point[0] != 0x04:
        raise KeyFormatError(
            f"a public key of {len(point)} octets; an uncompressed point has {POINT_SIZE}, the first 04"
        )
    try:
        return PublicKey.from_encoded_point(curve.parameters, point)
    except ValueError as fault:
        raise KeyFormatError(f"a point that is not on {curve.parameters.name}") from fault


def public_key_info(key: PrivateKey | PublicKey) -> bytes:
    """The SubjectPublicKeyInfo in DER, with the curve named."""
    public = key.public_key() if isinstance(key, PrivateKey) else key
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def load_public_key_info(der: bytes) -> PublicKey:
    """The key in a SubjectPublicKeyInfo. Raises KeyFormatError for anything but an EC key on one of the two curves."""
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as fault:
        raise KeyFormatError("a SubjectPublicKeyInfo that holds no readable key") from fault
    if not isinstance(key, PublicKey):
        raise KeyFormatError("a SubjectPublicKeyInfo whose key is not an elliptic curve key")
    curve_of(key)
    return key
