"""A simulated module: modem, card and firmware that live and die together."""

from __future__ import annotations

import threading
from collections.abc import Callable

from harness.roles.ipa import CONFORMING as IPA_CONFORMING
from harness.roles.ipa import HttpPort
from harness.rules import Rules
from harness.simulators.module.bip import Channels
from harness.simulators.module.config import ModuleConfig, NetworkScript
from harness.simulators.module.firmware import Firmware
from harness.simulators.module.modem import Modem
from harness.simulators.module.rules import CONFORMING
from harness.simulators.module.sim import Card, Sim

_STATUS = bytes.fromhex("80F2000C")
"""Without data in its answer (TS 102 221 §11.1.2)."""


class SimulatedModule:
    """Powered off at first. The AT side and `wake` may be used from two threads, one each."""

    def __init__(
        self,
        card: Card,
        http: HttpPort,
        config: ModuleConfig | None = None,
        network: NetworkScript | None = None,
        rules: Rules = CONFORMING,
        ipa_rules: Rules = IPA_CONFORMING,
    ) -> None:
        self._http = http
        self._ipa_rules = ipa_rules
        self._sim = Sim(card, rules)
        self.modem = Modem(config or ModuleConfig(), self._sim, network or NetworkScript(), rules)
        self.modem.reboot = self.reboot
        self._sim.channels = Channels(self.modem)
        self._firmware: Firmware | None = None
        self._waking = threading.Lock()
        self._booted: Callable[[], None] = lambda: None

    @property
    def is_on(self) -> bool:
        return self.modem.is_on

    @property
    def firmware(self) -> Firmware | None:
        """The firmware of this boot; None while the module is off."""
        return self._firmware

    def power_on(self) -> None:
        """Boots. The firmware is due at once: polling at boot is one of its triggers."""
        self.modem.power_on()
        self._firmware = Firmware(self.modem, self._http, self._ipa_rules)
        self._booted()

    def power_off(self) -> None:
        """Takes the power away: what the firmware knew is gone, what the card keeps is not."""
        self._firmware = None
        self.modem.power_off()

    def reboot(self) -> None:
        """Off and on again, as AT+CFUN=1,1 does."""
        self.power_off()
        self.power_on()

    def wake(self, now: float, *, trigger: bool = False) -> float | None:
        """Gives the firmware the time; when it is next due, None while the module is off or its IPA paused.

        `trigger` makes it poll whether or not it is due.
        """
        with self._waking:
            self.modem.now = now
            firmware = self._firmware
            if firmware is None or self.modem.ipa_is_paused:
                return None
            wanted, self.modem.poll_is_wanted = self.modem.poll_is_wanted, False
            if trigger or wanted:
                self.modem.polls_begun += 1
                firmware.ipa.trigger()
            ahead = self.modem.schedule_time_error()
            due = firmware.wake(now + ahead) - ahead
            self.modem.rest()
            return due

    def transfer(self, message: bytes) -> bytes:
        """Gives the IPA a TransferEimPackage; its answer, empty while the module is off or its IPA paused."""
        with self._waking:
            firmware = self._firmware
            if firmware is None or self.modem.ipa_is_paused:
                return b""
            return firmware.ipa.transfer(message)

    def serve_card(self) -> None:
        """Looks whether the card has something to ask: STATUS, as a terminal sends it now and then. Raises NoSim."""
        self._sim.transmit(_STATUS)

    def receive(self, octets: bytes) -> bytes:
        """Octets from the serial line; what goes back."""
        return self.modem.receive(octets)

    def pending(self) -> bytes:
        """Unsolicited result codes that are due."""
        return self.modem.pending()

    def on_boot(self, listener: Callable[[], None]) -> None:
        """Calls `listener` after each boot, whoever asked for it: the firmware is due."""
        self._booted = listener

    def on_announcement(self, listener: Callable[[], None]) -> None:
        """Calls `listener`, from any thread, when `pending` has something."""
        self.modem.on_announcement = listener

    def snapshot(self) -> bytes:
        """Everything the card keeps."""
        return self._sim.snapshot()

    def restore(self, snapshot: bytes) -> None:
        """Puts the card back to a snapshot and boots the module anew where it was on."""
        was_on = self.is_on
        self.power_off()
        self._sim.restore(snapshot)
        if was_on:
            self.power_on()
