"""Defects of an IPA in when it polls."""

from __future__ import annotations

from itertools import count

from harness.roles.es10.eims import EimConfiguration
from harness.roles.ipa.settings import IpaSettings
from harness.rules import Rules
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, with_rule


def _late(settings: IpaSettings, eim_id: str) -> float:
    return 1.05 * settings.polling_interval


def _same_for_all(settings: IpaSettings, eim_id: str) -> float:
    return settings.polling_interval


def _an_interval_later(now: float, settings: IpaSettings) -> float:
    return now + settings.polling_interval


def _uncapped(settings: IpaSettings, failures: int) -> float:
    return settings.first_retry * float(2 ** min(failures - 1, 30))


def _tiring(rules: Rules) -> Rules:
    polls = count()

    def interval(settings: IpaSettings, eim_id: str) -> float:
        return settings.polling_interval * (1 + next(polls) / 100)

    return rules.replacing("polling-interval", interval)


def _all_ever_known(
    found: tuple[EimConfiguration, ...], before: tuple[EimConfiguration, ...]
) -> tuple[EimConfiguration, ...]:
    names = {eim.eim_id for eim in found}
    return (*found, *(eim for eim in before if eim.eim_id not in names))


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "polls-later-than-declared",
        "ipa",
        "Every pause between polls is five per cent longer than declared.",
        with_rule("polling-interval", _late),
    ),
    Defect(
        "keeps-one-schedule-for-all-eims",
        "ipa",
        "The interval of one eIM counts for every other.",
        with_rule("polling-interval", _same_for_all),
    ),
    Defect(
        "keeps-polling-a-deleted-eim",
        "ipa",
        "An eIM that was deleted is polled until the next boot.",
        with_rule("known-eims", _all_ever_known),
    ),
    Defect("tires-with-every-poll", "ipa", "Each pause is one per cent longer than the one before.", _tiring),
    Defect(
        "waits-an-interval-after-boot",
        "ipa",
        "A boot is not followed by a poll, but by a whole interval.",
        with_rule("due-at-first", _an_interval_later),
    ),
    Defect(
        "doubles-its-pauses-without-end",
        "ipa",
        "The pause after a failure is doubled each time, with no longest one.",
        with_rule("retry-delay", _uncapped),
    ),
    Defect(
        "ignores-retry-after",
        "ipa",
        "An eIM that asks for a later visit is visited as if it had not.",
        answering("wait-asked-for", 0.0),
    ),
    Defect(
        "keeps-local-changes-for-the-next-poll",
        "ipa",
        "A change that the IPA made by itself is told at the next poll in turn.",
        answering("polls-after-local-change", False),
    ),
)
