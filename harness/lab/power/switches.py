"""Switches that a real card's power hangs on. Each raises LabFault where it did not do what it was told."""

from __future__ import annotations

from typing import Protocol

from harness.errors import LabFault
from harness.lab.power.wiring import Command, Relay, Wiring
from harness.lab.programs import run_program

_HINT = "try it by hand: what the lab file's `power` names has to end by itself, and well"


class Switch(Protocol):
    """The power of one device."""

    def off(self) -> None:
        """Takes it away; returns when that is done."""

    def on(self) -> None:
        """Gives it back; where it was never away, does nothing."""


class CommandSwitch:
    """A program of the host, such as one for a USB hub with switched ports."""

    def __init__(self, command: Command, deadline: float) -> None:
        self._command, self._deadline = command, deadline

    def off(self) -> None:
        run_program(self._command.off, self._deadline, _HINT)

    def on(self) -> None:
        run_program(self._command.on, self._deadline, _HINT)


class RelaySwitch:
    """A relay board at a serial port. It is opened for each order: such a board may hang on the hub that it switches."""

    def __init__(self, relay: Relay, deadline: float) -> None:
        self._relay, self._deadline = relay, deadline

    def off(self) -> None:
        self._write(self._relay.off)

    def on(self) -> None:
        self._write(self._relay.on)

    def _write(self, octets: bytes) -> None:
        import serial  # not needed to read a lab file

        try:
            with serial.Serial(
                self._relay.port, self._relay.baud, timeout=self._deadline, write_timeout=self._deadline, exclusive=True
            ) as port:
                port.write(octets)
                port.flush()
        except (serial.SerialException, OSError) as problem:
            raise LabFault(f"the relay at {self._relay.port} does not obey: {problem}", hint=_HINT) from problem


def switch_of(wiring: Wiring) -> Switch:
    """The switch that a lab file names."""
    if isinstance(wiring.switch, Command):
        return CommandSwitch(wiring.switch, wiring.deadline)
    return RelaySwitch(wiring.switch, wiring.deadline)
