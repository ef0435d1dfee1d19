"""A real card's switch in use: cut at a moment of time, given back, and the card found again.

Rules of this room:
- Power that was taken away is given back, whatever happened in between; a bench gives it back once more when it opens,
  since a run may have died without it.
- Every order to the switch is told to the observers, with the moment it was given and the moment it was done.
- A switch takes its time. How long is learned from its last order, and the next one is given so much earlier.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from harness.errors import HarnessError, LabFault
from harness.lab.power.switches import Switch
from harness.lab.power.wiring import Wiring
from harness.links.events import Direction, Interface, Observers

_PAUSES = 0.05, 1.0
"""Seconds between two looks for a card that boots: the first, and the longest."""


class Mains:
    """The power of one real card."""

    def __init__(self, switch: Switch, wiring: Wiring, observers: Observers) -> None:
        self._switch, self._wiring, self._observers = switch, wiring, observers
        self._latency = 0.0

    @property
    def points(self) -> int:
        """At how many moments an action is cut."""
        return self._wiring.points

    def off(self) -> None:
        """Takes the power away. Raises LabFault."""
        began = time.monotonic()
        self._tell("power off ordered")
        self._switch.off()
        self._latency = time.monotonic() - began
        self._tell("power off")

    def on(self, answers: Callable[[], object]) -> None:
        """Gives the power back and repeats `answers` until it raises nothing. Raises LabFault where it always does."""
        time.sleep(self._wiring.pause)
        self.restore(answers)

    def restore(self, answers: Callable[[], object]) -> None:
        """As `on`, at once: for power that may never have been away."""
        self._switch.on()
        self._tell("power on")
        until = time.monotonic() + self._wiring.back
        pause, longest = _PAUSES
        while True:
            try:
                answers()
                return
            except HarnessError as fault:
                if time.monotonic() + pause > until:
                    raise LabFault(
                        f"the card did not come back within {self._wiring.back} s of its power: {fault}",
                        hint=fault.hint or "raise `back` under `power` of the slot, or look at the wiring",
                    ) from fault
            time.sleep(pause)
            pause = min(pause * 2, longest)

    def off_in(self, seconds: float) -> Countdown:
        """Takes the power away so many seconds from when this returns, whatever the caller does meanwhile.

        A switch that is slower than that is told before, so that this returns later.
        """
        early = self._latency - seconds
        countdown = Countdown(self.off, max(0.0, -early))
        time.sleep(max(0.0, early))
        return countdown

    def _tell(self, event: str) -> None:
        self._observers.tell(Interface.POWER, Direction.TO_DEVICE, b"", {"event": event})


class Countdown:
    """An order that is given at its time by a thread of its own."""

    def __init__(self, order: Callable[[], None], seconds: float) -> None:
        self._order, self._seconds = order, seconds
        self._called_off = threading.Event()
        self._deciding = threading.Lock()
        self._given = False
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def call_off(self) -> bool:
        """Whether the order was not yet given, and is not any more."""
        with self._deciding:
            if not self._given:
                self._called_off.set()
            return not self._given

    def wait(self) -> None:
        """Returns when the order is carried out, or was called off; raises what it raised."""
        self._thread.join()
        if self._fault is not None:
            raise self._fault

    def _run(self) -> None:
        if self._called_off.wait(self._seconds):
            return
        with self._deciding:
            if self._called_off.is_set():
                return
            self._given = True
        try:
            self._order()
        except BaseException as fault:  # whoever waits hears of it
            self._fault = fault
