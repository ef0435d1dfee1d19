"""Status words (ISO/IEC 7816-4 §5.6, TS 102 221 §10.2.1) as ES10 reads them."""

from __future__ import annotations

from harness.errors import DeviceFault, MalformedAnswer

OK = 0x9000
CONDITIONS_NOT_SATISFIED = 0x6985
CHANNEL_GONE = frozenset({0x6881, 0x6E00})
"""What a card says of a logical channel that a reset has closed."""


class StatusWordFault(DeviceFault):
    """The card ended a command with a status word other than 9000, 61xx or 91xx."""

    def __init__(self, sw: int, command: bytes) -> None:
        super().__init__(f"status word {sw:04X} to the command {command[:5].hex().upper()}")
        self.sw = sw
        self.command = command


def split(response: bytes) -> tuple[bytes, int]:
    """The data and the status word of a response APDU. Raises MalformedAnswer where there is no status word."""
    if len(response) < 2:
        raise MalformedAnswer(f"a response of {len(response)} octets has no status word")
    return response[:-2], int.from_bytes(response[-2:], "big")


def is_success(sw: int) -> bool:
    """9000, or 91xx: done, and a proactive command waits."""
    return sw == OK or sw >> 8 == 0x91
