"""A card behind a modem through AT+CSIM (3GPP TS 27.007 §8.17): the APDUs are the harness's own, channels included."""

from __future__ import annotations

from harness.errors import MalformedAnswer
from harness.links.apdu import DEFAULT_DEADLINE, ChannelRefused, LogicalChannel
from harness.links.at_card import AtCard, apdu_answer, apdu_parameter
from harness.links.at_grammar import AtRefused
from harness.links.events import Direction


class AtCsimLink(AtCard):
    """Every APDU goes out as it is. Raises AtRefused where the modem refuses +CSIM."""

    name = "at-csim"

    def transmit(self, command: bytes, *, deadline: float = DEFAULT_DEADLINE) -> bytes:
        """Sends one command APDU; its class byte says the channel."""
        self.access.reach()
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

    def _refusal(self, aid: bytes) -> str:
        """Some modems lack +CSIM, others refuse every APDU of another channel than the basic one."""
        try:
            self.open_channel(aid).close()
        except AtRefused as refusal:
            return str(refusal)
        except (ChannelRefused, MalformedAnswer):
            return ""  # it was the card that refused, or the cases judge what came
        return ""
