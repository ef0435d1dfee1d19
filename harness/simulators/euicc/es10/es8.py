"""The ES8+ functions inside a bound profile package (SGP.22 §5.5.1 to §5.5.4), before its profile elements.

Each raises Failed with the reason, or DecodeError for input that its schema does not allow.
"""

from __future__ import annotations

from typing import Any

from harness.codec import decode, tlv
from harness.crypto import ecdsa
from harness.crypto.agreement import SessionKeys, session_keys
from harness.crypto.errors import CryptoError
from harness.crypto.scp03t import MAX_SEGMENT, Scp03tReceiver
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.download import Download, Installation
from harness.simulators.euicc.es10.loading import (
    ICCID_EXISTS,
    INCORRECT_INPUT,
    INVALID_SIGNATURE,
    INVALID_TRANSACTION_ID,
    PPR_NOT_ALLOWED,
    UNSUPPORTED_CLASS,
    UNSUPPORTED_CRT,
    UNSUPPORTED_OPERATION,
    Failed,
)
from harness.simulators.euicc.state import CardState, ProfileClass, bits_of

_INSTALL_OPERATION = 1
_AES, _KEY_LENGTH = b"\x88", b"\x10"
_ANY_OPERATOR = b"\xee\xee\xee"
_DP_PROPRIETARY_DATA, _MAX_PROPRIETARY_DATA = 0xB8, 128
_UPDATE_CONTROL = 0
"""Bit of PprIds that says nothing in StoreMetadata."""
_NOT_STORED = 0xBF23


def initialise_secure_channel(device: Device, download: Download, raw: bytes) -> Scp03tReceiver:
    """InitialiseSecureChannel: the SM-DP+ signs both one-time keys, and the session keys follow from them."""
    request, value = tlv.parse(raw), decode("InitialiseSecureChannelRequest", raw)
    prepared = download.prepared
    if prepared is None:
        raise Failed(INCORRECT_INPUT)
    covered = b"".join(request.get(tag).raw for tag in (0x82, 0x80, 0xA6, 0x5F49))
    message = covered + tlv.build(0x5F49, prepared.one_time_point)
    if not device.rules["secure-channel-signature"](prepared.binding_key, value["smdpSign"], message):
        raise Failed(INVALID_SIGNATURE)
    if not device.rules["transaction-is-open"](download, value["transactionId"]):
        raise Failed(INVALID_TRANSACTION_ID)
    if not device.rules["remote-operation-known"](value["remoteOpId"]):
        raise Failed(UNSUPPORTED_OPERATION)
    template = value["controlRefTemplate"]
    if not device.rules["key-template-known"](template["keyType"], template["keyLen"]):
        raise Failed(UNSUPPORTED_CRT)
    try:
        keys = session_keys(prepared.one_time_key, value["smdpOtpk"], host_id=template["hostId"], eid=device.config.eid)
    except CryptoError:
        raise Failed(INCORRECT_INPUT) from None
    device.session.unused_one_time_key = None
    return Scp03tReceiver(keys, max_segment=MAX_SEGMENT if device.config.strict_segments else None)


def secure_channel_signature(key: ecdsa.PublicKey, signature: bytes, message: bytes) -> bool:
    """smdpSign, by the key of CERT.DPpb."""
    return ecdsa.verify(key, signature, message)


def remote_operation_known(number: int) -> bool:
    """A bound profile package is for one operation: installBoundProfilePackage."""
    return number == _INSTALL_OPERATION


def key_template_known(key_type: bytes, key_length: bytes) -> bool:
    """The session keys are AES keys of 16 octets."""
    return (key_type, key_length) == (_AES, _KEY_LENGTH)


def configure_isdp(device: Device, installation: Installation) -> None:
    """ES8+.ConfigureISDP: what the SM-DP+ wants kept with the profile. Raises Failed for more than the card keeps."""
    decode("ConfigureISDPRequest", installation.plaintext)
    data = tlv.parse(installation.plaintext).find(_DP_PROPRIETARY_DATA)
    if data is not None and not device.rules["proprietary-data-fits"](data.raw):
        raise Failed(INCORRECT_INPUT)
    installation.dp_proprietary_data = b"" if data is None else data.raw


def proprietary_data_fits(field: bytes) -> bool:
    """dpProprietaryData has at most 128 octets, with its tag and length."""
    return len(field) <= _MAX_PROPRIETARY_DATA


def store_metadata(device: Device, installation: Installation) -> None:
    """ES8+.StoreMetadata. Raises Failed for a class, an ICCID or policy rules that this card does not take."""
    value = decode("StoreMetadataRequest", installation.plaintext)
    installation.metadata, installation.iccid = _kept(installation.plaintext), value["iccid"]
    if not device.rules["profile-class-known"](value["profileClass"]):
        raise Failed(UNSUPPORTED_CLASS)
    if not device.rules["iccid-is-new"](device.state, value["iccid"]):
        raise Failed(ICCID_EXISTS)
    if not device.rules["policy-rules-authorised"](device.config, value):
        raise Failed(PPR_NOT_ALLOWED)


def _kept(metadata: bytes) -> bytes:
    """Metadata as received, but for serviceSpecificDataNotStoredInEuicc: that is for the IPA alone."""
    request = tlv.parse(metadata)
    if request.find(_NOT_STORED) is None:
        return metadata
    return tlv.build(request.tag, *(field.raw for field in request.children if field.tag != _NOT_STORED))


def profile_class_known(number: int) -> bool:
    """This card takes test, provisioning and operational profiles."""
    return number in tuple(ProfileClass)


def iccid_is_new(state: CardState, iccid: bytes) -> bool:
    """No installed profile has this ICCID."""
    return state.profile(iccid) is None


def policy_rules_authorised(config: CardConfig, metadata: dict[str, Any]) -> bool:
    """Each policy rule of the profile is one that the Rules Authorisation Table gives its owner. Nobody's has none."""
    octets, count = metadata.get("profilePolicyRules", (b"", 0))
    wanted = bits_of(bytes([8 * len(octets) - count]) + octets)
    owner = metadata.get("profileOwner", {}).get("mccMnc")
    return all(
        owner is not None
        and any(bit in row.rules and row.mcc_mnc in (_ANY_OPERATOR, owner) for row in config.authorisation)
        for bit in wanted - {_UPDATE_CONTROL}
    )


def replace_session_keys(device: Device, installation: Installation) -> None:
    """ES8+.ReplaceSessionKeys: the segments after it are under the keys that the profile was protected with."""
    value = decode("ReplaceSessionKeysRequest", installation.plaintext)
    keys = SessionKeys(value["initialMacChainingValue"], value["ppkEnc"], value["ppkCmac"])
    if installation.receiver is None or not device.rules["new-keys-fit"](keys):
        raise Failed(INCORRECT_INPUT)
    device.rules["session-keys-replaced"](installation.receiver, keys)


def new_keys_fit(keys: SessionKeys) -> bool:
    """New keys are as long as those that they replace."""
    return {len(keys.initial_mac_chaining), len(keys.s_enc), len(keys.s_mac)} == {_KEY_LENGTH[0]}


def session_keys_replaced(receiver: Scp03tReceiver, keys: SessionKeys) -> None:
    """What follows is opened under the new keys."""
    receiver.replace_keys(keys)
