"""The IPA as firmware: woken by whoever runs it, it visits the eIMs that are due and says when it wants to be woken again.

Rules of this room:
- It owns no timer and reads no clock: `wake(now)` does what is due and returns when it is next due.
- Nothing but the schedule is remembered between visits. The card keeps results and notifications, so that a power cut
  at any point loses none: the visit after the next boot finds and delivers them.
- No fault of a card, a server or the network leaves `wake`: it ends the visit, and the IPA comes back after a pause that
  grows up to a ceiling.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import HarnessError
from harness.roles.es10 import Es10
from harness.roles.es10.eims import EimConfiguration
from harness.roles.ipa.esipa import can_poll
from harness.roles.ipa.ports import HttpPort, ModemPort, NoAnswer
from harness.roles.ipa.rules import CONFORMING
from harness.roles.ipa.schedule import Schedule
from harness.roles.ipa.settings import IpaSettings
from harness.roles.ipa.visit import Device, Visit
from harness.rules import Rules

OTHER_EIM = 0
"""StateChangeCause: another eIM changed the state of profiles."""

_CARD = ""
"""The schedule's name for the card itself, where it cannot be read."""


@dataclass(frozen=True, slots=True)
class Incident:
    """A visit that ended in trouble."""

    at: float
    eim_id: str
    """Empty where the card could not be read."""
    fault: HarnessError

    @property
    def reason(self) -> str:
        """What happened, in words."""
        return str(self.fault)


class Ipa:
    """One IPA. Not for several threads."""

    def __init__(
        self,
        card: Es10,
        http: HttpPort,
        modem: ModemPort,
        settings: IpaSettings | None = None,
        rules: Rules = CONFORMING,
    ) -> None:
        self._device = Device(card, http, modem, settings or IpaSettings(), rules)
        self._schedule = Schedule(self._device.settings, rules)
        self._causes: dict[str, int] = {}
        self.incidents: list[Incident] = []

    def trigger(self) -> None:
        """Makes every eIM due at once: boot, a wake-up from outside, a local change."""
        self._schedule.make_due()

    def note_state_change(self, cause: int, *, besides: str = "") -> None:
        """Has the next request to each eIM (but `besides`) say that profiles changed, with this StateChangeCause."""
        for eim_id in self._known:
            if eim_id != besides:
                self._causes[eim_id] = cause

    _known: tuple[str, ...] = ()

    def wake(self, now: float) -> float:
        """Does what is due at `now` (seconds) and returns when the IPA is next due. Raises nothing of ours."""
        try:
            eims, eid = self._configured()
        except HarnessError as fault:
            self._note(now, _CARD, fault)
            self._schedule.failed(_CARD, now)
            return self._due(now)
        self._known = tuple(eim.eim_id for eim in eims)
        self._schedule.keep_only(frozenset(self._known))
        for eim in eims:
            if self._schedule.is_due(eim.eim_id, now):
                self._visit(eim, eid, now)
        return self._due(now)

    def _configured(self) -> tuple[list[EimConfiguration], bytes]:
        card = self._device.card
        eims = [eim for eim in card.get_eim_configuration() if can_poll(eim)]
        return eims, card.get_eid()

    def _visit(self, eim: EimConfiguration, eid: bytes, now: float) -> None:
        visit = Visit(self._device, eim, eid, self._causes.get(eim.eim_id))
        try:
            if not self._device.modem.connect():
                raise NoAnswer("the modem has no data path")
            visit.run()
            self._schedule.went_well(eim.eim_id, now)
        except HarnessError as fault:
            self._note(now, eim.eim_id, fault)
            self._schedule.failed(eim.eim_id, now)
        if visit.reported:
            self._causes.pop(eim.eim_id, None)
        if visit.switched:
            self.note_state_change(OTHER_EIM, besides=eim.eim_id)

    def _due(self, now: float) -> float:
        """The next due time; a card without any eIM is looked at again after a polling interval."""
        due = self._schedule.next_due()
        return now + self._device.settings.polling_interval if due is None else due

    def _note(self, now: float, eim_id: str, fault: HarnessError) -> None:
        self.incidents.append(Incident(now, eim_id, fault))
        del self.incidents[:-_KEPT_INCIDENTS]


_KEPT_INCIDENTS = 100
