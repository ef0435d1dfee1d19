"""A card behind a modem through AT+CCHO, AT+CGLA and AT+CCHC (3GPP TS 27.007 §8.43, §8.45, §8.46).

The modem opens the channel and selects the application in one command, keeps the channel's number to itself and gives a
session id. What differs between modules: the id may stand alone or behind the command's name, be a number or a handle in
hexadecimal, and +CCHC may be missing, so that channels stay open until the SIM is reset.
"""

from __future__ import annotations

import re

from harness.errors import ChannelLost, LabFault, MalformedAnswer
from harness.links.apdu import DEFAULT_DEADLINE, ChannelRefused, class_byte
from harness.links.at_card import AtCard, apdu_answer, apdu_parameter
from harness.links.at_grammar import AtRefused
from harness.links.events import Direction

_SESSION = re.compile(r"^(?:\+CCHO:\s*)?([0-9][0-9A-F]{0,15})\s*(?:,|$)", re.IGNORECASE)
_HIGHEST_CHANNEL = 19
_USIM = bytes.fromhex("A0000000871002")


class AtCglaLink(AtCard):
    """The modem manages the channels."""

    name = "at-cgla"
    _left_open = False
    """Whether a session could not be closed since the last reset."""

    def reset(self) -> bytes:
        """As every card behind a modem; no session is left open then."""
        self._left_open = False
        return super().reset()

    def transmit(self, command: bytes, *, deadline: float = DEFAULT_DEADLINE) -> bytes:
        """Not possible: +CGLA reaches a card within a session only."""
        raise LabFault("+CGLA has no way to the basic channel", hint="give the slot the link at-csim for this case")

    def open_channel(self, aid: bytes, *, deadline: float = DEFAULT_DEADLINE) -> CglaChannel:
        """AT+CCHO, after a reset where earlier sessions fill the card. Raises ChannelRefused with the modem's error."""
        self.access.reach()
        try:
            return self._open(aid, deadline)
        except ChannelRefused:
            if not self._left_open:
                raise
        self.reset()
        self.access.reach()
        return self._open(aid, deadline)

    def _open(self, aid: bytes, deadline: float) -> CglaChannel:
        try:
            answer = self._engine.command(f'AT+CCHO="{aid.hex().upper()}"', deadline=deadline).checked()
        except AtRefused as refusal:
            raise ChannelRefused(str(refusal), hint="reset the module: its channels may all be open") from refusal
        sessions = [match[1] for line in answer.lines if (match := _SESSION.match(line))]
        if len(sessions) != 1:
            raise MalformedAnswer(f"AT+CCHO gave no session id: {' | '.join(answer.lines) or 'nothing'}")
        channel = CglaChannel(self, sessions[0])
        self._opened(channel)
        return channel

    def exchange(self, session: str, command: bytes, deadline: float) -> bytes:
        """One APDU within a session. Raises ChannelLost where the modem refuses: a session does not outlive a REFRESH."""
        self._tell_apdu(Direction.TO_DEVICE, command)
        try:
            answer = self._engine.command(f"AT+CGLA={session},{apdu_parameter(command)}", deadline=deadline).checked()
        except AtRefused as refusal:
            raise ChannelLost(f"session {session} is gone: {refusal}", hint="open the channel again") from refusal
        response = apdu_answer(answer, "+CGLA")
        self._tell_apdu(Direction.FROM_DEVICE, response)
        return response

    def close_session(self, session: str) -> None:
        """AT+CCHC. A module that lacks it frees the channel at the next reset."""
        if not self._engine.command(f"AT+CCHC={session}").ok:
            self._left_open = True

    def _refusal(self, aid: bytes) -> str:
        """A card need not have the application that is wanted: one that every modem knows is tried too."""
        first = ""
        for application in (aid, _USIM):
            try:
                self.open_channel(application).close()
            except (ChannelRefused, AtRefused) as refusal:
                first = first or str(refusal)
            except MalformedAnswer:
                return ""  # the cases judge what came
            else:
                return ""
        return first


class CglaChannel:
    """A session to one application."""

    select_response = b""

    def __init__(self, link: AtCglaLink, session: str) -> None:
        self._link: AtCglaLink | None = link
        self._session = session
        self.number = int(session, 10 if session.isdecimal() else 16)

    def transmit(self, command: bytes, *, deadline: float = DEFAULT_DEADLINE) -> bytes:
        """Sends one command APDU.

        The modem sets the channel in the class byte; for modules that do not, the session id stands there, which is the
        channel's number on them.
        """
        if self._link is None:
            raise ChannelLost(f"session {self.number} is closed", hint="open the channel again")
        if self.number <= _HIGHEST_CHANNEL:
            command = bytes((class_byte(command[0], self.number),)) + command[1:]
        return self._link.exchange(self._session, command, deadline)

    def forget(self) -> None:
        """The card was reset: the session is gone without a word to the modem."""
        self._link = None

    def close(self) -> None:
        """Ends the session."""
        link, self._link = self._link, None
        if link is not None:
            link.close_session(self._session)
