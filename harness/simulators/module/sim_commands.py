"""Commands that reach the SIM (27.007 §8.3, §8.17, §8.18, §8.43, §8.45, §8.46)."""

from __future__ import annotations

from harness.errors import DeviceFault
from harness.roles.es10.channel import class_byte
from harness.simulators.module.grammar import (
    EXECUTE,
    INCORRECT_PARAMETERS,
    MEMORY_FULL,
    NO_SIM,
    NOT_FOUND,
    OPERATION_NOT_ALLOWED,
    READ,
    SET,
    SIM_FAILURE,
    AtCommand,
    AtError,
)
from harness.simulators.module.modem import AIRPLANE, Modem

_SHORTEST_APDU = 4
_MORE_DATA = 0x61
_USIM = bytes.fromhex("7FFF")


def imsi(modem: Modem, command: AtCommand) -> list[str]:
    """+CIMI: the bare digits."""
    if command.form != EXECUTE:
        return []
    if modem.sim.imsi is None:
        raise AtError(SIM_FAILURE if modem.sim.is_powered else NO_SIM)
    return [modem.sim.imsi]


def iccid(modem: Modem, command: AtCommand) -> list[str]:
    """The maker's command for it."""
    if command.form not in (EXECUTE, READ):
        return []
    if modem.sim.iccid is None:
        raise AtError(SIM_FAILURE if modem.sim.is_powered else NO_SIM)
    return [f"{modem.dialect.iccid_commands[command.name]}{modem.sim.iccid}"]


def pin(modem: Modem, command: AtCommand) -> list[str]:
    """+CPIN: no PIN is ever asked for."""
    if not modem.sim.is_powered:
        raise AtError(NO_SIM)
    if command.form == READ:
        return ["+CPIN: READY"]
    if command.form == SET:
        raise AtError(OPERATION_NOT_ALLOWED)
    return []


def generic_access(modem: Modem, command: AtCommand) -> list[str]:
    """+CSIM: an APDU as it is, channel and all."""
    if command.form != SET:
        return []
    _require_access(modem)
    apdu = _apdu(modem, command, 0)
    if not modem.dialect.passes_channels and channel_of(apdu[0]):
        raise AtError
    return [_answered("+CSIM", _exchanged(modem, apdu))]


def restricted_access(modem: Modem, command: AtCommand) -> list[str]:
    """+CRSM: READ BINARY, READ RECORD, STATUS and the like on a file that the module selects itself."""
    if command.form != SET:
        return []
    instruction, file = command.number(0), command.number(1, 0)
    p1, p2, p3 = (command.number(place, 0) for place in (2, 3, 4))
    if instruction not in (0xB0, 0xB2, 0xC0, 0xF2) or max(p1, p2, p3) > 0xFF or file > 0xFFFF:
        raise AtError(INCORRECT_PARAMETERS)
    if instruction != 0xF2:
        identifier = file.to_bytes(2, "big")
        path = identifier if identifier[0] == 0x2F else _USIM + identifier
        selected = modem.sim.transmit(b"\x00\xa4\x08\x04" + bytes([len(path)]) + path)
        if selected[-2] not in (0x90, 0x91, 0x61):
            return [f"+CRSM: {selected[-2]},{selected[-1]}"]
        if selected[-2] == 0x61 and instruction == 0xC0:
            p3 = selected[-1]
    response = modem.sim.transmit(bytes([0x00, instruction, p1, p2, p3]))
    data = f',"{response[:-2].hex().upper()}"' if response[:-2] else ""
    return [f"+CRSM: {response[-2]},{response[-1]}{data}"]


def open_session(modem: Modem, command: AtCommand) -> list[str]:
    """+CCHO: opens a logical channel and selects an application; the session id is the channel's number."""
    if command.form != SET:
        return []
    aid = command.octets(0)
    if not 5 <= len(aid) <= 16:
        raise AtError(INCORRECT_PARAMETERS)
    _require_access(modem)
    if len(modem.sessions) >= modem.config.sessions:
        raise AtError(MEMORY_FULL)
    opened = modem.sim.transmit(bytes.fromhex("0070000001"))
    if opened[-2:] != b"\x90\x00" or len(opened) != 3:
        raise AtError(MEMORY_FULL)
    channel = opened[0]
    selected = modem.sim.transmit(bytes([class_byte(0x00, channel), 0xA4, 0x04, 0x00, len(aid)]) + aid)
    if selected[-2] not in (0x90, 0x91, 0x61):
        modem.sim.transmit(bytes([0x00, 0x70, 0x80, channel]))
        raise AtError(NOT_FOUND)
    if selected[-2] == 0x61:
        modem.sim.transmit(bytes([class_byte(0x00, channel), 0xC0, 0x00, 0x00, selected[-1]]))
    modem.sessions.add(channel)
    return [f"{modem.dialect.session_prefix}{channel}"]


def session_access(modem: Modem, command: AtCommand) -> list[str]:
    """+CGLA: an APDU within a session; the module puts the channel into the class byte."""
    if command.form != SET:
        return []
    _require_access(modem)
    channel = _session(modem, command)
    apdu = _apdu(modem, command, 1)
    return [_answered("+CGLA", _exchanged(modem, bytes([class_byte(apdu[0] & 0x9C, channel)]) + apdu[1:]))]


def close_session(modem: Modem, command: AtCommand) -> list[str]:
    """+CCHC."""
    if command.form != SET:
        return []
    channel = _session(modem, command)
    modem.sessions.discard(channel)
    answer = modem.sim.transmit(bytes([0x00, 0x70, 0x80, channel]))
    if answer[-2] not in (0x90, 0x91):
        raise DeviceFault("the card did not close the channel")
    return list(modem.dialect.close_answer)


def _session(modem: Modem, command: AtCommand) -> int:
    channel = command.number(0)
    if channel not in modem.sessions:
        raise AtError(OPERATION_NOT_ALLOWED)
    return channel


def _require_access(modem: Modem) -> None:
    """Raises AtError 3 where APDUs do not reach the card now."""
    when = modem.dialect.apdus_when
    if (when == "flight" and modem.functionality != AIRPLANE) or (when == "registered" and modem.plmn() is None):
        raise AtError(OPERATION_NOT_ALLOWED)


def _exchanged(modem: Modem, apdu: bytes) -> bytes:
    """The card's answer; the whole of it where the module fetches what 61xx announces."""
    response = modem.sim.transmit(apdu)
    data = b""
    while modem.dialect.fetches_responses and response[-2] == _MORE_DATA:
        data += response[:-2]
        response = modem.sim.transmit(bytes([apdu[0] & 0x7F, 0xC0, 0x00, 0x00, response[-1]]))
    return data + response


def channel_of(class_octet: int) -> int:
    """The logical channel that a class octet names (TS 102 221 §10.1.1)."""
    return 4 + (class_octet & 0x0F) if class_octet & 0x40 else class_octet & 0x03


def _apdu(modem: Modem, command: AtCommand, place: int) -> bytes:
    """Length and digits of an APDU, which must agree. Raises AtError 50."""
    announced, octets = command.number(place), command.octets(place + 1)
    if announced != 2 * len(octets) or not _SHORTEST_APDU <= len(octets) <= modem.dialect.longest_apdu:
        raise AtError(INCORRECT_PARAMETERS)
    return octets


def _answered(name: str, response: bytes) -> str:
    return f'{name}: {2 * len(response)},"{response.hex().upper()}"'
