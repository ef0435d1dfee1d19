"""Who a module says it is, and how it ends its answers. ITU-T V.250, 3GPP TS 27.007 §5, §9."""

from __future__ import annotations

import re
import time

from harness.conformance.case import State, case
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps

IDENTITY = ("ATI", "AT+CGMI", "AT+CGMM", "AT+CGMR", "AT+CGSN")
QUICK = 1.0
"""Seconds that a command of identity may take."""
NO_LEVEL = "AT+CFUN=99"
"""A command that no module can execute."""


@case(
    "MO-001",
    clause="ITU-T V.250, 3GPP TS 27.007",
    area="module",
    catches=("names-no-revision", "refuses-to-name-its-model"),
)
def test_identity(module: ModuleUnderTest, step: CaseSteps) -> None:
    """The module answers AT and ATE0 and tells manufacturer, model, revision and IMEI, within a second each."""
    slow = {}
    for command in ("AT", "ATE0", *IDENTITY):
        with step(command, expect="at least one line, then OK" if command in IDENTITY else "OK") as seen:
            began = time.monotonic()
            answer = module.at(command)
            if time.monotonic() - began > QUICK:
                slow[command] = round(time.monotonic() - began, 1)
            seen.observed(" / ".join(answer.lines))
            assert answer.ok
            assert command not in IDENTITY or any(line.strip() for line in answer.lines)
    with step("look at the times", expect=f"none above {QUICK:g} s", confidence="likely") as seen:
        seen.observed(slow or "none")
        assert not slow


@case(
    "MO-002",
    clause="ITU-T V.250 §6.2.4 (E), 3GPP TS 27.007 §9.1 (+CMEE), §9.2",
    area="module",
    catches=("echoes-whatever-it-is-told", "numbers-errors-unasked", "words-errors-for-numbers"),
)
def test_echo_and_errors(module: ModuleUnderTest, step: CaseSteps) -> None:
    """The module echoes as E says, and tells errors as +CMEE says, with no, a number, or words behind them.

    A plain ERROR is always allowed.
    """
    for command, echoed in (("ATE1", True), ("ATE0", False)):
        with step(f"{command}, then AT", expect="OK, with an echo" if echoed else "OK alone") as seen:
            assert module.at(command).ok
            answer = module.at("AT")
            seen.observed(f"echo: {answer.echoed}")
            assert answer.ok
            assert answer.echoed is echoed
    for level, form in ((0, "ERROR"), (2, r"ERROR|\+CME ERROR: .+"), (1, r"ERROR|\+CME ERROR: \d+")):
        with step(f"the module has AT+CMEE={level}", precondition=True):
            module.optional(f"AT+CMEE={level}")
        with step(NO_LEVEL, expect=form) as seen:
            answer = module.at(NO_LEVEL)
            seen.observed(answer.final)
            assert re.fullmatch(form, answer.final)


@case(
    "MO-003",
    clause="3GPP TS 27.007 §10.1.22 (+CEREG)",
    area="module",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    catches="cuts-answers-with-announcements",
)
def test_unsolicited_codes(module: ModuleUnderTest, step: CaseSteps) -> None:
    """Unsolicited codes come between answers and never inside one."""
    with step("ask for registration codes", expect="OK", precondition=True):
        assert module.at("AT+CEREG=1").ok
    with step("AT+CGSN names the IMEI", expect="15 digits on a line", precondition=True):
        assert re.search(r"(?<!\d)\d{15}(?!\d)", "\n".join(module.at("AT+CGSN").lines))
    for level in (4, 1):
        with step(f"AT+CFUN={level}", expect="OK", precondition=True):
            assert module.switch_radio(level).ok
        with step("ask for the IMEI five times", expect="15 digits on one line, each time") as seen:
            answers = [module.at("AT+CGSN").lines for _ in range(5)]
            seen.observed(answers)
            for lines in answers:
                assert len([line for line in lines if re.search(r"(?<!\d)\d{15}(?!\d)", line)]) == 1
                assert not [line for line in lines if re.search(r"\d", line) and "+CEREG" in line]
    with step("look at the codes that came", expect="at least one +CEREG", precondition=True) as seen:
        urc = module.wait_for_urc(lambda line: line.startswith("+CEREG:"))
        seen.observed(urc.text)
