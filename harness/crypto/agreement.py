"""Key agreement for a bound profile package: ECDH, then the X9.63 KDF with SHA-256 (SGP.22 v2.5 annex G).

The shared information names the key type (88, AES), its length, the host and the EID, so that keys agreed for one eUICC open
nothing on another.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

from harness.crypto.ecdsa import PrivateKey, curve_of, load_point

KEY_TYPE_AES = 0x88
KEY_LENGTH = 16
_EID_LENGTH = 16


@dataclass(frozen=True, slots=True, repr=False)
class SessionKeys:
    """What both ends of SCP03t hold; each 16 octets, in the order in which the KDF and ReplaceSessionKeys give them."""

    initial_mac_chaining: bytes
    s_enc: bytes
    s_mac: bytes


def session_keys(private: PrivateKey, peer_point: bytes, *, host_id: bytes, eid: bytes) -> SessionKeys:
    """The keys agreed between our one-time key and the other party's.

    `peer_point` is an uncompressed point on the curve of `private`, else KeyFormatError; `host_id` is that of the CRT
    (tag 84), 0 to 16 octets; `eid` has 16.
    """
    peer = load_point(curve_of(private), peer_point)
    return derive_session_keys(private.exchange(ec.ECDH(), peer), host_id=host_id, eid=eid)


def derive_session_keys(shared_secret: bytes, *, host_id: bytes, eid: bytes) -> SessionKeys:
    """The keys from the ECDH shared secret ZZ."""
    if len(eid) != _EID_LENGTH:
        raise ValueError(f"an EID of {len(eid)} octets; it has {_EID_LENGTH}")
    lengths = bytes([KEY_TYPE_AES, KEY_LENGTH])
    shared_info = lengths + bytes([len(host_id)]) + host_id + bytes([len(eid)]) + eid
    derived = x963_kdf(shared_secret, shared_info, 3 * KEY_LENGTH)
    return SessionKeys(derived[:16], derived[16:32], derived[32:])


def x963_kdf(shared_secret: bytes, shared_info: bytes, length: int) -> bytes:
    """The ANSI X9.63 key derivation function with SHA-256."""
    return X963KDF(SHA256(), length, shared_info).derive(shared_secret)
