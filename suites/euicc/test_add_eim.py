"""Adding an eIM by a signed package. SGP.32 v1.2 §2.11.1.1.2 and §3.5.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import code_for
from harness.conformance.steps import CaseSteps
from harness.roles.eim import TOKEN_REQUESTED, Eim
from harness.roles.eim.commands import add_eim, delete_eim, list_profile_info
from harness.roles.eim.identity import ID_TYPE_PROPRIETARY, OMITTED
from harness.roles.es10.packages import PackageAnswer

REPLAY = 4
OK, INSUFFICIENT_MEMORY, ALREADY_EXISTS, CI_UNKNOWN, INVALID_TOKEN, COUNTER_OUT_OF_RANGE, COMMAND_ERROR = (
    0,
    1,
    2,
    3,
    5,
    6,
    7,
)
BEYOND_ANY_CARD = 2**70
MANY = 64
"""More eIMs than any known card keeps."""
FIRST_COUNTER = 7
UNKNOWN_CI = bytes(20)


@case(
    "EU-075",
    clause="SGP.32 v1.2 §3.5.1",
    area="euicc",
    needs=State(eims=1, exact=True),
    catches=("adds-eim-in-words-only", "starts-added-eim-at-zero"),
)
def test_added_eim_is_obeyed(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """An eIM that another one adds is obeyed from then on, with its own token and from its own counter."""
    with step(f"addEim with counterValue {FIRST_COUNTER} and a token wanted", expect="84 with a token") as seen:
        wanted = other_eim.configuration(association_token=TOKEN_REQUESTED, counter=FIRST_COUNTER)
        answer = euicc.load_package(eim.package(add_eim(wanted)))
        seen.observed(answer.raw)
        kind, token = answer.result("addEimResult")
        assert kind == "associationToken"
        other_eim.associate(euicc.eid, association_token=token, counter=FIRST_COUNTER)
    with step("GetEimConfigurationData", expect="both eIMs"):
        listed = {entry.eim_id for entry in euicc.get_eim_configuration()}
        assert listed == {eim.identity.eim_id, other_eim.identity.eim_id}
    with step(f"its package with counter {FIRST_COUNTER}", expect="replayError(4)", confidence="likely") as seen:
        answer = euicc.load_package(other_eim.package(list_profile_info(), counter=FIRST_COUNTER))
        seen.observed(answer.raw)
        assert answer.error_code == REPLAY
    with step(f"its package with counter {FIRST_COUNTER + 1}", expect="a result") as seen:
        answer = euicc.load_package(other_eim.package(list_profile_info(), counter=FIRST_COUNTER + 1))
        seen.observed(answer.raw)
        assert answer.is_result


@case(
    "EU-076",
    clause="SGP.32 v1.2 §2.11.1.1.2",
    area="euicc",
    needs=State(eims=1, exact=True),
    catches=(
        "replaces-eim-at-add-eim",
        "ignores-unknown-ci-at-add-eim",
        "takes-given-token-at-add-eim",
        "adds-eim-without-key",
    ),
)
def test_refused_configurations(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """addEim names what is wrong with a configuration, and adds nothing."""
    known = eim.configuration()
    with step("addEim with an eimId that is associated", expect="associatedEimAlreadyExists(2)") as seen:
        answer = euicc.load_package(eim.package(add_eim(other_eim.configuration() | {"eimId": known["eimId"]})))
        seen.observed(answer.raw)
        assert code_of(answer) == code_for(euicc, "addEimResult", ALREADY_EXISTS)
    for name, code, wrong in (
        ("with an unknown euiccCiPKId", CI_UNKNOWN, {"euiccCiPKId": UNKNOWN_CI}),
        ("with a token of the eIM's own choice", INVALID_TOKEN, {"associationToken": 5}),
    ):
        with step(f"addEim {name}", expect=f"result {code}") as seen:
            answer = euicc.load_package(eim.package(add_eim(other_eim.configuration() | wrong)))
            seen.observed(answer.raw)
            assert code_of(answer) == code
    with step("addEim without a key", expect="an error: nobody could be told from that eIM") as seen:
        answer = euicc.load_package(eim.package(add_eim(without_key(other_eim))))
        seen.observed(answer.raw)
        assert code_of(answer) != 0
    with step("look at that code", expect="commandError(7)", confidence="likely") as seen:
        seen.observed(code_of(answer))
        assert code_of(answer) == COMMAND_ERROR
    with step("GetEimConfigurationData, and a package", expect="the one eIM, with its own key") as seen:
        listed = [entry.eim_id for entry in euicc.get_eim_configuration()]
        seen.observed(listed)
        assert listed == [known["eimId"]]
        assert euicc.load_package(eim.package(list_profile_info())).is_result


@case(
    "EU-125",
    clause="SGP.32 v1.2 §2.11.1.1.2, §3.5.1",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, exact=True),
    catches="takes-any-counter-of-eim",
)
def test_counter_out_of_range(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """An addEim with a counterValue that the card cannot keep is counterValueOutOfRange, and adds nobody.

    How high a card counts is its own affair, and it may refuse so long a number before it takes it for a counter.
    """
    with step("addEim with a counter of nine octets", expect="an error") as seen:
        answer = euicc.load_package(eim.package(add_eim(other_eim.configuration(counter=BEYOND_ANY_CARD))))
        seen.observed(answer.raw)
        assert code_of(answer) != OK
    with step("look at the error", expect="counterValueOutOfRange(6)") as seen:
        seen.observed(code_of(answer))
        assert code_of(answer) == COUNTER_OUT_OF_RANGE
    with step("GetEimConfigurationData", expect="the one eIM", confidence="certain"):
        assert [entry.eim_id for entry in euicc.get_eim_configuration()] == [eim.identity.eim_id]


@case(
    "EU-126",
    clause="SGP.32 v1.2 §2.11.1.1.2, §3.5.1",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, exact=True),
    effects=("removes-eim",),
    catches=("drops-oldest-eim-at-add-eim", "calls-full-memory-undefined-error-at-add-eim"),
)
def test_memory_for_eims_is_full(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """An addEim is kept or is insufficientMemory; either way nobody that was associated before makes room for it."""
    names = [eim.identity.eim_id]
    with step(f"addEim up to {MANY} times", expect="ok each, or at last insufficientMemory(1)") as seen:
        for number in range(MANY):
            name = f"{number:03}-of-many"
            one_more = other_eim.configuration(eimId=name, eimIdType=ID_TYPE_PROPRIETARY)
            code = code_of(euicc.load_package(eim.package(add_eim(one_more))))
            if code != OK:
                break
            names.append(name)
        seen.observed(f"result {code} with {len(names)} eIMs associated")
        assert code in (OK, INSUFFICIENT_MEMORY)
    with step("GetEimConfigurationData", expect="all that were added, and the first") as seen:
        listed = sorted(entry.eim_id for entry in euicc.get_eim_configuration())
        seen.observed(f"{len(listed)} eIMs")
        assert listed == sorted(names)
    with step("deleteEim for each that was added", expect="ok(0): the first eIM is alone again") as seen:
        for name in names[1:]:
            assert euicc.load_package(eim.package(delete_eim(name))).result("deleteEimResult") == OK
        left = [entry.eim_id for entry in euicc.get_eim_configuration()]
        seen.observed(left)
        assert left == names[:1]


def without_key(eim: Eim) -> Mapping[str, Any]:
    """The configuration of an eIM without eimPublicKeyData."""
    return eim.configuration(eimPublicKeyData=OMITTED)


def code_of(answer: PackageAnswer) -> int:
    """The code of an addEim result; 0 where a token came instead, since that is how a token wanted is granted."""
    kind, value = answer.result("addEimResult")
    return 0 if kind == "associationToken" else int(value)
