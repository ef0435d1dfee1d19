"""Answers of an eIM that are no answers. SGP.32 v1.2 §6.1 (HTTP binding), §6.1.1 (ASN.1), §6.1.2 (JSON).

The package that the answer carried, whole or not, must not be executed; the IPA survives, and takes the next good answer.
"""

from __future__ import annotations

from harness.conformance.adversaries.lying import (
    GET_PACKAGE,
    Change,
    cut,
    emptied,
    function_of,
    prolonged,
    with_header,
    without_header,
)
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info

ASSOCIATED = State(eims=1)
DONE = "done"


def is_executed_after(device: DeviceUnderTest, eim: Eim, change: Change) -> bool:
    """Whether a package is executed whose delivery was changed like this: its result is the next that comes."""
    device.eim_answers.change(GET_PACKAGE, change)
    package = eim.queue_package(device.eid, list_profile_info())
    visit = device.poll_now()
    if eim.operation(package).state != DONE:
        return False
    asked = [number for number, one in enumerate(visit) if function_of(one.path, one.body) == GET_PACKAGE]
    return len(asked) < 2 or asked[1] - asked[0] > 1


def recovers(device: DeviceUnderTest, eim: Eim) -> bool:
    """Whether the device still takes a package that is delivered well."""
    package = eim.queue_package(device.eid, list_profile_info())
    device.work_off()
    return eim.operation(package).state == DONE


@case(
    "IP-007",
    clause="SGP.32 v1.2 §6.1.1",
    area="ipa",
    needs=ASSOCIATED,
    catches=("ignores-octets-behind-an-answer", "is-lost-after-a-bad-answer"),
)
def test_bad_body(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An empty body, one that is cut and one with octets behind it are no answers."""
    for change, what, confidence in (
        (emptied, "an empty body", "certain"),
        (cut, "a body without its last octet", "certain"),
        (prolonged, "a body with two octets too many", "likely"),
    ):
        with step(f"a package in {what}", expect="not executed", confidence=confidence) as seen:
            executed = is_executed_after(device, eim, change)
            seen.observed("executed" if executed else "not executed")
            assert not executed
        with step("the next one is whole", expect="executed"):
            assert recovers(device, eim)


@case(
    "IP-008",
    clause="SGP.32 v1.2 §6.1",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    catches="takes-any-media-type",
)
def test_content_type(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An answer with another Content-Type than that of the binding is no answer."""
    with step("a package as text/html", expect="not executed") as seen:
        executed = is_executed_after(device, eim, with_header("Content-Type", "text/html"))
        seen.observed("executed" if executed else "not executed")
        assert not executed
    with step("the next one has the right Content-Type", expect="executed"):
        assert recovers(device, eim)


@case(
    "IP-009",
    clause="SGP.32 v1.2 §6.1",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    catches="is-lost-after-a-bad-answer",
)
def test_admin_protocol(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An answer without X-Admin-Protocol is taken or dropped, but the IPA takes the next one that has it."""
    with step(
        "a package in an answer without X-Admin-Protocol", expect="taken or dropped", confidence="unsure"
    ) as seen:
        executed = is_executed_after(device, eim, without_header("X-Admin-Protocol"))
        seen.observed("executed" if executed else "not executed")
    with step("the next answer has the header", expect="executed"):
        assert recovers(device, eim)
