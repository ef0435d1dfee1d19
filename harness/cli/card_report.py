"""An inspected card: for people, as plain values, and as the draft of an ICS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from harness.lab.inspection import SGP22, SGP32, Inspection
from harness.lab.trusts import IN_WORDS, Trust

_STATES = {0: "disabled", 1: "enabled"}
_CLASSES = {0: "test", 1: "provisioning", 2: "operational"}
_IPA_MODES = {0: "IPAd", 1: "IPAe"}
_SAYS = {True: "yes", False: "no", None: "not said"}


def as_plain(found: Inspection, trusts: Sequence[Trust]) -> dict[str, Any]:
    """What was found, keys as documented for --json."""
    info, addresses = found.info, found.addresses
    return {
        "kind": found.kind,
        "eid": found.eid,
        "atr": found.atr,
        "svn": _version(info.svn) if info else None,
        "iot_versions": [_version(version) for version in info.iot_versions or ()] if info else [],
        "profile_version": _version(info.profile_version) if info else None,
        "firmware_version": _version(info.firmware_version) if info else None,
        "sas_accreditation_number": info.sas_accreditation_number if info else None,
        "ipa_mode": _IPA_MODES.get(info.ipa_mode) if info and info.ipa_mode is not None else None,
        "features": dict(found.features),
        "memory": dict(found.memory),
        "ci_keys": [
            {"key_id": key.key_id, "verifies": key.verifies, "signs": key.signs, "ours": key.ours}
            for key in found.ci_keys
        ],
        "eims": None if found.eims is None else [{"eim_id": eim.eim_id, "fqdn": eim.fqdn} for eim in found.eims],
        "profiles": None if found.profiles is None else [_profile(info) for info in found.profiles],
        "default_dp_address": addresses.default_dp_address if addresses else None,
        "root_ds_address": addresses.root_ds_address if addresses else None,
        "certificate": {"verified": bool(found.curve), "ci": found.curve, "reason": found.chain},
        "refused": dict(found.refused),
        "trusts": {trust.name: {"can": trust.can, "why": trust.why} for trust in trusts},
    }


def in_words(found: Inspection, trusts: Sequence[Trust]) -> Iterator[str]:
    """What was found, a line each, for people who know its EID and ATR already."""
    plain = as_plain(found, trusts)
    if found.kind == SGP22:
        yield "an SGP.22 eUICC: it has no iotSpecificInfo and no function of SGP.32, so no case of this harness judges it"
    elif found.kind != SGP32:
        yield "what kind of eUICC it is cannot be told"
    if not found.atr:
        yield "ATR not to be seen behind a module"
    versions = ", ".join(plain["iot_versions"]) or "none"
    yield f"SGP.32 {versions}; SGP.22 {plain['svn']}; profile packages {plain['profile_version']}"
    yield f"firmware {plain['firmware_version']}, SAS {plain['sas_accreditation_number']}, {plain['ipa_mode'] or 'no IPA mode'}"
    yield "features: " + ", ".join(f"{name} {_SAYS[has]}" for name, has in found.features.items())
    yield "memory: " + (
        ", ".join(f"{name.replace('_', ' ')} {size}" for name, size in found.memory.items()) or "not said"
    )
    for key in found.ci_keys:
        uses = " and ".join(word for word, has in (("verifies", key.verifies), ("signs", key.signs)) if has)
        yield f"CI {key.key_id}: {uses}; {f'ours on {key.ours}' if key.ours else 'not ours'}"
    yield "eIMs: " + _listed([eim.eim_id for eim in found.eims] if found.eims is not None else None)
    yield "profiles: " + _listed(
        None
        if found.profiles is None
        else [f"{one['iccid']} {one['name'] or ''} ({one['class']}, {one['state']})" for one in plain["profiles"]]
    )
    yield f"default SM-DP+ {plain['default_dp_address'] or 'none'}, root SM-DS {plain['root_ds_address'] or 'none'}"
    yield from (f"refused {question}: {reason}" for question, reason in found.refused.items())
    yield from (f"can {IN_WORDS[t.name]}: {'yes' if t.can else 'no'}, {t.why}" for t in trusts)


def draft_ics(found: Inspection) -> str:
    """The draft of an implementation conformance statement, YAML. What the card does not say is left to its maker."""
    info = found.info
    statement = {
        "eid": found.eid,
        "sgp32_versions": [_version(version) for version in info.iot_versions or ()] if info else [],
        "sgp22_version": _version(info.svn) if info else None,
        "profile_package_version": _version(info.profile_version) if info else None,
        "ipa_mode": _IPA_MODES.get(info.ipa_mode) if info and info.ipa_mode is not None else None,
        "ci_key_ids": [key.key_id for key in found.ci_keys if key.signs],
        "features": {name: "unknown" if has is None else has for name, has in found.features.items()},
    }
    head = "# Draft ICS: what the card says of itself. Fill in what is unknown from its data sheet.\n"
    return head + yaml.safe_dump({"ics": statement}, sort_keys=False, allow_unicode=True)


def _profile(info: Any) -> dict[str, Any]:
    from harness.codec.digits import unswapped

    return {
        "iccid": unswapped(info.iccid) if info.iccid else None,
        "name": info.name,
        "class": _CLASSES.get(info.profile_class),
        "state": _STATES.get(info.state),
    }


def _version(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))


def _listed(names: Sequence[str] | None) -> str:
    return "not said" if names is None else ", ".join(names) or "none"
