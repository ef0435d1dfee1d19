"""What is around the device of a slot, and why a case that relies on more than that is not run there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.lab.file.configuration import Slot
from harness.lab.file.reach import NETWORKS

SURROUNDINGS: Mapping[str, str] = {
    "route": "a way from the device to our servers",
    "second-eim": "a name by which the device finds a second eIM of ours",
    "second-smdp": "a name by which the device finds a second SM-DP+ of ours",
    "sm-ds": "a name by which the device finds our SM-DS",
    "application": "an application server of ours that the device's own traffic reaches",
    "attach": "a network that the device attaches to",
    "scripted-network": "a network that refuses or loses the device when the lab says so",
    "sms": "a way to send the device an SMS",
    "soak": "a day of the device's time",
}
"""What a case may rely on, in words."""


def missing(relies_on: Iterable[str], slot: Slot) -> str:
    """What the case relies on and the slot does not have, with what to write; empty where nothing is missing."""
    return "; ".join(said for one in relies_on if (said := _missing(one, slot)))


def _missing(one: str, slot: Slot) -> str:
    hint = _HINTS[one]
    if slot.is_hardware:
        has = {
            "route": slot.reach is not None,
            "second-eim": slot.reach is not None and len(slot.reach.names.eims) > 1,
            "second-smdp": slot.reach is not None and len(slot.reach.names.smdps) > 1,
            "sm-ds": slot.reach is not None and bool(slot.reach.names.smds),
            "application": slot.reach is not None and bool(slot.reach.names.app),
            "attach": slot.network != "none",
            "sms": bool(slot.sms),
            "soak": slot.soak,
        }
    else:
        attaches = slot.network != "none"
        has = {
            "route": slot.ways.https,
            "second-eim": slot.ways.https,
            "second-smdp": slot.ways.https,
            "sm-ds": slot.ways.https,
            "attach": attaches,
            "application": attaches,
            "scripted-network": attaches,
            "sms": attaches,
            "soak": True,
        }
    if has.get(one, False):
        return ""
    said = f"the slot has {NETWORKS[slot.network]}" if one in ("attach", "scripted-network") else "the slot has none"
    return f"the case needs {SURROUNDINGS[one]}: {said}{f' ({hint})' if hint else ''}"


_HINTS: Mapping[str, str] = {
    "route": "write `reach` and `esipa: https` for it",
    "second-eim": "write `other_eim_fqdn` under `reach`",
    "second-smdp": "write `other_smdp_fqdn` under `reach`",
    "sm-ds": "write `smds_fqdn` under `reach`",
    "application": "write `app_fqdn` under `reach`",
    "attach": "write `network: simulator` or `network: live` where there is one",
    "scripted-network": "",
    "sms": "write `sms`, the program that sends it",
    "soak": "write `soak: true` where a run may take that long",
}
