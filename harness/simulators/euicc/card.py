"""A simulated eUICC: command APDU in, response APDU out.

Theory of operation:
- `Device` holds what the card is (configuration, identities), what it keeps (CardState, committed as one value) and what
  it forgets at a reset (Session). `transmit` finds the instruction's handler in the rule table and turns what it raises
  into a status word; the ES10 functions are one level below, behind STORE DATA.
- Nothing reads a clock, and randomness comes from the Entropy that is given: the same seed and commands give the same
  octets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.crypto.entropy import Entropy
from harness.errors import LabFault
from harness.rules import Rules
from harness.simulators.euicc import apdu, serial
from harness.simulators.euicc.apdu import Refused, Reply
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.conforming import CONFORMING
from harness.simulators.euicc.credentials import Identity
from harness.simulators.euicc.describe import description
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.memory import Memory
from harness.simulators.euicc.session import Session
from harness.simulators.euicc.state import CardState

INSTRUCTIONS: Mapping[int, str] = {
    0x10: "TERMINAL PROFILE",
    0x12: "FETCH",
    0x14: "TERMINAL RESPONSE",
    0x70: "MANAGE CHANNEL",
    0xA4: "SELECT",
    0xAA: "TERMINAL CAPABILITY",
    0xB0: "READ BINARY",
    0xB2: "READ RECORD",
    0xC0: "GET RESPONSE",
    0xE2: "STORE DATA",
    0xF2: "STATUS",
}
_GET_RESPONSE = 0xC0


class SimulatedEuicc:
    """One card. Powered off at first; `memory` may hold the state of an earlier life.

    Not safe for use by several threads at once.
    """

    def __init__(
        self,
        config: CardConfig,
        identities: Sequence[Identity],
        memory: Memory,
        entropy: Entropy,
        rules: Rules = CONFORMING,
    ) -> None:
        if not identities:
            raise ValueError("a card needs the key and certificates of at least one CI")
        self._device = Device(config, identities, memory, entropy, rules)
        self._powered = False

    @property
    def config(self) -> CardConfig:
        return self._device.config

    @property
    def state(self) -> CardState:
        """What the card keeps, for a person or a test to look at."""
        return self._device.state

    def power_on(self) -> bytes:
        """Switches on, or resets a card that is on; the ATR. Everything that is not kept is gone."""
        device = self._device
        device.session = Session()
        device.state = device.rules["state-at-power-on"](self._kept())
        self._powered = True
        return device.rules["answer-to-reset"](device.config.atr)  # type: ignore[no-any-return]

    def power_off(self) -> None:
        """Takes the power away, at any moment."""
        self._device.session = Session()
        self._powered = False

    def transmit(self, command: bytes) -> bytes:
        """The response APDU, status word last. A card always answers; without power it is a LabFault."""
        if not self._powered:
            raise LabFault("an APDU for a card without power", hint="call power_on first")
        try:
            reply = self._answered(command)
        except Refused as refusal:
            reply = Reply(sw=refusal.sw)
        return Reply(reply.data, self._device.rules["proactive-status"](self._device, reply.sw)).to_bytes()

    def snapshot(self) -> bytes:
        """All that the card keeps, as octets for `restore`."""
        return serial.to_bytes(self._kept())

    def restore(self, snapshot: bytes) -> None:
        """Puts a kept state back; the session ends as at a reset. Raises LabFault for other octets."""
        state = serial.from_bytes(snapshot)
        self._device.session = Session()
        self._device.commit(state)

    def describe(self) -> str:
        """What the card holds and is in the middle of, for a person."""
        return description(self._device)

    def _answered(self, octets: bytes) -> Reply:
        command = apdu.parse(octets)
        channel = self._device.session.channels.get(command.channel)
        if channel is None:
            raise Refused(apdu.CHANNEL_NOT_SUPPORTED)
        name = INSTRUCTIONS.get(command.ins)
        if name is None:
            raise Refused(apdu.UNKNOWN_INS)
        if command.ins != _GET_RESPONSE:
            channel.response = b""
        return self._device.rules[name](self._device, command)  # type: ignore[no-any-return]

    def _kept(self) -> CardState:
        kept = self._device.memory.load()
        if kept is None:
            return CardState(default_smdp_address=self._device.config.default_smdp_address)
        return serial.from_bytes(kept)
