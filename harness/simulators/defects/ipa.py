"""Defects of an IPA, by what they are about: each one a fault seen in the field, or one reading gone wrong."""

from __future__ import annotations

from harness.simulators.defects import (
    Defect,
    ipa_data,
    ipa_downloads,
    ipa_local,
    ipa_notifications,
    ipa_polling,
    ipa_results,
    ipa_schedule,
    ipa_versions,
)

DEFECTS: tuple[Defect, ...] = (
    *ipa_polling.DEFECTS,
    *ipa_schedule.DEFECTS,
    *ipa_results.DEFECTS,
    *ipa_downloads.DEFECTS,
    *ipa_data.DEFECTS,
    *ipa_notifications.DEFECTS,
    *ipa_local.DEFECTS,
    *ipa_versions.DEFECTS,
)
