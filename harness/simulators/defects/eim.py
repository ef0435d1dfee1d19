"""Defects of an eIM."""

from __future__ import annotations

from harness.simulators.defects import eim_downloads, eim_esipa, eim_operating, eim_versions

DEFECTS = (
    *eim_esipa.DEFECTS,
    *eim_operating.DEFECTS,
    *eim_downloads.DEFECTS,
    *eim_versions.DEFECTS,
)
