"""Replay protection of eUICC Packages. SGP.32 v1.2 §3.3.1.

Each associated eIM has its own counter on the eUICC. A package is taken only when its counter is above the stored
one; the stored one then becomes that of the package. A refused package changes nothing.
"""

from __future__ import annotations

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps
from harness.roles.eim import TOKEN_REQUESTED, Eim
from harness.roles.eim.commands import list_profile_info
from harness.roles.es10.packages import PackageAnswer
from harness.roles.es10.status import StatusWordFault

REPLAY_ERROR, COUNTER_OUT_OF_RANGE = 4, 6
HIGHEST_GUARANTEED = 0x7FFFFF
BEYOND_ANY_CARD = 2**70
"""A counter of nine octets."""
EIM_CONFIGURATION = 5
"""The bit of eUICCMemoryReset."""
EIM_RESET_NOT_SUPPORTED = 2
ASSOCIATED = State(eims=1)


def accepted_counter(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> int:
    """Spends one package as a precondition; the counter that the card has stored since."""
    with step("one package is accepted", precondition=True) as seen:
        answer = euicc.load_package(eim.package(list_profile_info()))
        seen.observed(f"counter {answer.counter}")
        assert answer.is_result
    return eim.device().association.counter


def load(euicc: EuiccUnderTest, eim: Eim, counter: int) -> PackageAnswer:
    """Sends a harmless package under this counter."""
    return euicc.load_package(eim.package(list_profile_info(), counter=counter))


def newly_associated(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Associates the eIM as a precondition, on a card that can be freed of it when its counters are used up."""
    with step("eUICCMemoryReset of the eIM configuration, AddInitialEim", precondition=True) as seen:
        assert euicc.memory_reset(EIM_CONFIGURATION).eim != EIM_RESET_NOT_SUPPORTED
        added = euicc.add_initial_eim([eim.configuration(association_token=TOKEN_REQUESTED)])
        seen.observed(added.raw)
        assert len(added.entries) == 1
        token = added.entries[0]
        eim.associate(euicc.eid, association_token=token or 0, counter=0)


@case(
    "EU-062",
    clause="SGP.32 v1.2 §3.3.1",
    area="euicc",
    needs=ASSOCIATED,
    catches=("accepts-replayed-counter", "refuses-replay-unsigned"),
)
def test_replay(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A package whose counter is not above the stored one is refused with replayError, signed."""
    accepted_counter(euicc, eim, step)  # so that the one below the stored counter is above 0
    stored = accepted_counter(euicc, eim, step)
    for name, counter in (("the stored counter", stored), ("the one below", stored - 1)):
        with step(f"LoadEuiccPackage with {name}", expect="euiccPackageErrorSigned, replayError(4)") as seen:
            answer = load(euicc, eim, counter)
            seen.observed(answer.raw)
            assert answer.kind == "error-signed"
            assert answer.error_code == REPLAY_ERROR
            assert answer.signature_is_valid(euicc.certificate, token_of(eim))
    with step("LoadEuiccPackage with the next counter", expect="a result"):
        assert load(euicc, eim, stored + 1).is_result


@case(
    "EU-063",
    clause="SGP.32 v1.2 §3.3.1",
    area="euicc",
    needs=ASSOCIATED,
    effects=("burns-counter",),
    catches="stores-counter-plus-one-only",
)
def test_counter_jumps(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A counter may jump; the stored one becomes that of the package."""
    stored = accepted_counter(euicc, eim, step)
    with step("LoadEuiccPackage, counter 1,000 above", expect="a result"):
        assert load(euicc, eim, stored + 1000).is_result
    with step("LoadEuiccPackage, counter 999 above", expect="replayError(4)") as seen:
        answer = load(euicc, eim, stored + 999)
        seen.observed(answer.raw)
        assert answer.error_code == REPLAY_ERROR


@case(
    "EU-064",
    clause="SGP.32 v1.2 §3.3.1",
    confidence="likely",
    area="euicc",
    requires=("eim-reset",),
    effects=("burns-counter", "removes-eim", "strands-device"),
    catches="keeps-two-octets-of-counter",
)
def test_highest_counter(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """The counter 0x7FFFFF is supported; a smaller one is a replay afterwards."""
    newly_associated(euicc, eim, step)
    with step("LoadEuiccPackage with counter 0x7FFFFF", expect="a result") as seen:
        answer = load(euicc, eim, HIGHEST_GUARANTEED)
        seen.observed(answer.raw)
        assert answer.is_result
        assert answer.counter == HIGHEST_GUARANTEED
    with step("LoadEuiccPackage with counter 0x7FFFFE", expect="replayError(4)", confidence="certain") as seen:
        answer = load(euicc, eim, HIGHEST_GUARANTEED - 1)
        seen.observed(answer.raw)
        assert answer.error_code == REPLAY_ERROR


@case(
    "EU-065",
    clause="SGP.32 v1.2 §3.3.1",
    confidence="likely",
    area="euicc",
    requires=("eim-reset",),
    effects=("burns-counter", "removes-eim", "strands-device"),
    catches=("accepts-counter-out-of-range", "calls-every-counter-a-replay"),
)
def test_counter_out_of_range(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A counter that the card cannot keep is counterValueOutOfRange, and the stored one stays.

    How high a card counts is its own affair, and it may refuse so long a number before it takes it for a counter.
    """
    newly_associated(euicc, eim, step)
    stored = accepted_counter(euicc, eim, step)
    with step("LoadEuiccPackage with a counter of nine octets", expect="no result") as seen:
        answer = load(euicc, eim, BEYOND_ANY_CARD)
        seen.observed(answer.raw)
        assert not answer.is_result
    with step("look at the error", expect="counterValueOutOfRange(6), signed", confidence="likely") as seen:
        seen.observed(f"{answer.kind} {answer.error_code}")
        assert answer.error_code == COUNTER_OUT_OF_RANGE
        assert answer.signature_is_valid(euicc.certificate, token_of(eim))
    with step("LoadEuiccPackage with the next counter", expect="a result", confidence="certain"):
        assert load(euicc, eim, stored + 1).is_result


@case("EU-066", clause="SGP.32 v1.2 §3.3.1", area="euicc", needs=ASSOCIATED, catches="reads-counter-unsigned")
def test_counter_zero_and_negative(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Neither zero nor a negative counter is ever above a stored one."""
    stored = accepted_counter(euicc, eim, step)
    for counter in (0, -1, -128):
        code: int | None = None
        with step(f"LoadEuiccPackage with counter {counter}", expect="no result") as seen:
            try:
                answer = load(euicc, eim, counter)
                seen.observed(answer.raw)
                code = answer.error_code
                assert not answer.is_result
            except StatusWordFault as refused:
                seen.observed(f"status word {refused.sw:04X}")
        with step("look at the error", expect="replayError(4) or out of range(6)", confidence="likely") as seen:
            seen.observed(code)
            assert code in (REPLAY_ERROR, COUNTER_OUT_OF_RANGE)
    with step("LoadEuiccPackage with the next counter", expect="a result"):
        assert load(euicc, eim, stored + 1).is_result


@case(
    "EU-067",
    clause="SGP.32 v1.2 §3.3.1",
    area="euicc",
    needs=State(eims=2),
    effects=("burns-counter",),
    catches="shares-one-counter-between-eims",
)
def test_counters_are_per_eim(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """The counter of one eIM says nothing about another's."""
    stored = accepted_counter(euicc, eim, step)
    with step("the first eIM jumps by 1,000", precondition=True):
        assert load(euicc, eim, stored + 1000).is_result
    with step("a package of the second eIM with its own next counter", expect="a result") as seen:
        answer = euicc.load_package(other_eim.package(list_profile_info()))
        seen.observed(answer.raw)
        assert answer.is_result
        assert answer.eim_id == other_eim.identity.eim_id
