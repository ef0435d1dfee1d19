"""Changed messages: what a case sends where a conforming peer never would."""

from __future__ import annotations

from harness.codec import tlv
from harness.crypto import ecdsa
from harness.crypto.pki import CiSet, TestPki

_PACKAGE, _SIGNED, _SIGNATURE, _CI_KEY_ID = 0xBF51, 0x30, 0x5F37, 0x04


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


def trust_of(request: bytes, pki: TestPki) -> CiSet:
    """Whom the CI of an AuthenticateServerRequest certified. Raises LookupError for a CI that is not the lab's."""
    named = tlv.parse(request).get(_CI_KEY_ID).value
    for curve in pki.curves:
        if pki.trust(curve).ci_key_id == named:
            return pki.trust(curve)
    raise LookupError(f"the lab has no CI {named.hex()}")


def with_server(request: bytes, certificate: bytes, key: ecdsa.PrivateKey) -> bytes:
    """An AuthenticateServerRequest, BF38, as the owner of this certificate would have signed it."""
    signed, _, ci_key_id, _, context = tlv.parse(request).children
    signature = tlv.build(_SIGNATURE, ecdsa.sign(key, signed.raw))
    return tlv.build(0xBF38, signed.raw, signature, ci_key_id.raw, certificate, context.raw)


def with_ci_key_id(request: bytes, ci_key_id: bytes) -> bytes:
    """An AuthenticateServerRequest, BF38, that names another CI to be used."""
    signed, signature, _, certificate, context = tlv.parse(request).children
    return tlv.build(0xBF38, signed.raw, signature.raw, tlv.build(0x04, ci_key_id), certificate.raw, context.raw)


def with_binder(request: bytes, euicc_signature1: bytes, certificate: bytes, key: ecdsa.PrivateKey) -> bytes:
    """A PrepareDownloadRequest, BF21, as the owner of this certificate would have signed it.

    `euicc_signature1` is the 64 octets that the card signed at AuthenticateServer: smdpSignature2 covers them too.
    """
    signed = tlv.parse(request).get(_SIGNED).raw
    signature = ecdsa.sign(key, signed + tlv.build(_SIGNATURE, euicc_signature1))
    return tlv.build(0xBF21, signed, tlv.build(_SIGNATURE, signature), certificate)


def with_certificates(response: bytes, euicc: bytes, eum: bytes) -> bytes:
    """An AuthenticateServerResponse, BF38, with other certificates behind the signature."""
    signed, signature = tlv.parse(response).get(0xA0).children[:2]
    return tlv.build(0xBF38, tlv.build(0xA0, signed.raw, signature.raw, euicc, eum))


def with_segment(package: bytes, container: int, segment: bytes, *, at: int = -1) -> bytes:
    """A bound profile package, BF36, with another TLV in the place of one segment of a container (A0 to A3)."""
    parts = []
    for part in tlv.parse(package).children:
        inner = [child.raw for child in part.children] if part.tag == container else []
        if inner:
            inner[at] = segment
        parts.append(tlv.build(container, *inner) if inner else part.raw)
    return tlv.build(0xBF36, *parts)
