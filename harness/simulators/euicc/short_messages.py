"""Short messages that the network sends to the card: SMS-DELIVER inside SMS-PP DOWNLOAD (TS 31.111 §7.1, TS 23.040 §9.2).

Rules of this room:
- Only what carries a secured packet is taken; anything else is refused with 6A80 and changes nothing.
- The parts of a packet may come in any order. A reset forgets those that came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.codec import DecodeError, tlv
from harness.simulators.euicc import apdu
from harness.simulators.euicc.apdu import Refused

_SMS_PP_DOWNLOAD = 0xD1
_SMS_TPDU = 0x0B
_COMMAND_PACKET, _CONCATENATED = 0x70, 0x00
_HAS_HEADER = 0x40
_DELIVER = 0x03


@dataclass(frozen=True, slots=True)
class Part:
    """A message, or one of several that make up a packet."""

    content: bytes
    is_secured: bool
    """Whether its header says that a secured packet begins here."""
    reference: int = 0
    count: int = 1
    number: int = 1


def part_of(download: bytes) -> Part:
    """The message in the data of an ENVELOPE. Raises Refused."""
    try:
        outer = tlv.parse(download)
        objects = {field.tag & 0x7F: field.value for field in tlv.parse_all(outer.value)}
    except DecodeError:
        raise Refused(apdu.WRONG_DATA) from None
    if outer.tag != _SMS_PP_DOWNLOAD or _SMS_TPDU not in objects:
        raise Refused(apdu.WRONG_DATA)
    try:
        return _delivered(objects[_SMS_TPDU])
    except IndexError:
        raise Refused(apdu.WRONG_DATA) from None


def joined(waiting: dict[int, dict[int, Part]], part: Part) -> bytes | None:
    """The packet that a part completes; None as long as others are missing. Raises Refused for what is no packet."""
    parts = waiting.setdefault(part.reference, {}) if part.count > 1 else {}
    parts[part.number] = part
    if len(parts) < part.count:
        return None
    waiting.pop(part.reference, None)
    if not parts.get(1, part).is_secured or set(parts) != set(range(1, part.count + 1)):
        raise Refused(apdu.WRONG_DATA)
    return b"".join(parts[number].content for number in sorted(parts))


def _delivered(message: bytes) -> Part:
    """The user data of an SMS-DELIVER. Raises IndexError where it is cut short."""
    if message[0] & _DELIVER or not message[0] & _HAS_HEADER:
        raise Refused(apdu.WRONG_DATA)
    behind_address = 3 + (message[1] + 1) // 2
    length_at = behind_address + 2 + 7
    user_data = message[length_at + 1 : length_at + 1 + message[length_at]]
    header, content = user_data[1 : 1 + user_data[0]], user_data[1 + user_data[0] :]
    elements = _elements(header)
    if _CONCATENATED in elements:
        concatenation = elements[_CONCATENATED]
        reference, count, number = concatenation[0], concatenation[1], concatenation[2]
        if not 1 <= number <= count:
            raise Refused(apdu.WRONG_DATA)
        return Part(content, _COMMAND_PACKET in elements, reference, count, number)
    return Part(content, _COMMAND_PACKET in elements)


def _elements(header: bytes) -> Mapping[int, bytes]:
    found: dict[int, bytes] = {}
    while header:
        size = header[1]
        found[header[0]], header = header[2 : 2 + size], header[2 + size :]
    return found
