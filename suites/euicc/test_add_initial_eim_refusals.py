"""What AddInitialEim refuses, and that a refused list leaves nothing behind. SGP.32 v1.2 §5.9.4.

Each case starts from a card without any eIM: the function is open only then.
"""

from __future__ import annotations

from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import code_for
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.identity import ID_TYPE_PROPRIETARY, OMITTED

INSUFFICIENT_MEMORY, CI_UNKNOWN, INVALID_TOKEN, COUNTER_OUT_OF_RANGE, COMMAND_ERROR = 1, 3, 5, 6, 7
EIM_CONFIGURATION = 5
OK = 0
UNKNOWN_CI = bytes(range(20))
BEYOND_ANY_CARD = 2**70
MANY = (16, 64)
"""eIMs in one list. Few cards keep as many as the first, none is known that keeps as many as the last."""


@case("EU-021", clause="SGP.32 v1.2 §5.9.4", area="euicc", catches="takes-token-that-eim-chose")
def test_token_is_not_the_eims_to_choose(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An association token other than -1 is invalidAssociationToken: the card makes tokens, nobody else."""
    for token, confidence in ((7, "certain"), (0, "likely")):  # 0 stands for no token where signatures are made
        with step(
            f"AddInitialEim with associationToken {token}", expect="invalidAssociationToken(5)", confidence=confidence
        ) as seen:
            answer = euicc.add_initial_eim([eim.configuration(association_token=token)])
            seen.observed(answer.raw)
            assert answer.error == INVALID_TOKEN
            assert euicc.get_eim_configuration() == ()


@case(
    "EU-023",
    clause="SGP.32 v1.2 §5.9.4",
    confidence="likely",
    area="euicc",
    catches=("keeps-first-initial-eim-only", "keeps-part-of-refused-eims", "takes-eim-twice-in-one-list"),
)
def test_list_is_taken_whole_or_not_at_all(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """A list that names an eIM twice is refused as a whole; one of two different eIMs is stored as a whole."""
    with step("AddInitialEim with the same eIM twice", expect="an error, and no eIM is stored") as seen:
        answer = euicc.add_initial_eim([eim.configuration(), eim.configuration()])
        seen.observed(answer.raw)
        assert answer.error is not None
        assert euicc.get_eim_configuration() == ()
    with step("AddInitialEim with two eIMs", expect="ok for both, both are listed") as seen:
        answer = euicc.add_initial_eim([eim.configuration(), other_eim.configuration()])
        seen.observed(answer.raw)
        assert len(answer.entries) == 2
        listed = {entry.eim_id for entry in euicc.get_eim_configuration()}
        assert listed == {eim.identity.eim_id, other_eim.identity.eim_id}


@case("EU-024", clause="SGP.32 v1.2 §5.9.4", area="euicc", catches="takes-unknown-ci-of-eim")
def test_unknown_ci(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A euiccCiPKId under which the card has no key is ciPKUnknown, and nothing is stored."""
    with step("AddInitialEim with a CI that nobody knows", expect="ciPKUnknown(3)") as seen:
        answer = euicc.add_initial_eim([eim.configuration(euiccCiPKId=UNKNOWN_CI)])
        seen.observed(answer.raw)
        assert answer.error == CI_UNKNOWN
        assert euicc.get_eim_configuration() == ()


@case(
    "EU-025",
    clause="SGP.32 v1.2 §5.9.4",
    confidence="likely",
    area="euicc",
    catches="takes-any-counter-of-eim",
)
def test_counter_out_of_range(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A counterValue that the card cannot keep is counterValueOutOfRange, and nothing is stored.

    How high a card counts is its own affair, and it may refuse so long a number before it takes it for a counter.
    """
    with step("AddInitialEim with a counter of nine octets", expect="an error") as seen:
        answer = euicc.add_initial_eim([eim.configuration(counter=BEYOND_ANY_CARD)])
        seen.observed(answer.raw)
        assert answer.error is not None
    with step("look at the error", expect="counterValueOutOfRange(6)") as seen:
        seen.observed(answer.error)
        assert answer.error == COUNTER_OUT_OF_RANGE
    with step("GetEimConfigurationData", expect="an empty list", confidence="certain"):
        assert euicc.get_eim_configuration() == ()


@case(
    "EU-026",
    clause="SGP.32 v1.2 §5.9.4",
    confidence="likely",
    area="euicc",
    catches="takes-eim-without-key",
)
def test_key_is_mandatory(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An eIM without key data could sign nothing: commandError, and nothing is stored."""
    with step("AddInitialEim without eimPublicKeyData", expect="commandError(7)") as seen:
        answer = euicc.add_initial_eim([eim.configuration(eimPublicKeyData=OMITTED)])
        seen.observed(answer.raw)
        assert answer.error == code_for(euicc, "addInitialEimError", COMMAND_ERROR)
        assert euicc.get_eim_configuration() == ()


@case(
    "EU-027",
    clause="SGP.32 v1.2 §5.9.4",
    confidence="likely",
    area="euicc",
    effects=("removes-eim",),
    catches=("drops-oldest-eim-when-full", "calls-full-memory-undefined-error"),
)
def test_memory_for_eims_is_full(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A list is kept whole, or is refused with insufficientMemory and leaves nothing."""
    for count in MANY:
        names = [f"{number:03}-of-many" for number in range(count)]
        many = [eim.configuration(eimId=name, eimIdType=ID_TYPE_PROPRIETARY) for name in names]
        with step(f"AddInitialEim with {count} eIMs", expect="all are listed, or insufficientMemory(1)") as seen:
            answer = euicc.add_initial_eim(many)
            listed = [entry.eim_id for entry in euicc.get_eim_configuration()]
            seen.observed(f"error {answer.error}, {len(listed)} listed")
            assert answer.error in (None, INSUFFICIENT_MEMORY)
            assert sorted(listed) == ([] if answer.error else names)
        if answer.error:
            break
        with step("reset the eIM configuration", precondition=True):
            assert euicc.memory_reset(EIM_CONFIGURATION).eim == OK
    with step("AddInitialEim with one eIM", expect="ok: the refused list took no memory") as seen:
        answer = euicc.add_initial_eim([eim.configuration()])
        seen.observed(answer.raw)
        assert answer.error is None
