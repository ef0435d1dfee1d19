"""LoadBoundProfilePackage (SGP.22 §5.7.6, ES8+ §5.5): from secure channel to Profile Installation Result.

Rules of this room:
- Everything stays in the session until the last octet was right. Then profile, result and notifications are committed in
  one step; a reset before leaves nothing.
- The first fault ends the installation at once with a signed result that names the command and the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from harness.codec import DecodeError, decode, tlv
from harness.crypto import ecdsa
from harness.crypto.agreement import SessionKeys, session_keys
from harness.crypto.errors import CryptoError
from harness.crypto.scp03t import MAC, MAX_SEGMENT, Scp03tError, Scp03tReceiver
from harness.simulators.euicc import apdu, bpp
from harness.simulators.euicc.apdu import Refused
from harness.simulators.euicc.bpp import Cutter, Part
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.elements import OK, ElementRefused, Elements, response
from harness.simulators.euicc.es10 import notifications
from harness.simulators.euicc.filesystem import files_of, usim_aid_of
from harness.simulators.euicc.session import Download, Installed
from harness.simulators.euicc.state import CardState, Event, Notification, Profile, ProfileClass, bits_of

INITIALISE, CONFIGURE_ISDP, STORE_METADATA, REPLACE_KEYS, LOAD_ELEMENTS = 0, 1, 2, 4, 5
INCORRECT_INPUT, INVALID_SIGNATURE, INVALID_TRANSACTION_ID, UNSUPPORTED_CRT, UNSUPPORTED_OPERATION = 1, 2, 3, 4, 5
UNSUPPORTED_CLASS, STRUCTURE_ERROR, SECURITY_ERROR, ICCID_EXISTS, INSUFFICIENT_MEMORY = 6, 7, 8, 9, 10
PE_PROCESSING_ERROR, DATA_MISMATCH, PPR_NOT_ALLOWED = 12, 13, 15

_COMMANDS = {
    None: INITIALISE,
    bpp.SECURE_CHANNEL: INITIALISE,
    0xA0: CONFIGURE_ISDP,
    0xA1: STORE_METADATA,
    0xA2: REPLACE_KEYS,
    0xA3: LOAD_ELEMENTS,
}
_INSTALL_OPERATION = 1
_AES, _KEY_LENGTH = b"\x88", b"\x10"
_ANY_OPERATOR = b"\xee\xee\xee"
_ISDP_AID = "A0000005591010FFFFFFFF8900{:04X}00"
_FIRST_ISDP = 0x10


class Failed(Exception):
    """A fault that ends the installation. Never leaves the card."""

    def __init__(self, reason: int, sima_response: bytes = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        self.sima_response = sima_response


@dataclass(slots=True)
class Installation:
    """A bound profile package on its way in."""

    download: Download
    cutter: Cutter = field(default_factory=Cutter)
    receiver: Scp03tReceiver | None = None
    plaintext: bytes = b""
    """What the segments of the present container carried."""
    metadata: bytes = b""
    iccid: bytes = b""
    elements: Elements = field(default_factory=Elements)


def is_part(octets: bytes) -> bool:
    """Whether a command belongs to this function."""
    return bpp.is_part(octets)


def load_bound_profile_package(device: Device, chain: bytes) -> Answer:
    """One STORE DATA chain of a package. Empty until the last one, or until the first fault."""
    session = device.session
    if chain[:2] == b"\xbf\x36":
        if session.download is None or session.download.prepared is None:
            raise Refused(apdu.CONDITIONS_NOT_SATISFIED)
        session.installation = Installation(session.download)
    installation = session.installation
    if installation is None:
        raise Refused(apdu.CONDITIONS_NOT_SATISFIED)
    try:
        _take(device, installation, chain)
    except Failed as fault:
        return _failure(device, installation, fault)
    if installation.cutter.is_complete:
        return _success(device, installation)
    return Answer(b"", device.rules["installation-progress"](device.state, installation))


def nothing_kept(_state: CardState, _installation: Installation) -> CardState | None:
    """What the card keeps of a package that is not complete: nothing."""
    return None


def _take(device: Device, installation: Installation, chain: bytes) -> None:
    try:
        for part in installation.cutter.cut(chain):
            _take_part(device, installation, part)
    except DecodeError:
        raise Failed(INCORRECT_INPUT) from None
    if installation.cutter.is_complete and not installation.elements.is_complete:
        raise Failed(PE_PROCESSING_ERROR, response(5))


def _take_part(device: Device, installation: Installation, part: Part) -> None:
    if part.container == bpp.SECURE_CHANNEL:
        installation.receiver = _secure_channel(device, installation.download, part.segment)
    elif not part.segment:
        _FINISHED[part.container](device, installation)
        installation.plaintext = b""
    else:
        plaintext = _opened(device, installation, part.segment)
        if part.container == 0xA3:
            _take_elements(device, installation, plaintext)
        else:
            installation.plaintext += plaintext


def _secure_channel(device: Device, download: Download, raw: bytes) -> Scp03tReceiver:
    """InitialiseSecureChannel: the SM-DP+ signs both one-time keys, and the session keys follow from them."""
    request, value = tlv.parse(raw), decode("InitialiseSecureChannelRequest", raw)
    prepared = download.prepared
    if prepared is None:
        raise Failed(INCORRECT_INPUT)
    covered = b"".join(request.get(tag).raw for tag in (0x82, 0x80, 0xA6, 0x5F49))
    message = covered + tlv.build(0x5F49, prepared.one_time_point)
    if not device.rules["secure-channel-signature"](prepared.binding_key, value["smdpSign"], message):
        raise Failed(INVALID_SIGNATURE)
    if value["transactionId"] != download.transaction_id:
        raise Failed(INVALID_TRANSACTION_ID)
    if value["remoteOpId"] != _INSTALL_OPERATION:
        raise Failed(UNSUPPORTED_OPERATION)
    template = value["controlRefTemplate"]
    if template["keyType"] != _AES or template["keyLen"] != _KEY_LENGTH:
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


def _opened(device: Device, installation: Installation, segment: bytes) -> bytes:
    if installation.receiver is None:
        raise Failed(STRUCTURE_ERROR)
    try:
        return device.rules["segment-opened"](installation.receiver, segment)  # type: ignore[no-any-return]
    except Scp03tError as fault:
        raise Failed(SECURITY_ERROR if fault.reason == MAC else STRUCTURE_ERROR) from None


def segment_opened(receiver: Scp03tReceiver, segment: bytes) -> bytes:
    """What a segment carries, once its MAC continues the chain. Raises Scp03tError."""
    return receiver.unprotect(segment)


def _configure_isdp(_device: Device, installation: Installation) -> None:
    decode("ConfigureISDPRequest", installation.plaintext)


def _store_metadata(device: Device, installation: Installation) -> None:
    value = decode("StoreMetadataRequest", installation.plaintext)
    installation.metadata, installation.iccid = installation.plaintext, value["iccid"]
    if value["profileClass"] not in tuple(ProfileClass):
        raise Failed(UNSUPPORTED_CLASS)
    if not device.rules["iccid-is-new"](device.state, value["iccid"]):
        raise Failed(ICCID_EXISTS)
    if not device.rules["policy-rules-authorised"](device.config, value):
        raise Failed(PPR_NOT_ALLOWED)


def iccid_is_new(state: CardState, iccid: bytes) -> bool:
    """No installed profile has this ICCID."""
    return state.profile(iccid) is None


def policy_rules_authorised(config: CardConfig, metadata: dict[str, Any]) -> bool:
    """Each policy rule of the profile is one that the Rules Authorisation Table gives its owner."""
    octets, count = metadata.get("profilePolicyRules", (b"", 0))
    wanted = bits_of(bytes([8 * len(octets) - count]) + octets)
    owner = metadata.get("profileOwner", {}).get("mccMnc")
    return all(
        any(bit in row.rules and row.mcc_mnc in (_ANY_OPERATOR, owner) for row in config.authorisation)
        for bit in wanted
    )


def _replace_keys(_device: Device, installation: Installation) -> None:
    value = decode("ReplaceSessionKeysRequest", installation.plaintext)
    keys = SessionKeys(value["initialMacChainingValue"], value["ppkEnc"], value["ppkCmac"])
    if installation.receiver is None or {len(keys.initial_mac_chaining), len(keys.s_enc), len(keys.s_mac)} != {16}:
        raise Failed(INCORRECT_INPUT)
    installation.receiver.replace_keys(keys)


def _take_elements(device: Device, installation: Installation, octets: bytes) -> None:
    elements = installation.elements
    try:
        for element in elements.feed(octets):
            device.rules["profile-element"](elements.taken, element)
    except ElementRefused as refused:
        raise Failed(PE_PROCESSING_ERROR, refused.response) from None
    if elements.taken and _swapped(elements.iccid) != installation.iccid:
        raise Failed(DATA_MISMATCH)
    if device.state.used_memory + elements.size > device.config.memory_size:
        raise Failed(INSUFFICIENT_MEMORY)


def _finish_elements(_device: Device, _installation: Installation) -> None:
    """Nothing: whether the elements are complete shows when the package is."""


_FINISHED = {0xA0: _configure_isdp, 0xA1: _store_metadata, 0xA2: _replace_keys, 0xA3: _finish_elements}


def _success(device: Device, installation: Installation) -> Answer:
    number = device.state.isdps_made + _FIRST_ISDP
    profile = profile_of(installation, bytes.fromhex(_ISDP_AID.format(number & 0xFFFF)))
    state = device.rules["profile-installed"](replace(device.state, isdps_made=device.state.isdps_made + 1), profile)
    final = tlv.build(0xA0, tlv.build(0x4F, profile.isdp_aid), tlv.build(0x04, response(OK)))
    state, result = _with_result(device, state, installation, final)
    state = notifications.with_notifications(device, state, profile, Event.INSTALL)
    download = installation.download
    device.session.installed = Installed(profile.iccid, download.server_oid, download.server_address)
    return Answer(result, state)


def _failure(device: Device, installation: Installation, fault: Failed) -> Answer:
    command = _COMMANDS.get(installation.cutter.container, LOAD_ELEMENTS)
    sima = tlv.build(0x82, fault.sima_response) if fault.sima_response else b""
    final = tlv.build(0xA1, tlv.integer(0x80, command), tlv.integer(0x81, fault.reason), sima)
    state, result = _with_result(device, device.state, installation, final)
    return Answer(result, device.rules["installation-failed"](state, installation))


def failed_state(state: CardState, _installation: Installation) -> CardState:
    """After a failed installation only its result is new."""
    return state


def profile_of(installation: Installation, isdp_aid: bytes) -> Profile:
    """The profile that a package amounts to so far."""
    return Profile(
        iccid=installation.iccid,
        isdp_aid=isdp_aid,
        metadata=installation.metadata,
        size=installation.elements.size,
        ci_key_id=installation.download.identity.ci_key_id,
        smdp_oid=installation.download.server_oid,
        smdp_address=installation.download.server_address,
        usim_aid=usim_aid_of(installation.elements.taken),
        files=files_of(installation.elements.taken),
    )


def profile_installed(state: CardState, profile: Profile) -> CardState:
    """A new profile is disabled."""
    return replace(state, profiles=(*state.profiles, profile))


def _with_result(device: Device, state: CardState, installation: Installation, final: bytes) -> tuple[CardState, bytes]:
    """The state with one more Profile Installation Result to be told, and that result. The session is over."""
    download = installation.download
    device.session.download = device.session.installation = None
    state, sequence = device.rules["next-sequence"](state)
    metadata = notifications.notification_metadata(sequence, Event.INSTALL, download.server_address, installation.iccid)
    data = tlv.build(
        0xBF27,
        tlv.build(0x80, download.transaction_id),
        metadata,
        object_identifier(download.server_oid),
        tlv.build(0xA2, final),
    )
    message = device.rules["installation-signing-input"](data)
    signed = tlv.build(0xBF37, data, device.signature(message, download.identity.ci_key_id))
    pending = Notification(sequence, Event.INSTALL, download.server_address, installation.iccid, metadata, signed)
    return replace(state, notifications=(*state.notifications, pending)), signed


def installation_signing_input(data: bytes) -> bytes:
    """euiccSignPIR covers the whole BF27."""
    return data


def object_identifier(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER as TLV 06."""
    first, second, *others = (int(arc) for arc in dotted.split("."))
    octets = bytearray()
    for arc in (40 * first + second, *others):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        octets += bytes(reversed(groups))
    return tlv.build(0x06, bytes(octets))


def _swapped(digits: bytes) -> bytes:
    """The same digits with the nibbles of each octet exchanged."""
    return bytes(octet >> 4 | (octet & 0x0F) << 4 for octet in digits)
