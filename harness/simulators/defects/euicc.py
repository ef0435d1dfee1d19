"""Defects of an eUICC, by the room of the card that each one is in."""

from __future__ import annotations

from harness.simulators.defects import (
    Defect,
    euicc_access,
    euicc_attacks,
    euicc_configuration,
    euicc_download,
    euicc_ecos,
    euicc_eims,
    euicc_fallback,
    euicc_immediate,
    euicc_installation,
    euicc_lifetime,
    euicc_metadata,
    euicc_over_the_air,
    euicc_packages,
    euicc_profiles,
    euicc_protection,
    euicc_resilience,
    euicc_sequences,
    euicc_servers,
)

DEFECTS: tuple[Defect, ...] = (
    *euicc_access.DEFECTS,
    *euicc_attacks.DEFECTS,
    *euicc_eims.DEFECTS,
    *euicc_configuration.DEFECTS,
    *euicc_ecos.DEFECTS,
    *euicc_immediate.DEFECTS,
    *euicc_lifetime.DEFECTS,
    *euicc_metadata.DEFECTS,
    *euicc_packages.DEFECTS,
    *euicc_sequences.DEFECTS,
    *euicc_profiles.DEFECTS,
    *euicc_protection.DEFECTS,
    *euicc_fallback.DEFECTS,
    *euicc_over_the_air.DEFECTS,
    *euicc_resilience.DEFECTS,
    *euicc_download.DEFECTS,
    *euicc_installation.DEFECTS,
    *euicc_servers.DEFECTS,
)
