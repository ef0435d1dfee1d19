"""When the IPA is due at each of its eIMs. Owns no timer: whoever runs the firmware asks and wakes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from harness.roles.ipa.settings import IpaSettings
from harness.rules import Rules


@dataclass(slots=True)
class _Turn:
    due: float = 0.0
    failures: int = 0


@dataclass(slots=True)
class Schedule:
    """Per eIM the next time it is due and how often it failed in a row. An eIM not seen before is due at once."""

    settings: IpaSettings
    rules: Rules
    _turns: dict[str, _Turn] = field(default_factory=dict)

    def is_due(self, eim_id: str, now: float) -> bool:
        if eim_id not in self._turns:
            self._turns[eim_id] = _Turn(self.rules["due-at-first"](now, self.settings))
        return self._turns[eim_id].due <= now

    def went_well(self, eim_id: str, now: float) -> None:
        turn = self._turn(eim_id)
        turn.failures = 0
        turn.due = now + self.rules["polling-interval"](self.settings, eim_id)

    def failed(self, eim_id: str, now: float, retry_after: str | None = None) -> None:
        """A visit that ended in trouble; `retry_after` is what the server's Retry-After says."""
        turn = self._turn(eim_id)
        turn.failures += 1
        delay = self.rules["retry-delay"](self.settings, turn.failures)
        turn.due = now + max(delay, self.rules["wait-asked-for"](retry_after, now, self.settings))

    def keep_only(self, eim_ids: frozenset[str]) -> None:
        """Forgets eIMs that are no longer configured."""
        self._turns = {eim_id: turn for eim_id, turn in self._turns.items() if eim_id in eim_ids}

    def make_due(self, *, besides: str = "") -> None:
        """Every eIM (but `besides`) is due at once, whatever went before."""
        for eim_id, turn in self._turns.items():
            if eim_id != besides and self.rules["is-due-at-trigger"](turn.failures):
                turn.due, turn.failures = 0.0, 0

    def next_due(self) -> float | None:
        """The next time any eIM is due; None where there is none."""
        return min((turn.due for turn in self._turns.values()), default=None)

    def _turn(self, eim_id: str) -> _Turn:
        return self._turns.setdefault(eim_id, _Turn())


def polling_interval(settings: IpaSettings, eim_id: str) -> float:
    """Seconds from a poll of this eIM that went well to the next."""
    return settings.polling_intervals.get(eim_id, settings.polling_interval)


def retry_delay(settings: IpaSettings, failures: int) -> float:
    """Seconds from a failure to the next try: doubled each time, up to a ceiling."""
    return min(settings.longest_retry, settings.first_retry * float(2 ** min(failures - 1, 30)))


def wait_asked_for(retry_after: str | None, now: float, settings: IpaSettings) -> float:
    """Seconds that a server asks for by Retry-After, in seconds or as a date (RFC 9110 §10.2.3); 0 where it is none."""
    word = (retry_after or "").strip()
    if word.isascii() and word.isdigit():
        return min(float(word), settings.longest_wait)
    try:
        moment = parsedate_to_datetime(word).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return min(max(0.0, moment - now), settings.longest_wait)
