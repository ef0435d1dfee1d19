"""Defects of an eUICC that show over its life: what is left over where nothing may be, and a door that should be shut."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.rules import Rules
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import around, with_rule
from harness.simulators.defects.euicc_resilience import less_what_was_lost
from harness.simulators.euicc import apdu
from harness.simulators.euicc.apdu import Refused
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.state import CardState

_ENABLE_PROFILE = 0xBF31
_V1_0_1 = bytes([1, 0, 1])


def _remembering_counters(rules: Rules) -> Rules:
    kept: dict[str, int] = {}
    reset, added = rules["eims-reset"], rules["eim-added"]

    def eims_reset(device: Device, state: CardState) -> Any:
        kept.update({eim.eim_id: eim.counter for eim in state.eims})
        return reset(device, state)

    def eim_added(device: Device, state: CardState, data: Tlv) -> Any:
        state, eim = added(device, state, data)
        eim = replace(eim, counter=max(eim.counter, kept.get(eim.eim_id, 0)))
        return state.with_eim(eim), eim

    return rules.replacing("eims-reset", eims_reset).replacing("eim-added", eim_added)


def _as_for_an_lpa(device: Device, request: Tlv) -> Answer:
    """ES10c.EnableProfile: any profile, for anybody who asks."""
    iccid = request.find(0xA0, 0x5A)
    found = None if iccid is None else device.state.profile(iccid.value)
    if request.tag != _ENABLE_PROFILE or found is None:
        raise Refused(apdu.DATA_NOT_FOUND)
    profiles = tuple(replace(one, enabled=one is found) for one in device.state.profiles)
    answer = tlv.build(_ENABLE_PROFILE, tlv.integer(0x80, 0))
    return Answer(answer, replace(device.state, profiles=profiles), switched=True)


def _older(inner: Any, device: Device) -> dict[str, Any]:
    fields: dict[str, Any] = inner(device)
    return {**fields, "iotSpecificInfo": {**fields["iotSpecificInfo"], "iotVersion": [_V1_0_1]}}


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "keeps-counter-over-an-eim-reset",
        "euicc",
        "An eIM that is added again after a reset of the eIM configuration has the counter it had before.",
        _remembering_counters,
    ),
    Defect(
        "loses-memory-at-each-deletion",
        "euicc",
        "Each profile that is deleted leaves a kilobyte of memory behind.",
        around("free-memory", less_what_was_lost),
    ),
    Defect(
        "calls-itself-older-than-it-is",
        "euicc",
        "The iotVersion of EUICCInfo2 is 1.0.1, and the card speaks a later version.",
        around("euicc-info2-fields", _older),
    ),
    Defect(
        "serves-a-consumer-lpa",
        "euicc",
        "ES10c.EnableProfile enables a profile behind the eIM's back.",
        with_rule("unknown-function", _as_for_an_lpa),
    ),
)
