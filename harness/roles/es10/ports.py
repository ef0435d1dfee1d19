"""What ES10 needs of whatever leads to the card. Links and the simulated module fit these shapes; nothing is inherited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

ISD_R = bytes.fromhex("A0000005591010FFFFFFFF8900000100")
"""The AID of the ISD-R (SGP.02; the same in SGP.22 and SGP.32)."""

APDU_DEADLINE = 10.0
"""Seconds for one APDU that does ordinary work."""
INSTALLATION_DEADLINE = 240.0
"""Seconds for one APDU of a profile installation: flash is slow, and modules pass the wait on."""


class CardPort(Protocol):
    """A way to one card: command APDU in, response APDU with its status word out."""

    def transmit(self, command: bytes, *, deadline: float = ...) -> bytes: ...

    def reset(self) -> bytes:
        """Resets the card and returns its ATR; empty where the way to the card does not show it."""
        ...


class LentChannel(Protocol):
    """A channel that a port opened: it completes the class byte by itself."""

    @property
    def select_response(self) -> bytes:
        """The answer to SELECT with its status word; empty where a modem does not show it."""

    def transmit(self, command: bytes, *, deadline: float = ...) -> bytes: ...

    def close(self) -> None: ...


@runtime_checkable
class ChannelPort(Protocol):
    """A way to the card that opens logical channels by itself, as AT+CCHO does."""

    def open_channel(self, aid: bytes, *, deadline: float = ...) -> LentChannel: ...


@runtime_checkable
class SessionPort(Protocol):
    """A way to the card that says when the card was reset, since a reset closes every logical channel."""

    def on_reset(self, forget: Callable[[], None]) -> None: ...
