"""Changed messages: what a case sends where a conforming peer never would."""

from __future__ import annotations

from harness.codec import tlv

_PACKAGE, _SIGNED, _SIGNATURE = 0xBF51, 0x30, 0x5F37


def signature_of(package: bytes) -> bytes:
    """The octets under 5F37 of a BF51 package."""
    return tlv.parse(package).get(_SIGNATURE).value


def signed_part_of(package: bytes) -> bytes:
    """euiccPackageSigned of a BF51 package, as it stands there."""
    return tlv.parse(package).get(_SIGNED).raw


def with_signature(package: bytes, signature: bytes) -> bytes:
    """The same package under another signature, of any length."""
    return tlv.build(_PACKAGE, signed_part_of(package), tlv.build(_SIGNATURE, signature))


def with_flipped_bit(octets: bytes, bit: int) -> bytes:
    """The same octets with one bit changed; bit 0 is the most significant bit of the first octet."""
    changed = bytearray(octets)
    changed[bit // 8] ^= 0x80 >> bit % 8
    return bytes(changed)


def with_changed_field(octets: bytes, *path: int) -> bytes:
    """The same TLV with the last bit of the field at this path changed; the path begins below the outer tag."""
    field = tlv.parse(octets).get(*path)
    return with_flipped_bit(octets, 8 * (field.offset + len(field.raw)) - 1)


def with_changed_server_signature(request: bytes) -> bytes:
    """An AuthenticateServerRequest, BF38, with one bit of its serverSignature1 changed."""
    signature = tlv.parse(request).get(_SIGNATURE)
    return with_flipped_bit(request, 8 * (signature.offset + signature.header_length) + 5)
