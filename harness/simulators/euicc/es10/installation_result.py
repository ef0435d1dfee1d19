"""How LoadBoundProfilePackage ends: the Profile Installation Result (SGP.22 §5.7.6), kept until it is acknowledged."""

from __future__ import annotations

from dataclasses import replace

from harness.codec import tlv
from harness.simulators.euicc.device import Answer, Device, Purpose
from harness.simulators.euicc.domain import security_domain_of
from harness.simulators.euicc.download import Installation, Installed
from harness.simulators.euicc.elements import OK
from harness.simulators.euicc.elements import response as euicc_response
from harness.simulators.euicc.es10 import notifications
from harness.simulators.euicc.es10.loading import COMMANDS, LOAD_ELEMENTS, Failed
from harness.simulators.euicc.filesystem import files_of, usim_aid_of
from harness.simulators.euicc.state import CardState, Event, Notification, Profile

_ISDP_AID = "A0000005591010FFFFFFFF8900{:04X}00"
_FIRST_ISDP = 0x10


def success(device: Device, installation: Installation) -> Answer:
    """The profile is there, disabled; its receivers are told."""
    number = device.state.isdps_made + _FIRST_ISDP
    profile = profile_of(installation, bytes.fromhex(_ISDP_AID.format(number & 0xFFFF)))
    state = device.rules["profile-installed"](replace(device.state, isdps_made=device.state.isdps_made + 1), profile)
    final = tlv.build(0xA0, tlv.build(0x4F, profile.isdp_aid), tlv.build(0x04, euicc_response(OK)))
    state, result = _with_result(device, state, installation, final)
    state = notifications.with_notifications(device, state, profile, Event.INSTALL)
    download = installation.download
    device.session.installed = Installed(profile.iccid, download.server_oid, download.server_address)
    return Answer(result, state)


def failure(device: Device, installation: Installation, fault: Failed) -> Answer:
    """Nothing is there but the result."""
    command = device.rules["failure-location"](installation.cutter.container)
    response = device.rules["failure-response"](fault.sima_response)
    sima = tlv.build(0x82, response) if response else b""
    final = tlv.build(0xA1, tlv.integer(0x80, command), tlv.integer(0x81, fault.reason), sima)
    state, result = _with_result(device, device.state, installation, final)
    return Answer(result, device.rules["installation-failed"](state, installation))


def failure_location(container: int | None) -> int:
    """bppCommandId: the command in whose container the fault was found."""
    return COMMANDS.get(container, LOAD_ELEMENTS)


def failure_response(response: bytes) -> bytes:
    """simaResponse: what became of the profile elements; empty before there were any."""
    return response


def failed_state(state: CardState, _installation: Installation) -> CardState:
    """After a failed installation only its result is new."""
    return state


def profile_of(installation: Installation, isdp_aid: bytes) -> Profile:
    """The profile that a package amounts to so far."""
    return Profile(
        iccid=installation.iccid,
        isdp_aid=isdp_aid,
        metadata=installation.metadata,
        dp_proprietary_data=installation.dp_proprietary_data,
        size=installation.elements.room,
        ci_key_id=installation.download.identity.ci_key_id,
        smdp_oid=installation.download.server_oid,
        smdp_address=installation.download.server_address,
        usim_aid=usim_aid_of(installation.elements.taken),
        files=files_of(installation.elements.taken),
        domain=security_domain_of(installation.elements.taken),
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
    signed = tlv.build(0xBF37, data, device.signature(Purpose.INSTALLATION, data, download.identity.ci_key_id))
    pending = Notification(sequence, Event.INSTALL, download.server_address, installation.iccid, metadata, signed)
    return replace(state, notifications=(*state.notifications, pending)), signed


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
