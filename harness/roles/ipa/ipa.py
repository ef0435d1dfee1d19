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

from harness.codec import tlv
from harness.errors import HarnessError
from harness.roles.es10 import Es10
from harness.roles.es10.eims import EimConfiguration
from harness.roles.ipa import injection
from harness.roles.ipa.delivering import Correspondence
from harness.roles.ipa.device import Device
from harness.roles.ipa.esipa import can_poll
from harness.roles.ipa.local import IMMEDIATE, OTHER_EIM, LocalDecisions
from harness.roles.ipa.ports import HttpPort, ModemPort, NoAnswer
from harness.roles.ipa.rules import CONFORMING
from harness.roles.ipa.schedule import Schedule
from harness.roles.ipa.settings import INJECT_HTTPS, IpaSettings
from harness.roles.ipa.visit import Visit
from harness.rules import Rules

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
        self._local = LocalDecisions(self._device)
        self._causes: dict[str, int] = {}
        self._known: tuple[EimConfiguration, ...] = ()
        self._injected: list[tuple[EimConfiguration, tlv.Tlv]] = []
        self._has_learnt_version = False
        self.incidents: list[Incident] = []

    def trigger(self) -> None:
        """Makes every eIM due at once: boot, a wake-up from outside, a local change."""
        self._schedule.make_due()

    def note_state_change(self, cause: int, *, besides: str = "") -> None:
        """Has the next request to each eIM (but `besides`) say that profiles changed, with this StateChangeCause."""
        for eim in self._known:
            if eim.eim_id != besides:
                self._causes[eim.eim_id] = cause

    def transfer(self, message: bytes) -> bytes:
        """Takes a TransferEimPackage that an eIM brought and answers it; what is left of it is done at the next wake.

        Raises nothing of ours, whatever the octets.
        """
        package = injection.package_in(message)
        if package is None:
            return injection.MALFORMED.answer
        try:
            eid, eims = self._configured()
        except HarnessError:
            return injection.error(injection.UNDEFINED_ERROR).answer
        eim = injection.eim_named(package, self._device.rules["eims-that-may-inject"](eims))
        if eim is None or INJECT_HTTPS not in self._device.settings.protocols:
            return injection.error(injection.UNDEFINED_ERROR).answer
        transfer = injection.take(package, Correspondence(self._device, eim, eid))
        if transfer.later is not None:
            self._injected.append((eim, transfer.later))
        return transfer.answer

    @property
    def has_work(self) -> bool:
        """Whether a package that was brought is still to be done."""
        return bool(self._injected)

    def wake(self, now: float) -> float:
        """Does what is due at `now` (seconds) and returns when the IPA is next due. Raises nothing of ours."""
        try:
            eid, self._known = self._configured()
            cause = self._local.decide(now)
        except HarnessError as fault:
            self._note(now, _CARD, fault)
            self._schedule.failed(_CARD, now)
            return self._due(now)
        if cause is not None:
            self.note_state_change(cause)
            if self._device.rules["polls-after-local-change"]():
                self._schedule.make_due()
        pollable = [eim for eim in self._known if can_poll(eim)]
        self._schedule.keep_only(frozenset(eim.eim_id for eim in pollable))
        injected, self._injected = self._injected, []
        for eim, package in injected:
            self._visit(Visit(self._device, eim, eid), now, package)
        for eim in self._device.rules["eims-to-visit"](pollable):
            if not self._schedule.is_due(eim.eim_id, now):
                continue
            visit = Visit(self._device, eim, eid, self._causes.get(eim.eim_id))
            if not self._visit(visit, now) and not self._device.rules["goes-on-after-trouble"]():
                break
        return self._due(now)

    def _configured(self) -> tuple[bytes, tuple[EimConfiguration, ...]]:
        card = self._device.card
        if not self._has_learnt_version:
            card.learn_version()
            self._has_learnt_version = True
        found = card.get_eim_configuration()
        eims: tuple[EimConfiguration, ...] = self._device.rules["known-eims"](found, self._known)
        return card.get_eid(), eims

    def _visit(self, visit: Visit, now: float, package: tlv.Tlv | None = None) -> bool:
        """One visit, or the work on one package that was brought. Whether it went without trouble."""
        eim_id, went_well = visit.eim.eim_id, True
        try:
            if not self._device.modem.connect():
                raise NoAnswer("the modem has no data path")
            if package is None:
                visit.run()
                self._schedule.went_well(eim_id, now)
            else:
                visit.serve(package)
        except HarnessError as fault:
            went_well = False
            self._note(now, eim_id, fault)
            if package is None:
                self._schedule.failed(eim_id, now, getattr(fault, "retry_after", None))
        if visit.reported:
            self._causes.pop(eim_id, None)
        elif visit.state_change_cause is not None:
            self._causes[eim_id] = visit.state_change_cause
        if visit.switched:
            self.note_state_change(OTHER_EIM, besides=eim_id)
        if visit.enabled_at_once:
            self.note_state_change(self._device.rules["cause-of-change"](IMMEDIATE), besides=eim_id)
            self._schedule.make_due(besides=eim_id)
        return went_well

    def _due(self, now: float) -> float:
        """The next due time; a card without any eIM is looked at again after a polling interval."""
        due = self._schedule.next_due()
        if due is None:
            due = now + self._device.settings.polling_interval
        local = self._local.next_due(now)
        return due if local is None else min(due, local)

    def _note(self, now: float, eim_id: str, fault: HarnessError) -> None:
        self.incidents.append(Incident(now, eim_id, fault))
        del self.incidents[:-_KEPT_INCIDENTS]


_KEPT_INCIDENTS = 100
