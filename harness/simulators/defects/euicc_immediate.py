"""Defects of an eUICC in immediate enabling, memory reset, stored results and what it tells an IPA."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, all_of, answering, around, with_rule
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.download import Installed
from harness.simulators.euicc.es10.ipae import NOT_SUPPORTED
from harness.simulators.euicc.es10.package import Package
from harness.simulators.euicc.es10.packages import UNDEFINED_ERROR, Outcome, Run
from harness.simulators.euicc.es10.psmo import CONFIGURE_IMMEDIATE_ENABLE
from harness.simulators.euicc.state import CardState, StoredResult, bit_string, bits_of

_IPAE_SUPPORTED = 0


def _in_words(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    outcome: Outcome = inner(device, run, command)
    return replace(outcome, run=run)


def _never_cleared(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    outcome: Outcome = inner(device, run, command)
    immediate = outcome.run.state.immediate
    kept = replace(immediate, allowed=immediate.allowed or run.state.immediate.allowed)
    return replace(outcome, run=replace(outcome.run, state=replace(outcome.run.state, immediate=kept)))


def _last_profile(device: Device) -> Installed | None:
    if not device.state.profiles:
        return None
    last = device.state.profiles[-1]
    return Installed(last.iccid, last.smdp_oid, last.smdp_address)


def _in_silence(inner: Any, device: Device, request: Tlv) -> Answer:
    answer: Answer = inner(device, request)
    if answer.state is None:
        return answer
    return replace(answer, state=replace(answer.state, notifications=device.state.notifications))


def _reset_in_words(_config: CardConfig, state: CardState) -> tuple[CardState, int]:
    return state, 0


def _eim_result_too(results: dict[str, Any]) -> dict[str, Any]:
    return {"resetEimResult": 0, **results}


def _one_result(results: dict[str, Any]) -> dict[str, Any]:
    return {"resetResult": results["resetResult"]}


def _configured_in_words(_device: Device, run: Run, _command: Tlv) -> Outcome:
    return Outcome(run, tlv.integer(CONFIGURE_IMMEDIATE_ENABLE, 0))


def _without_ipae(inner: Any, device: Device) -> bytes:
    return bit_string(bits_of(inner(device)) - {_IPAE_SUPPORTED})


def _oldest_stay(most: int, stored: tuple[StoredResult, ...], result: StoredResult) -> tuple[StoredResult, ...]:
    return (*stored, result)[:most]


def _no_room(inner: Any, device: Device, package: Package) -> bool:
    return len(device.state.results) < device.config.max_results and inner(device, package)


def _refused_for_room(inner: Any, device: Device, package: Package, code: int | None) -> Answer:
    full = len(device.state.results) >= device.config.max_results
    return inner(device, package, UNDEFINED_ERROR if full else code)  # type: ignore[no-any-return]


def _of_no_profile(device: Device) -> bytes:
    return device.config.http_parameters


def _empty(_device: Device) -> bytes:
    return b""


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "allows-immediate-enable-in-words-only",
        "configureImmediateEnable is ok and changes nothing.",
        around("psmo-configureImmediateEnable", _in_words),
    ),
    _define(
        "keeps-immediate-enable-allowed",
        "What was allowed once stays allowed, whatever configureImmediateEnable says.",
        around("psmo-configureImmediateEnable", _never_cleared),
    ),
    _define(
        "enables-at-once-without-permission",
        "ImmediateEnable works although nobody allowed it.",
        answering("immediate-enable-allowed", True),
    ),
    _define(
        "takes-last-profile-for-a-session",
        "ImmediateEnable works without a download, on the newest profile.",
        with_rule("immediate-enable-session", _last_profile),
    ),
    _define(
        "ignores-server-of-immediate-enable",
        "ImmediateEnable works for a profile of any SM-DP+.",
        answering("immediate-enable-server", True),
    ),
    _define(
        "enables-at-once-in-silence",
        "ImmediateEnable tells nobody that a profile was enabled.",
        around("ImmediateEnable", _in_silence),
    ),
    _define(
        "keeps-immediate-enable-at-reset",
        "A memory reset of the immediate-enable configuration is ok and changes nothing.",
        with_rule("immediate-enable-reset", _reset_in_words),
    ),
    _define(
        "tells-eim-reset-unasked",
        "A memory reset tells of the eIM configuration even when it was not asked to reset it.",
        with_rule("reset-told", _eim_result_too),
    ),
    _define(
        "tells-one-reset-result-only",
        "A memory reset tells resetResult and nothing else.",
        with_rule("reset-told", _one_result),
    ),
    _define(
        "drops-newest-result",
        "With its store full, the card does not keep a new result.",
        with_rule("results-stored", _oldest_stay),
    ),
    _define(
        "refuses-package-when-results-are-full",
        "With its store full, the card executes no package.",
        all_of(
            around("package-counter-in-range", _no_room),
            around("package-refusal", _refused_for_room),
        ),
    ),
    _define(
        "tells-connectivity-of-no-profile",
        "Connectivity parameters are given although no profile is enabled.",
        with_rule("connectivity-parameters", _of_no_profile),
    ),
    _define(
        "tells-empty-connectivity-parameters",
        "Where there are no connectivity parameters, empty ones are given.",
        with_rule("connectivity-parameters", _empty),
    ),
    _define(
        "lets-immediate-enable-be-configured-that-it-lacks",
        "configureImmediateEnable is ok on a card that enables nothing at once.",
        with_rule("psmo-configureImmediateEnable", _configured_in_words),
    ),
    _define(
        "wakes-an-ipae-that-it-does-not-show",
        "IpaeActivation is ok on a card that does not show ipaeSupported.",
        around("euicc-configuration", _without_ipae),
    ),
    _define(
        "refuses-ipae-activation-it-declares",
        "IpaeActivation is notSupported on a card that shows ipaeSupported.",
        answering("ipae-activation-result", NOT_SUPPORTED),
    ),
)
