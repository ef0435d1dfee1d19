"""Secured packets as short messages to the card: SMS-DELIVER (TS 23.040 §9.2.2.1), ENVELOPE (SMS-PP DOWNLOAD, TS 31.111).

Rules of this room:
- A packet that fits goes alone behind the header 70 00; one that does not is cut, its first part with that header too
  (TS 31.115 §4.1).
- The time stamp says nothing that a card acts on, so that it is always the same one.
"""

from __future__ import annotations

from harness.codec import DecodeError, tlv

MOST_USER_DATA = 140
COMMAND_HEADER = bytes.fromhex("7000")
_CONCATENATION = bytes.fromhex("0003")
_DELIVER_WITH_HEADER, _NO_MORE_MESSAGES = 0x40, 0x04
_ORIGIN = bytes.fromhex("0581214365")
_DATA_DOWNLOAD, _CLASS_2_OCTETS = 0x7F, 0xF6
_TIME_STAMP = bytes.fromhex("62101000000000")
_NETWORK_TO_CARD = bytes.fromhex("8381")
_ENVELOPE = bytes.fromhex("80C20000")
_FIRST_ROOM = MOST_USER_DATA - 8
_ROOM = MOST_USER_DATA - 6
_MOST_PARTS = 255


def envelopes(packet: bytes, reference: int) -> tuple[bytes, ...]:
    """The ENVELOPE commands that bring a packet to a card, in order. `reference` tells the parts of one from another's."""
    *earlier, last = _parts(packet, reference)
    messages = [*(_deliver(part, 0) for part in earlier), _deliver(last, _NO_MORE_MESSAGES)]
    return tuple(_envelope(message) for message in messages)


def _parts(packet: bytes, reference: int) -> list[bytes]:
    """User data of each message, header and all."""
    if 3 + len(packet) <= MOST_USER_DATA:
        return [bytes([len(COMMAND_HEADER)]) + COMMAND_HEADER + packet]
    pieces = [packet[:_FIRST_ROOM], *(packet[at : at + _ROOM] for at in range(_FIRST_ROOM, len(packet), _ROOM))]
    if len(pieces) > _MOST_PARTS:
        raise ValueError(f"{len(packet)} octets do not fit {_MOST_PARTS} short messages")
    found = []
    for number, piece in enumerate(pieces, start=1):
        header = _CONCATENATION + bytes([reference & 0xFF, len(pieces), number])
        header += COMMAND_HEADER if number == 1 else b""
        found.append(bytes([len(header)]) + header + piece)
    return found


def _deliver(user_data: bytes, more: int) -> bytes:
    head = bytes([_DELIVER_WITH_HEADER | more]) + _ORIGIN + bytes([_DATA_DOWNLOAD, _CLASS_2_OCTETS]) + _TIME_STAMP
    return head + bytes([len(user_data)]) + user_data


def _envelope(message: bytes) -> bytes:
    download = tlv.build(0xD1, tlv.build(0x82, _NETWORK_TO_CARD), tlv.build(0x8B, message))
    return _ENVELOPE + bytes([len(download)]) + download + b"\x00"


class Joining:
    """Puts the parts of packets together again, as somebody who watches the terminal."""

    def __init__(self) -> None:
        self._open: dict[int, dict[int, bytes]] = {}

    def take(self, download: bytes) -> bytes | None:
        """The data of one ENVELOPE; the packet that it completes, or None.

        Raises DecodeError for what carries no secured packet, or part of one.
        """
        outer = tlv.parse(download)
        found = next((field for field in tlv.parse_all(outer.value) if field.tag & 0x7F == 0x0B), None)
        if outer.tag != 0xD1 or found is None:
            raise DecodeError("no short message for the card", offset=0)
        header, piece = _user_data(found.value)
        if header[:2] != _CONCATENATION or len(header) < 5:
            if not header.startswith(COMMAND_HEADER):
                raise DecodeError("a short message without a secured packet", offset=0)
            return piece
        reference, count, number = header[2:5]
        parts = self._open.setdefault(reference, {})
        parts[number] = piece
        if set(parts) != set(range(1, count + 1)):
            return None
        del self._open[reference]
        return b"".join(parts[at] for at in range(1, count + 1))


def _user_data(message: bytes) -> tuple[bytes, bytes]:
    """Header and contents of the user data of an SMS-DELIVER."""
    if len(message) < 2 or not message[0] & _DELIVER_WITH_HEADER:
        raise DecodeError("a short message without a header", offset=0)
    at = 3 + (message[1] + 1) // 2 + 2 + len(_TIME_STAMP)
    user_data = message[at + 1 :]
    if not user_data or len(user_data) != message[at] or len(user_data) <= user_data[0]:
        raise DecodeError("a short message that is cut short", offset=at)
    return user_data[1 : 1 + user_data[0]], user_data[1 + user_data[0] :]
