"""A simulated cellular module: an AT modem with a simulated eUICC inside and an IPA as its firmware."""

from __future__ import annotations

from harness.simulators.module.config import TREATMENTS, ModuleConfig, NetworkScript, ProfileNetwork
from harness.simulators.module.dialects import DIALECTS, Dialect
from harness.simulators.module.module import SimulatedModule
from harness.simulators.module.rules import CONFORMING

__all__ = [
    "CONFORMING",
    "DIALECTS",
    "TREATMENTS",
    "Dialect",
    "ModuleConfig",
    "NetworkScript",
    "ProfileNetwork",
    "SimulatedModule",
]
