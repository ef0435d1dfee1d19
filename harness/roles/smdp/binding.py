"""Binding a profile to one eUICC: the bound profile package (SGP.22 v2.5 §2.5.4, §2.5.5, annex G).

The segments depend on the keys alone and are kept with the binding; InitialiseSecureChannel names the session and is signed
anew for every attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.codec import encode, tlv
from harness.crypto import ecdsa
from harness.crypto.agreement import KEY_LENGTH, KEY_TYPE_AES, SessionKeys, session_keys
from harness.crypto.ecdsa import PrivateKey
from harness.crypto.entropy import Entropy
from harness.crypto.scp03t import Scp03tSender
from harness.roles.smdp.identity import HOST_ID, Credentials
from harness.roles.smdp.orders import Binding, Order
from harness.roles.smdp.state import Session

BOUND_PROFILE_PACKAGE = 0xBF36
_INITIALISE_SECURE_CHANNEL = 0xBF23
_REMOTE_OPERATION, _TRANSACTION_ID, _CONTROL_REFERENCE = 0x82, 0x80, 0xA6
_ONE_TIME_KEY, _SIGNATURE = 0x5F49, 0x5F37
_INSTALL_BOUND_PROFILE_PACKAGE = b"\x01"
_FIRST_87, _SEQUENCE_OF_88, _SECOND_87, _SEQUENCE_OF_86 = 0xA0, 0xA1, 0xA2, 0xA3

Segments = Callable[[Scp03tSender, int, bytes], Sequence[bytes]]


def bind(order: Order, session: Session, euicc_otpk: bytes, entropy: Entropy, segments: Segments) -> Binding:
    """Agrees keys with the eUICC and protects the profile under them. Raises KeyFormatError for a point off the curve."""
    smdp_key = ecdsa.generate(session.credentials.curve, entropy.child("key-agreement"))
    keys = session_keys(smdp_key, euicc_otpk, host_id=HOST_ID, eid=session.eid)
    own_keys = _own_keys(entropy.child("profile-keys")) if order.replaces_keys else None
    return Binding(session.eid, euicc_otpk, smdp_key, _sequences(order, session, keys, own_keys, segments))


def segments(sender: Scp03tSender, tag: int, data: bytes) -> Sequence[bytes]:
    """The data as segments of at most 1,020 octets each."""
    return sender.segments(tag, data)


def bound_profile_package(session: Session, binding: Binding, signature: Callable[..., bytes]) -> bytes:
    """BF36 for this session."""
    return tlv.build(
        BOUND_PROFILE_PACKAGE,
        _initialise_secure_channel(session, binding, signature),
        binding.sequences,
    )


def smdp_sign(credentials: Credentials, operation: bytes, smdp_otpk: bytes, euicc_otpk: bytes) -> bytes:
    """r‖s by the DPpb key over the fields of InitialiseSecureChannel, our one-time key and the eUICC's behind them."""
    return ecdsa.sign(credentials.pb_key, operation + smdp_otpk + euicc_otpk)


def _initialise_secure_channel(session: Session, binding: Binding, signature: Callable[..., bytes]) -> bytes:
    control_reference = tlv.build(
        _CONTROL_REFERENCE,
        tlv.build(0x80, bytes([KEY_TYPE_AES])),
        tlv.build(0x81, bytes([KEY_LENGTH])),
        tlv.build(0x84, HOST_ID),
    )
    operation = (
        tlv.build(_REMOTE_OPERATION, _INSTALL_BOUND_PROFILE_PACKAGE)
        + tlv.build(_TRANSACTION_ID, session.transaction_id)
        + control_reference
    )
    ours = _one_time_key(binding.smdp_key)
    signed = signature(session.credentials, operation, ours, tlv.build(_ONE_TIME_KEY, binding.euicc_otpk))
    return tlv.build(_INITIALISE_SECURE_CHANNEL, operation, ours, tlv.build(_SIGNATURE, signed))


def _one_time_key(key: PrivateKey) -> bytes:
    return tlv.build(_ONE_TIME_KEY, ecdsa.public_key_point(key))


def _sequences(
    order: Order, session: Session, keys: SessionKeys, own_keys: SessionKeys | None, segments: Segments
) -> bytes:
    sender = Scp03tSender(keys)
    owner = {"dpProprietaryData": {"dpOid": session.credentials.oid}}
    metadata = encode("StoreMetadataRequest", dict(order.profile.metadata))
    parts = [
        tlv.build(_FIRST_87, *segments(sender, 0x87, encode("ConfigureISDPRequest", owner))),
        tlv.build(_SEQUENCE_OF_88, *segments(sender, 0x88, metadata)),
    ]
    if own_keys is not None:
        parts.append(tlv.build(_SECOND_87, *segments(sender, 0x87, _replace_session_keys(own_keys))))
        sender.replace_keys(own_keys)
    parts.append(tlv.build(_SEQUENCE_OF_86, *segments(sender, 0x86, order.profile.der)))
    return b"".join(parts)


def _own_keys(entropy: Entropy) -> SessionKeys:
    return SessionKeys(entropy.bytes(KEY_LENGTH), entropy.bytes(KEY_LENGTH), entropy.bytes(KEY_LENGTH))


def _replace_session_keys(keys: SessionKeys) -> bytes:
    return encode(
        "ReplaceSessionKeysRequest",
        {"initialMacChainingValue": keys.initial_mac_chaining, "ppkEnc": keys.s_enc, "ppkCmac": keys.s_mac},
    )
