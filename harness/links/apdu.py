"""APDU links: one card, several ways to it.

Rules of this room:
- A link moves command APDUs and hands back the whole response APDU, status word included. It judges no status word
  except where it opens a channel itself.
- `is_terminal` says who plays the terminal of ETSI TS 102 223. Where it is True (in memory, PC/SC) nobody stands between
  the harness and the card: 91xx, FETCH and the reset after REFRESH are the caller's to handle. Behind a modem they are
  the modem's.
- An application is reached through `open_channel`, because a modem's +CCHO opens and selects in one command and never
  shows MANAGE CHANNEL or SELECT, while on the other links these are APDUs like all others.
- No retries. A lost handle is a LabFault, silence is DeviceSilent; whoever owns the slot decides what follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from harness.errors import ChannelLost, DeviceFault, MalformedAnswer

DEFAULT_DEADLINE = 10.0
"""Seconds a card gets for one answer where the caller says nothing."""

NO_LOGICAL_CHANNELS = frozenset({0x6881, 0x6D00, 0x6E00})
"""Answers to MANAGE CHANNEL of cards that know the basic channel only."""

MAX_GET_RESPONSE = 64
"""A card that offers more parts than this of one SELECT answer never ends."""


class ChannelRefused(DeviceFault):
    """The card or the modem did not open the channel. `status_word` is 0 where a modem did not tell it."""

    def __init__(self, message: str, *, status_word: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status_word = status_word


class Channel(Protocol):
    """An open way to one application of the card."""

    @property
    def number(self) -> int:
        """The logical channel, or the session id where a modem hides the channel."""

    @property
    def select_response(self) -> bytes:
        """The answer to SELECT with its status word; empty where a modem does not show it."""

    def transmit(self, command: bytes, *, deadline: float = DEFAULT_DEADLINE) -> bytes:
        """Sends one command APDU; the link completes its class byte for this channel. 61xx and 6Cxx are returned."""

    def close(self) -> None:
        """Closes the channel. Closing twice, or after a reset of the card, does nothing."""


@runtime_checkable
class CardLink(Protocol):
    """A way to one card. Synchronous; every exchange is told to the observers before it returns."""

    @property
    def name(self) -> str:
        """ "memory", "pcsc", "at-cgla" or "at-csim": the link a verdict is filed under."""

    @property
    def is_terminal(self) -> bool:
        """True where the harness is the terminal, False where a modem is."""

    def reset(self) -> bytes:
        """Resets the card and returns its ATR; empty where the link does not show it. Channels are gone after it."""

    def transmit(self, command: bytes, *, deadline: float = DEFAULT_DEADLINE) -> bytes:
        """Sends one command APDU and returns response data and status word.

        `deadline` is in seconds. Raises DeviceSilent when it passes, MalformedAnswer for fewer than two octets,
        LabFault when the way to the card is lost.
        """

    def open_channel(self, aid: bytes, *, deadline: float = DEFAULT_DEADLINE) -> Channel:
        """Opens a channel and selects `aid` on it. Raises ChannelRefused."""

    def close(self) -> None:
        """Gives the card back. Closing twice does nothing."""


Transmit = Callable[[bytes, float], bytes]


class LogicalChannel:
    """A channel opened with MANAGE CHANNEL and SELECT (ETSI TS 102 221 §11.1.17, §11.1.1), on a link that shows them.

    Falls back to the basic channel where the card has no logical channels, as some eUICCs do.
    """

    def __init__(self, transmit: Transmit, number: int, select_response: bytes) -> None:
        self._transmit: Transmit | None = transmit
        self.number = number
        self.select_response = select_response

    @classmethod
    def open(cls, transmit: Transmit, aid: bytes, deadline: float = DEFAULT_DEADLINE) -> LogicalChannel:
        """Opens a channel and selects `aid`. Raises ChannelRefused with the status word that refused it."""
        number = cls._open_number(transmit, deadline)
        answer = cls._select(transmit, number, aid, deadline)
        if answer[-2] not in (0x90, 0x91, 0x62, 0x63):
            if number:
                transmit(bytes((class_byte(0x00, number), 0x70, 0x80, number)), deadline)
            raise ChannelRefused(
                f"SELECT {aid.hex().upper()} on channel {number} answered {answer[-2:].hex().upper()}",
                status_word=status_word(answer),
            )
        return cls(transmit, number, answer)

    @staticmethod
    def _open_number(transmit: Transmit, deadline: float) -> int:
        answer = transmit(bytes.fromhex("0070000001"), deadline)
        if status_word(answer) in NO_LOGICAL_CHANNELS:
            return 0
        if answer[-2] not in (0x90, 0x91):
            raise ChannelRefused(
                f"MANAGE CHANNEL answered {answer[-2:].hex().upper()}",
                status_word=status_word(answer),
                hint="reset the card: its channels may all be open",
            )
        if len(answer) != 3 or not 1 <= answer[0] <= 19:
            raise MalformedAnswer(f"MANAGE CHANNEL opened no channel between 1 and 19: {answer.hex().upper()}")
        return answer[0]

    @staticmethod
    def _select(transmit: Transmit, number: int, aid: bytes, deadline: float) -> bytes:
        cla = class_byte(0x00, number)
        answer = transmit(bytes((cla, 0xA4, 0x04, 0x00, len(aid))) + aid, deadline)
        data = b""
        for _ in range(MAX_GET_RESPONSE):
            if answer[-2] != 0x61:
                return data + answer
            data += answer[:-2]
            answer = transmit(bytes((cla, 0xC0, 0x00, 0x00, answer[-1])), deadline)
        raise MalformedAnswer(f"SELECT still answers 61xx after {MAX_GET_RESPONSE} GET RESPONSE")

    def transmit(self, command: bytes, *, deadline: float = DEFAULT_DEADLINE) -> bytes:
        """Sends one command APDU on this channel. A closed channel raises ChannelLost."""
        if self._transmit is None:
            raise ChannelLost(f"channel {self.number} is closed", hint="open it again after a reset")
        return self._transmit(bytes((class_byte(command[0], self.number),)) + command[1:], deadline)

    def forget(self) -> None:
        """The card was reset: the channel is gone without a word to the card."""
        self._transmit = None

    def close(self) -> None:
        """Closes the channel on the card; the basic channel just stays."""
        transmit, self._transmit = self._transmit, None
        if transmit is not None and self.number:
            transmit(bytes((0x00, 0x70, 0x80, self.number)), DEFAULT_DEADLINE)


def class_byte(cla: int, channel: int) -> int:
    """`cla` for a logical channel, 0 to 19 (ETSI TS 102 221 §10.1.1): 0 to 3 in two bits, the others as 4x and Cx."""
    if channel < 4:
        return (cla & 0x9C) | channel
    return (cla & 0x80) | 0x40 | (cla & 0x10) | (channel - 4)


def status_word(response: bytes) -> int:
    """SW1 SW2 of a response APDU."""
    return int.from_bytes(response[-2:], "big")


def checked_response(response: bytes) -> bytes:
    """`response` if it can be a response APDU; fewer than two octets are a MalformedAnswer."""
    if len(response) < 2:
        raise MalformedAnswer(f"a response APDU has at least two octets, got {response.hex().upper() or 'none'}")
    return response
