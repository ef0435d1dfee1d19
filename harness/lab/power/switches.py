"""Switches that a real card's power hangs on. Each raises LabFault where it did not do what it was told."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Protocol

from harness.errors import LabFault
from harness.lab.power.wiring import Command, Relay, Wiring

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
        self._run(self._command.off)

    def on(self) -> None:
        self._run(self._command.on)

    def _run(self, words: Sequence[str]) -> None:
        said = " ".join(words)
        try:
            done = subprocess.run(
                words, stdin=subprocess.DEVNULL, capture_output=True, timeout=self._deadline, check=False
            )
        except subprocess.TimeoutExpired as late:
            raise LabFault(f"{said!r} did not end within {self._deadline:g} s", hint=_HINT) from late
        except OSError as problem:
            raise LabFault(f"{said!r} cannot be started: {problem.strerror}", hint=_HINT) from problem
        if done.returncode != 0:
            complaint = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
            last = f": {complaint[-1]}" if complaint else ""
            raise LabFault(f"{said!r} ended with {done.returncode}{last}", hint=_HINT)


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
