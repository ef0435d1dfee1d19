"""What a card asks of its terminal, from one moment on."""

from __future__ import annotations

from harness.conformance.devices.euicc import EuiccUnderTest


class TerminalWatch:
    """Begins when it is made. Raises DeviceFault where a modem is the terminal."""

    def __init__(self, euicc: EuiccUnderTest) -> None:
        self._terminal = euicc.terminal
        self._refreshes = len(self._terminal.refreshes)
        self._events = len(self._terminal.events)

    @property
    def modes(self) -> tuple[int, ...]:
        """The qualifiers of the REFRESHes that came (TS 102 223 §8.6)."""
        return tuple(refresh.mode for refresh in self._terminal.refreshes[self._refreshes :])

    @property
    def wanted_a_reset(self) -> bool:
        """Whether the card asked for a REFRESH, or refused ES10 until it was reset, as some do in place of one."""
        kinds = [event.kind for event in self._terminal.events[self._events :]]
        return bool(self.modes) or "recovery" in kinds

    def __str__(self) -> str:
        if self.modes:
            return "REFRESH " + " ".join(f"{mode:02X}" for mode in self.modes)
        return "6985 until a reset" if self.wanted_a_reset else "nothing"
