"""What a simulated module's process is told at birth, as JSON values and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from harness.roles.ipa import IpaSettings
from harness.simulators.module import ModuleConfig, NetworkScript, ProfileNetwork


def config_out(config: ModuleConfig) -> dict[str, Any]:
    """A ModuleConfig as JSON values."""
    value = asdict(config)
    ipa = value["ipa"]
    ipa["features"], ipa["protocols"] = sorted(ipa["features"]), sorted(ipa["protocols"])
    ipa["tac"] = ipa["tac"].hex()
    ipa["imei"] = None if ipa["imei"] is None else ipa["imei"].hex()
    return value


def module_config(value: Mapping[str, Any]) -> ModuleConfig:
    """The ModuleConfig from what `config_out` gave."""
    ipa = dict(value["ipa"])
    ipa["features"], ipa["protocols"] = frozenset(ipa["features"]), frozenset(ipa["protocols"])
    ipa["tac"] = bytes.fromhex(ipa["tac"])
    ipa["imei"] = None if ipa["imei"] is None else bytes.fromhex(ipa["imei"])
    return ModuleConfig(**{**value, "ipa": IpaSettings(**ipa)})


def network_out(script: NetworkScript) -> dict[str, Any]:
    """A NetworkScript as JSON values."""
    return {
        "profiles": {iccid: _met_out(met) for iccid, met in script.profiles.items()},
        "others": _met_out(script.others),
        "apns": dict(script.apns),
        "other_bearer": script.other_bearer,
    }


def network_script(value: Mapping[str, Any]) -> NetworkScript:
    """The NetworkScript from what `network_out` gave."""
    profiles = {iccid: _met(met) for iccid, met in value["profiles"].items()}
    return NetworkScript(profiles, _met(value["others"]), value["apns"], value["other_bearer"])


def _met_out(met: ProfileNetwork) -> dict[str, Any]:
    return {**asdict(met), "unreachable": sorted(met.unreachable)}


def _met(value: Mapping[str, Any]) -> ProfileNetwork:
    return ProfileNetwork(**{**value, "unreachable": frozenset(value["unreachable"])})
