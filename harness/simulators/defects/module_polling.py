"""Defects of a module in what makes its IPA poll."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, around, with_rule
from harness.simulators.module.modem import Modem

_polls_known: WeakKeyDictionary[Modem, int] = WeakKeyDictionary()


def _wall_clock(modem: Modem) -> float:
    return modem.clock_error


def _paused_without_a_host(modem: Modem) -> None:
    modem.ipa_is_paused = True


def _silenced_by_a_poll(inner: Any, modem: Modem, number: int, most: int, within: float = 0.0) -> bytes:
    """What a socket received is dropped, the first time that it is read after a poll began."""
    octets: bytes = inner(modem, number, most, within)
    before = _polls_known.get(modem, modem.polls_begun)
    _polls_known[modem] = modem.polls_begun
    return octets if before == modem.polls_begun else b""


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "rests-without-its-host",
        "module",
        "The IPA does nothing any more once the plug of the AT port was pulled.",
        with_rule("host-is-gone", _paused_without_a_host),
    ),
    Defect(
        "drops-data-when-it-polls",
        "module",
        "A poll empties the buffers of the sockets that the host uses.",
        around("socket-data", _silenced_by_a_poll),
    ),
    Defect(
        "plans-by-the-wall-clock",
        "module",
        "Polls are planned by the module's clock: when that goes back, nothing is due until it has caught up.",
        with_rule("schedule-time", _wall_clock),
    ),
    Defect(
        "sleeps-through-an-sms",
        "module",
        "The SMS that is to wake the IPA is stored, and wakes nobody.",
        answering("wakes-by-sms", False),
    ),
)
