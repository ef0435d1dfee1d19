"""Defects of an eUICC in how it goes through the commands of a package, and in packages beyond its means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, answering, around, with_rule
from harness.simulators.euicc.apdu import Command, Reply
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.es10 import psmo
from harness.simulators.euicc.es10.package import Package
from harness.simulators.euicc.es10.packages import SIZE_OVERFLOW, UNDEFINED_ERROR, Outcome, Run
from harness.simulators.euicc.session import Proactive
from harness.simulators.euicc.state import CardState

_PSMOS, _ECOS = 0xA0, 0xA1


def _first_of_its_kind(inner: Any, device: Device, run: Run, *arguments: Any) -> int:
    return inner(device, replace(run, enabled=None), *arguments)  # type: ignore[no-any-return]


def _no_enable_behind_disable(inner: Any, device: Device, run: Run, *arguments: Any) -> int:
    return psmo.UNDEFINED_ERROR if run.disabled is not None else inner(device, run, *arguments)


def _another_refresh(inner: Any, device: Device, command: Command) -> Reply:
    """Wraps TERMINAL RESPONSE: a REFRESH is followed by a second, behind which ES10 waits for the reset."""
    waiting = device.session.proactive
    reply: Reply = inner(device, command)
    if waiting is not None and not device.session.refuses_es10:
        device.session.refuses_es10 = True
        device.session.proactive = Proactive(waiting.command)
    return reply


def _passed_over(run: Run) -> Outcome:
    return Outcome(run, b"")


def _as_many_as_fit(config: CardConfig, results: list[bytes]) -> bytes:
    kept = b""
    for result in results:
        if len(kept) + len(result) > config.max_result_size:
            break
        kept += result
    return kept


def _undefined_for_size(inner: Any, device: Device, package: Package, code: int | None) -> Answer:
    return inner(device, package, UNDEFINED_ERROR if code == SIZE_OVERFLOW else code)  # type: ignore[no-any-return]


def _stuck_after_size(inner: Any, device: Device, package: Package, code: int | None) -> Answer:
    answer: Answer = inner(device, package, code)
    if code != SIZE_OVERFLOW or answer.state is not None or package.eim is None:
        return answer
    return replace(answer, state=_stuck(device.state, package))


def _stuck_after_nothing(inner: Any, device: Device, request: tlv.Tlv) -> Answer:
    answer: Answer = inner(device, request)
    psmos = request.find(0x30, _PSMOS)
    if psmos is None or psmos.value or answer.state is None:
        return answer
    return replace(answer, state=replace(answer.state, eims=()))


def _stuck(state: CardState, package: Package) -> CardState:
    """No further package of this eIM has a counter that is high enough."""
    return state if package.eim is None else state.with_eim(replace(package.eim, counter=1 << 40))


def _first_list(inner: Any, state: CardState, request: tlv.Tlv) -> Package:
    signed, signature = request.get(0x30), request.get(0x5F37)
    fields = signed.children
    if [field.tag for field in fields[-2:]] == [_PSMOS, _ECOS]:
        fields = fields[:-1]
    one_list = tlv.build(request.tag, tlv.build(0x30, *(field.raw for field in fields)), signature.raw)
    package: Package = inner(state, tlv.parse(one_list))
    return replace(package, signed=signed)


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "enables-twice-in-one-package",
        "A package enables a profile, and then another.",
        around("enable-result", _first_of_its_kind),
    ),
    _define(
        "refuses-enable-behind-disable",
        "A package that disables a profile cannot enable another.",
        around("enable-result", _no_enable_behind_disable),
    ),
    _define(
        "refreshes-for-each-command",
        "A change of profiles is followed by two REFRESHes.",
        around("TERMINAL RESPONSE", _another_refresh),
    ),
    _define(
        "disables-behind-enable-in-one-package",
        "A package enables a profile and disables it again.",
        around("disable-result", _first_of_its_kind),
    ),
    _define(
        "goes-on-behind-a-failed-command",
        "What stands behind a failed command is executed too.",
        answering("command-ends-package", False),
    ),
    _define(
        "passes-over-unknown-command",
        "A command that the card does not know is passed over.",
        with_rule("unknown-command", _passed_over),
    ),
    _define(
        "leaves-out-results-without-a-word",
        "Of results that are too many, the last ones are missing, and nothing says so.",
        with_rule("results-kept", _as_many_as_fit),
    ),
    _define(
        "calls-size-overflow-undefined-error",
        "A package that is too large is undefinedError.",
        around("package-refusal", _undefined_for_size),
    ),
    _define(
        "is-stuck-after-large-package",
        "After a package that was too large no other one of its eIM is taken.",
        around("package-refusal", _stuck_after_size),
    ),
    _define(
        "is-stuck-after-empty-package",
        "A package without commands costs the card its eIMs.",
        around("LoadEuiccPackage", _stuck_after_nothing),
    ),
    _define(
        "executes-first-of-two-lists",
        "Of a package with PSMOs and eCOs the PSMOs are executed.",
        around("package-read", _first_list),
    ),
)
