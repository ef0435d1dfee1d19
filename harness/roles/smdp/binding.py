"""Binding a profile to one eUICC: the bound profile package (SGP.22 v2.5 §2.5.4, §2.5.5, annex G).

The segments depend on the keys alone and are kept with the binding; InitialiseSecureChannel names the session and is signed
anew for every attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.codec import encode, tlv
from harness.crypto import ecdsa
from harness.crypto.agreement import KEY_LENGTH, KEY_TYPE_AES, SessionKeys, session_keys
from harness.crypto.entropy import Entropy
from harness.crypto.scp03t import Scp03tSender
from harness.roles.smdp.identity import HOST_ID, Credentials
from harness.roles.smdp.orders import Binding, Order
from harness.roles.smdp.state import Session

BOUND_PROFILE_PACKAGE = 0xBF36
_INITIALISE_SECURE_CHANNEL = 0xBF23
_REMOTE_OPERATION, _TRANSACTION_ID, _CONTROL_REFERENCE = 0x82, 0x80, 0xA6
_KEY_TYPE, _KEY_LENGTH, _HOST_ID = 0x80, 0x81, 0x84
_ONE_TIME_KEY, _SIGNATURE = 0x5F49, 0x5F37
_INSTALL_BOUND_PROFILE_PACKAGE = b"\x01"
_FIRST_87, _SEQUENCE_OF_88, _SECOND_87, _SEQUENCE_OF_86 = 0xA0, 0xA1, 0xA2, 0xA3

Segments = Callable[[Scp03tSender, int, bytes], Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a bound profile package carries, not protected yet."""

    configure_isdp: bytes
    """ConfigureISDPRequest, BF24."""
    metadata: bytes
    """StoreMetadataRequest, BF25."""
    elements: bytes
    """The profile package: elements in a row."""
    replace_keys: bytes = b""
    """ReplaceSessionKeysRequest, BF26; empty leaves it out."""
    own_keys: SessionKeys | None = None
    """The keys that `replace_keys` brings: the elements are protected under them."""


@dataclass(frozen=True, slots=True)
class Operation:
    """The fields of InitialiseSecureChannel that both ends have to agree on, as their octets."""

    transaction_id: bytes
    remote_operation: bytes = _INSTALL_BOUND_PROFILE_PACKAGE
    key_type: bytes = bytes([KEY_TYPE_AES])
    key_length: bytes = bytes([KEY_LENGTH])
    host_id: bytes = HOST_ID

    def octets(self) -> bytes:
        """These fields as TLVs, in their order."""
        reference = (
            tlv.build(_KEY_TYPE, self.key_type),
            tlv.build(_KEY_LENGTH, self.key_length),
            tlv.build(_HOST_ID, self.host_id),
        )
        return b"".join(
            (
                tlv.build(_REMOTE_OPERATION, self.remote_operation),
                tlv.build(_TRANSACTION_ID, self.transaction_id),
                tlv.build(_CONTROL_REFERENCE, *reference),
            )
        )


def bind(
    order: Order,
    session: Session,
    euicc_otpk: bytes,
    entropy: Entropy,
    segments: Segments,
    profile_keys: Callable[[SessionKeys], bytes],
) -> Binding:
    """Agrees keys with the eUICC and protects the profile under them. Raises KeyFormatError for a point off the curve."""
    smdp_key = ecdsa.generate(session.credentials.curve, entropy.child("key-agreement"))
    keys = session_keys(smdp_key, euicc_otpk, host_id=HOST_ID, eid=session.eid)
    own_keys = _own_keys(entropy.child("profile-keys")) if order.replaces_keys else None
    told = b"" if own_keys is None else profile_keys(own_keys)
    contents = contents_of(order, session.credentials, own_keys, told)
    return Binding(session.eid, euicc_otpk, smdp_key, sequences(contents, keys, segments))


def contents_of(
    order: Order, credentials: Credentials, own_keys: SessionKeys | None = None, replace_keys: bytes = b""
) -> Contents:
    """What the package of an order carries; its elements are under `own_keys` where there are such."""
    return Contents(
        configure_isdp=encode("ConfigureISDPRequest", {"dpProprietaryData": {"dpOid": credentials.oid}}),
        metadata=encode("StoreMetadataRequest", dict(order.profile.metadata)),
        elements=order.profile.der,
        replace_keys=replace_keys,
        own_keys=own_keys,
    )


def segments(sender: Scp03tSender, tag: int, data: bytes) -> Sequence[bytes]:
    """The data as segments of at most 1,020 octets each."""
    return sender.segments(tag, data)


def bound_profile_package(session: Session, binding: Binding, signature: Callable[..., bytes]) -> bytes:
    """BF36 for this session."""
    operation = Operation(session.transaction_id)
    channel = initialise_secure_channel(
        operation, session.credentials, ecdsa.public_key_point(binding.smdp_key), binding.euicc_otpk, signature
    )
    return tlv.build(BOUND_PROFILE_PACKAGE, channel, binding.sequences)


def smdp_sign(credentials: Credentials, operation: bytes, smdp_otpk: bytes, euicc_otpk: bytes) -> bytes:
    """r‖s by the DPpb key over the fields of InitialiseSecureChannel, our one-time key and the eUICC's behind them."""
    return ecdsa.sign(credentials.pb_key, operation + smdp_otpk + euicc_otpk)


def initialise_secure_channel(
    operation: Operation, credentials: Credentials, smdp_otpk: bytes, euicc_otpk: bytes, signature: Callable[..., bytes]
) -> bytes:
    """BF23. The one-time keys are uncompressed points; `signature` is `smdp_sign` or stands in for it."""
    fields, ours = operation.octets(), tlv.build(_ONE_TIME_KEY, smdp_otpk)
    signed = signature(credentials, fields, ours, tlv.build(_ONE_TIME_KEY, euicc_otpk))
    return tlv.build(_INITIALISE_SECURE_CHANNEL, fields, ours, tlv.build(_SIGNATURE, signed))


def sequences(contents: Contents, keys: SessionKeys, segments: Segments) -> bytes:
    """A0, A1, A2 and A3, protected under these keys and, after A2, under those that it brings."""
    sender = Scp03tSender(keys)
    parts = [
        tlv.build(_FIRST_87, *segments(sender, 0x87, contents.configure_isdp)),
        tlv.build(_SEQUENCE_OF_88, *segments(sender, 0x88, contents.metadata)),
    ]
    if contents.replace_keys:
        parts.append(tlv.build(_SECOND_87, *segments(sender, 0x87, contents.replace_keys)))
    if contents.own_keys is not None:
        sender.replace_keys(contents.own_keys)
    parts.append(tlv.build(_SEQUENCE_OF_86, *segments(sender, 0x86, contents.elements)))
    return b"".join(parts)


def replace_session_keys(keys: SessionKeys) -> bytes:
    """BF26 for these keys."""
    return encode(
        "ReplaceSessionKeysRequest",
        {"initialMacChainingValue": keys.initial_mac_chaining, "ppkEnc": keys.s_enc, "ppkCmac": keys.s_mac},
    )


def _own_keys(entropy: Entropy) -> SessionKeys:
    return SessionKeys(entropy.bytes(KEY_LENGTH), entropy.bytes(KEY_LENGTH), entropy.bytes(KEY_LENGTH))
