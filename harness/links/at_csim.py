"""A card behind a modem through AT+CSIM (3GPP TS 27.007 §8.17): the APDUs are the harness's own, channels included."""

from __future__ import annotations

from harness.links.apdu import DEFAULT_DEADLINE, LogicalChannel
from harness.links.at_card import AtCard, apdu_answer, apdu_parameter
from harness.links.events import Direction


class AtCsimLink(AtCard):
    """Every APDU goes out as it is. Raises AtRefused where the modem refuses +CSIM."""

    name = "at-csim"

    def transmit(self, command: bytes, *, deadline: float = DEFAULT_DEADLINE) -> bytes:
        """Sends one command APDU; its class byte says the channel."""
        self._tell_apdu(Direction.TO_DEVICE, command)
        answer = self._engine.command(f"AT+CSIM={apdu_parameter(command)}", deadline=deadline).checked()
        response = apdu_answer(answer, "+CSIM")
        self._tell_apdu(Direction.FROM_DEVICE, response)
        return response

    def open_channel(self, aid: bytes, *, deadline: float = DEFAULT_DEADLINE) -> LogicalChannel:
        """MANAGE CHANNEL, then SELECT. Raises ChannelRefused."""
        channel = LogicalChannel.open(lambda command, within: self.transmit(command, deadline=within), aid, deadline)
        self._opened(channel)
        return channel
