"""A simulated eUICC: command APDU in, response APDU out.

Theory of operation:
- `Device` holds what the card is (configuration, identities), what it keeps (CardState, committed as one value) and what
  it forgets at a reset (Session). `transmit` finds the instruction's handler in the rule table and turns what it raises
  into a status word; the ES10 functions are one level below, behind STORE DATA.
- Nothing reads a clock, and randomness comes from the Entropy that is given: the same seed and commands give the same
  octets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

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
from harness.simulators.euicc.session import Proactive, Session
from harness.simulators.euicc.state import CardState
from harness.simulators.euicc.supply import PowerCut, Supply

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
    0xC2: "ENVELOPE",
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
        self._supply = Supply(memory)
        self._device = Device(config, identities, self._supply, entropy, rules)
        self._powered = False
        self._is_dead = False

    @property
    def config(self) -> CardConfig:
        return self._device.config

    @property
    def state(self) -> CardState:
        """What the card keeps, for a person or a test to look at."""
        return self._device.state

    @property
    def is_dead(self) -> bool:
        """Whether its power failed at a write, and it was not switched on since."""
        return self._is_dead

    @property
    def writes(self) -> int:
        """How often it wrote its memory since the last `cut_power_at_write`."""
        return self._supply.writes

    def cut_power_at_write(self, number: int, *, late: bool = False, then: Callable[[], object] | None = None) -> None:
        """Makes the power fail at this write from now, the first being 1; 0: never.

        It fails just before the write or, `late`, just behind it. `then` is called as it fails.
        """
        self._supply.cut_at_write(number, late=late, then=then)

    def power_on(self) -> bytes:
        """Switches on, or resets a card that is on; the ATR. Everything that is not kept is gone."""
        device = self._device
        device.session = Session()
        device.state = device.rules["state-at-power-on"](self._kept())
        self._powered, self._is_dead = True, False
        return device.rules["answer-to-reset"](device.config.atr)  # type: ignore[no-any-return]

    def power_off(self) -> None:
        """Takes the power away, at any moment."""
        self._device.session = Session()
        self._powered = False

    def transmit(self, command: bytes) -> bytes:
        """The response APDU, status word last; nothing once the power failed at a write. Off, it is a LabFault."""
        if self._is_dead:
            return b""
        if not self._powered:
            raise LabFault("an APDU for a card without power", hint="call power_on first")
        try:
            reply = self._answered(command)
        except Refused as refusal:
            reply = Reply(sw=refusal.sw)
        except PowerCut:
            self.power_off()
            self._is_dead = True
            return b""
        return Reply(reply.data, self._device.rules["proactive-status"](self._device, reply.sw)).to_bytes()

    def ask_terminal(self, command: bytes) -> None:
        """Plays an applet of this card's that has a proactive command for the terminal, at most 255 octets.

        The next status word announces it. Raises LabFault while another one is under way.
        """
        session = self._device.session
        if session.proactive is not None:
            raise LabFault("a proactive command is under way", hint="ask one after the other")
        session.terminal_answer, session.proactive = None, Proactive(command)

    @property
    def terminal_answer(self) -> bytes:
        """The data of the terminal's last TERMINAL RESPONSE; empty where there was none."""
        return self._device.session.terminal_answer or b""

    @property
    def terminal_profile(self) -> bytes:
        """The TERMINAL PROFILE that the terminal told since the last reset; empty where it told none."""
        return self._device.session.terminal_profile or b""

    def snapshot(self) -> bytes:
        """All that the card keeps, as octets for `restore`."""
        return serial.to_bytes(self._kept())

    def restore(self, snapshot: bytes) -> None:
        """Puts a kept state back; the session ends as at a reset. Raises LabFault for other octets."""
        state = serial.from_bytes(snapshot)
        self._device.session = Session()
        self._supply.cut_at_write(0)
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
