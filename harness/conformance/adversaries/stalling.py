"""A terminal that stops half-way: it fetches a proactive command and never says what became of it."""

from __future__ import annotations

from harness.errors import DeviceFault
from harness.links.apdu import CardLink
from harness.roles.es10.ports import APDU_DEADLINE
from harness.roles.es10.status import split

_PROACTIVE = 0x91


class StallingTerminal:
    """A CardPort over a link on which the harness is the terminal. The card was introduced to its terminal before."""

    def __init__(self, link: CardLink) -> None:
        """Raises DeviceFault where a modem is the terminal."""
        if not link.is_terminal:
            raise DeviceFault("behind a module the harness is not the terminal", hint="restrict the case's links")
        self._link = link
        self.fetched = b""
        """The proactive command that waits for its TERMINAL RESPONSE; empty as long as the card asked for nothing."""

    def transmit(self, command: bytes, *, deadline: float = APDU_DEADLINE) -> bytes:
        """One command APDU; the first 91xx is answered with a FETCH, and with nothing else."""
        response = self._link.transmit(command, deadline=deadline)
        _, sw = split(response)
        if sw >> 8 == _PROACTIVE and not self.fetched:
            fetch = bytes([0x80, 0x12, 0x00, 0x00, sw & 0xFF])
            self.fetched, _ = split(self._link.transmit(fetch, deadline=deadline))
        return response

    def reset(self) -> bytes:
        """Resets the card: its proactive session is gone."""
        self.fetched = b""
        return self._link.reset()
