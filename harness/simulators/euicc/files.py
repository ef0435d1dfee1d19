"""Reading the enabled profile: SELECT by file, READ BINARY, READ RECORD, STATUS (TS 102 221 §11.1).

Access conditions are not simulated: everything here may be read without a PIN.
"""

from __future__ import annotations

from harness.codec import tlv
from harness.simulators.euicc import apdu
from harness.simulators.euicc.apdu import Command, Refused, Reply
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.filesystem import ADF
from harness.simulators.euicc.session import Channel
from harness.simulators.euicc.state import ElementaryFile, Profile

MF = bytes.fromhex("3F00")
_BY_FILE_ID = (0x00, 0x01, 0x02)
_BY_PATH_FROM_MF = 0x08
_BY_PATH_FROM_DF = 0x09
_ABSOLUTE_RECORD = 0x04
_MIN_AID = 5


def select_usim(device: Device, channel: Channel, aid: bytes) -> bytes:
    """Selects the USIM of the enabled profile by its name or the first octets of it; its FCP."""
    profile = device.state.enabled
    if profile is None or len(aid) < _MIN_AID or not profile.usim_aid.startswith(aid):
        raise Refused(apdu.FILE_NOT_FOUND)
    channel.path = ADF
    return _directory(ADF, profile.usim_aid)


def select(device: Device, channel: Channel, p1: int, data: bytes) -> bytes:
    """Selects by file identifier or path; the FCP of what was found."""
    profile = device.state.enabled
    if profile is None:
        raise Refused(apdu.FILE_NOT_FOUND)
    if not data or len(data) % 2:
        raise Refused(apdu.WRONG_LENGTH)
    if p1 in _BY_FILE_ID:
        path = b"" if data == MF else ADF if data == ADF else _directory_of(channel.path) + data
    elif p1 == _BY_PATH_FROM_MF:
        path = data.removeprefix(MF)
    elif p1 == _BY_PATH_FROM_DF:
        path = _directory_of(channel.path) + data
    else:
        raise Refused(apdu.WRONG_P1_P2)
    if path == b"" or (path == ADF and profile.usim_aid):
        channel.path, channel.isdr_selected = path, False
        return _directory(path or MF, profile.usim_aid if path else b"")
    file = _find(profile, path) or _find(profile, data)
    if file is None:
        raise Refused(apdu.FILE_NOT_FOUND)
    channel.path, channel.isdr_selected = file.path, False
    return _elementary(file)


def read_binary(device: Device, command: Command) -> Reply:
    """Octets of the selected transparent file. 6Cxx where it has fewer than asked for."""
    file = _selected(device, command)
    if file.record_length:
        raise Refused(0x6981)
    if command.p1 & 0x80:
        raise Refused(apdu.WRONG_P1_P2)
    offset = command.p1 << 8 | command.p2
    if offset >= len(file.contents):
        raise Refused(apdu.WRONG_OFFSET)
    return _part(file.contents[offset:], command.le)


def read_record(device: Device, command: Command) -> Reply:
    """One record of the selected linear fixed file, by number."""
    file = _selected(device, command)
    if not file.record_length:
        raise Refused(0x6981)
    if command.p2 != _ABSOLUTE_RECORD or not command.p1:
        raise Refused(apdu.WRONG_P1_P2)
    record = file.contents[(command.p1 - 1) * file.record_length : command.p1 * file.record_length]
    if not record:
        raise Refused(apdu.RECORD_NOT_FOUND)
    return _part(record, command.le, whole=True)


def status(device: Device, command: Command) -> Reply:
    """STATUS: with it a terminal polls, also for a waiting proactive command. FCP of the current directory if asked for."""
    channel = device.session.channels[command.channel]
    profile = device.state.enabled
    if command.le is None or profile is None:
        return Reply()
    below_adf = channel.path[:2] == ADF
    fcp = _directory(ADF if below_adf else MF, profile.usim_aid if below_adf else b"")
    return _part(fcp, command.le)


def _selected(device: Device, command: Command) -> ElementaryFile:
    channel = device.session.channels[command.channel]
    profile = device.state.enabled
    file = _find(profile, channel.path) if profile else None
    if file is None or channel.isdr_selected:
        raise Refused(apdu.NO_EF_SELECTED)
    return file


def _part(data: bytes, le: int | None, *, whole: bool = False) -> Reply:
    wanted = 256 if le is None else le
    if wanted > len(data) or (whole and wanted != len(data)):
        if wanted == 256:
            return Reply(data)
        raise Refused(apdu.WRONG_LE | len(data) & 0xFF)
    return Reply(data[:wanted])


def _find(profile: Profile, path: bytes) -> ElementaryFile | None:
    return next((file for file in profile.files if file.path == path), None)


def _directory_of(path: bytes) -> bytes:
    return ADF if path[:2] == ADF else b""


def _directory(file_id: bytes, aid: bytes) -> bytes:
    named = tlv.build(0x84, aid) if aid else b""
    return tlv.build(0x62, tlv.build(0x82, b"\x78\x21"), tlv.build(0x83, file_id), named, tlv.build(0x8A, b"\x05"))


def _elementary(file: ElementaryFile) -> bytes:
    descriptor = b"\x41\x21"
    if file.record_length:
        count = len(file.contents) // file.record_length
        descriptor = b"\x42\x21" + file.record_length.to_bytes(2, "big") + bytes([count & 0xFF])
    return tlv.build(
        0x62,
        tlv.build(0x82, descriptor),
        tlv.build(0x83, file.path[-2:]),
        tlv.build(0x8A, b"\x05"),
        tlv.build(0x80, len(file.contents).to_bytes(2, "big")),
    )
