"""What an IPA does with a result until its eIM has acknowledged it. SGP.32 v1.2 §3.7, §5.14.6."""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.adversaries.lying import PROVIDE_RESULT, answered, mentions, status
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.ipa_views import message_of, stored_results
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info
from harness.roles.eim.events import ResultAccepted

ASSOCIATED = State(eims=1)
DONE = "done"
FEW = 3
WRONG_NUMBER = 0x5A5A
ERRORS = {2: "eidNotFound", 3: "invalidEid", 4: "missingEid", 127: "undefinedError"}


def offers(eim: Eim, transaction: bytes) -> int:
    """How often the result of this package came."""
    return sum(isinstance(event, ResultAccepted) and event.transaction_id == transaction for event in eim.events)


@case(
    "IP-013",
    clause="SGP.32 v1.2 §3.7",
    area="ipa",
    needs=ASSOCIATED,
    catches=("removes-results-unacknowledged", "forgets-stored-results"),
)
def test_other_number(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A result stays on the card when something else is acknowledged, and is offered again."""
    wrong = tlv.build(0xBF50, tlv.build(0xBF53, tlv.integer(0x80, WRONG_NUMBER)))
    with step("a package is executed, and the eIM acknowledges another number", precondition=True):
        device.eim_answers.change(PROVIDE_RESULT, answered(wrong), times=None)
        package = eim.queue_package(device.eid, list_profile_info())
        device.poll_now()
        assert offers(eim, package)
        device.eim_answers.be_honest()
    with step("the device polls again", expect="the same result, offered again", confidence="likely") as seen:
        before = offers(eim, package)
        device.poll_now()
        seen.observed(f"{offers(eim, package) - before} times")
        assert offers(eim, package) > before
    with step("acknowledged now, the eIM asks for the stored results", expect="none"):
        assert stored_results(device, eim) == 0


@case(
    "IP-014",
    clause="SGP.32 v1.2 §5.14.6",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    catches="takes-an-empty-answer-for-an-error",
)
def test_empty_response(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An answer that acknowledges nothing (emptyResponse) is no error: the IPA goes on as after any delivery."""
    with step("a package is executed, and the eIM acknowledges nothing", precondition=True):
        device.eim_answers.change(PROVIDE_RESULT, answered(device.esipa.nothing_acknowledged))
        package = eim.queue_package(device.eid, list_profile_info())
        visit = device.poll_now()
        assert offers(eim, package)
    with step("look at what follows in that visit", expect="the next GetEimPackage") as seen:
        follows = [message_of(request).tag for request in visit]
        seen.observed(" ".join(f"{tag:X}" for tag in follows))
        assert follows[-1] == 0xBF4F
    with step("the device polls again", expect="the result is offered again, or not", confidence="unsure") as seen:
        before = offers(eim, package)
        device.poll_now()
        seen.observed(f"offered {offers(eim, package) - before} times more")


@case(
    "IP-015",
    clause="SGP.32 v1.2 §5.14.6",
    area="ipa",
    needs=ASSOCIATED,
    requires=("esipa-1.2",),
    catches=("takes-an-error-for-an-acknowledgement", "is-blocked-by-what-is-refused"),
)
def test_refused_result(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A result that the eIM answers with an error stays on the card, is offered again, and holds up no other package."""
    package = eim.queue_package(device.eid, list_profile_info())
    for code, name in ERRORS.items():
        error = tlv.build(0xBF50, tlv.integer(0x02, code))
        with step(f"the device polls, and the eIM answers its result with {name}({code})", precondition=True):
            device.eim_answers.change(PROVIDE_RESULT, answered(error), times=None, wanted=mentions(package))
            before = offers(eim, package)
            device.poll_now()
        with step("count the offers of that visit", expect=f"one to {FEW}", confidence="likely") as seen:
            seen.observed(offers(eim, package) - before)
            assert 1 <= offers(eim, package) - before <= FEW
        device.eim_answers.be_honest()
    with step("refused once more, with a package behind", expect="that package is done", confidence="likely") as seen:
        device.eim_answers.change(PROVIDE_RESULT, answered(error), times=None, wanted=mentions(package))
        behind = eim.queue_package(device.eid, list_profile_info())
        device.poll_now()
        seen.observed(eim.operation(behind).state)
        assert eim.operation(behind).state == DONE
    device.eim_answers.be_honest()
    with step("acknowledged now, the eIM asks for the stored results", expect="none"):
        device.poll_now()
        assert stored_results(device, eim) == 0


@case("IP-050", clause="SGP.32 v1.2 §5.14.6", area="ipa", needs=ASSOCIATED, catches="names-another-eid-in-results")
def test_eid_of_result(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """ProvideEimPackageResult carries the EID of the card, or none."""
    with step("a package is executed", precondition=True):
        eim.queue_package(device.eid, list_profile_info())
        device.poll_now()
        assert device.sent(PROVIDE_RESULT)
    with step("look at eidValue", expect="the card's EID, or no field") as seen:
        fields = [message_of(request).find(0x5A) for request in device.sent(PROVIDE_RESULT)]
        seen.observed(" ".join("none" if field is None else field.value.hex() for field in fields))
        assert {field.value for field in fields if field is not None} <= {device.eid}


@case("IP-051", clause="SGP.32 v1.2 §3.7, §2.11.2", area="ipa", needs=ASSOCIATED, catches="forgets-stored-results")
def test_restart(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A result that was not delivered before a restart is fetched from the card and delivered after it."""
    with step("a package is executed, and its result gets no answer but 503", precondition=True):
        device.eim_answers.change(PROVIDE_RESULT, status(503), times=None)
        package = eim.queue_package(device.eid, list_profile_info())
        device.poll_now()
        assert offers(eim, package)
    with step("power the device off and on", precondition=True):
        device.power_cycle()
        device.eim_answers.be_honest()
    with step("the device polls", expect="the result") as seen:
        before = offers(eim, package)
        device.poll_now()
        seen.observed(f"offered {offers(eim, package) - before} times")
        assert offers(eim, package) > before
    with step("the eIM asks for the stored results", expect="none"):
        assert stored_results(device, eim) == 0
