"""Packages that a card cannot take or cannot answer: unknown, empty, mixed, too large. SGP.32 v1.2 §2.11.1.1, §2.11.2.1.

Whatever such a package comes to, the card answers the next one.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.adversaries.tampering import signed_part_of
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import delete, list_eim, list_profile_info
from harness.roles.eim.packages import ECO_LIST, PSMO_LIST, package_request
from harness.roles.es10.packages import PackageAnswer
from harness.roles.es10.status import StatusWordFault

ASSOCIATED = State(eims=1)
RESULT_SIZE_OVERFLOW, UNKNOWN_OR_DAMAGED_COMMAND = 1, 2
SIZE_OVERFLOW = 15
NO_PRECISE_DIAGNOSIS = 0x6F00
UNKNOWN_PSMO = tlv.build(0xAF)
EVERY_FIELD = (0x5A, 0x4F, 0x9F70, 0x91, 0x92, 0x95, 0xB6, 0xB7, 0x99, 0x9F26, 0x9F67)
MANY = 120
LARGE = 20_000
"""Octets of a tag list that make a package larger than known cards have room for."""


def answered(euicc: EuiccUnderTest, package: bytes) -> PackageAnswer | int:
    """What a package comes to: an answer, or the status word that refused it."""
    try:
        return euicc.load_package(package)
    except StatusWordFault as refused:
        return refused.sw


def described(answer: PackageAnswer | int) -> str:
    """One line for the report."""
    if isinstance(answer, int):
        return f"status word {answer:04X}"
    return f"{answer.kind} {answer.error_code or ''} {[name for name, _ in answer.results]}"


def takes_the_next(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """The step that every case of this file ends with."""
    with step("LoadEuiccPackage: listProfileInfo", expect="a result: the card lives on", confidence="certain") as seen:
        answer = euicc.load_package(eim.package(list_profile_info()))
        seen.observed(answer.raw)
        assert answer.is_result


@case(
    "EU-057",
    clause="SGP.32 v1.2 §2.11.2.1",
    confidence="likely",
    area="euicc",
    needs=ASSOCIATED,
    catches="passes-over-unknown-command",
)
def test_unknown_command(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A command that the card does not know ends the package: unknownOrDamagedCommand."""
    with step("LoadEuiccPackage: list, a command AF, list", expect="a list, processingTerminated(2)") as seen:
        answer = euicc.load_package(eim.package(list_profile_info(), UNKNOWN_PSMO, list_profile_info()))
        seen.observed(answer.raw)
        assert [name for name, _ in answer.results] == ["listProfileInfoResult", "processingTerminated"]
        assert answer.result("processingTerminated") == UNKNOWN_OR_DAMAGED_COMMAND
    takes_the_next(euicc, eim, step)


@case(
    "EU-058",
    clause="SGP.32 v1.2 §2.11.2.1",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a", "operational-b")),
    catches="leaves-out-results-without-a-word",
)
def test_result_is_too_large(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Results that are too many for the card end in resultSizeOverflow; none is left out without a word."""
    with step(f"LoadEuiccPackage: {MANY} times all profiles", expect="all of them, or resultSizeOverflow(1)") as seen:
        answer = euicc.load_package(eim.package(*[list_profile_info(tags=EVERY_FIELD)] * MANY))
        names = [name for name, _ in answer.results]
        seen.observed(f"{len(names)} results, the last is {names[-1:]}")
        assert answer.is_result
        if len(names) < MANY or "processingTerminated" in names:
            assert answer.results[-1:] == (("processingTerminated", RESULT_SIZE_OVERFLOW),)
    takes_the_next(euicc, eim, step)


@case(
    "EU-059",
    clause="SGP.32 v1.2 §2.11.2.1",
    confidence="likely",
    area="euicc",
    needs=ASSOCIATED,
    catches=("calls-size-overflow-undefined-error", "is-stuck-after-large-package"),
)
def test_package_is_too_large(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A package that the card has no room for is sizeOverflow, or not even taken in; the next one is executed."""
    package = eim.package(list_profile_info(tags=b"\x5a" * LARGE))
    with step(f"LoadEuiccPackage of {len(package)} octets", expect="sizeOverflow(15) or a status word") as seen:
        answer = answered(euicc, package)
        seen.observed(described(answer))
        if isinstance(answer, int):
            assert answer != NO_PRECISE_DIAGNOSIS
        else:
            assert answer.error_code in (None, SIZE_OVERFLOW)
    takes_the_next(euicc, eim, step)


@case(
    "EU-060",
    clause="SGP.32 v1.2 §2.11.1.1",
    confidence="unsure",
    area="euicc",
    needs=ASSOCIATED,
    catches="is-stuck-after-empty-package",
)
def test_empty_package(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A package without any command comes to an empty result or an error; either way the card lives on."""
    with step("LoadEuiccPackage with an empty psmoList", expect="an empty result, or an error") as seen:
        answer = answered(euicc, eim.package())
        seen.observed(described(answer))
        assert isinstance(answer, int) or not answer.results
    takes_the_next(euicc, eim, step)


@case(
    "EU-061",
    clause="SGP.32 v1.2 §2.11.1.1",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    effects=("removes-profile",),
    catches="executes-first-of-two-lists",
)
def test_two_lists(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """A package with PSMOs and eCOs at once is none: nothing of it is executed."""
    package = with_two_lists(eim, profiles["operational-a"].iccid)
    with step("LoadEuiccPackage: delete A, and listEim in an ecoList", expect="an error or a status word") as seen:
        answer = answered(euicc, package)
        seen.observed(described(answer))
        assert isinstance(answer, int) or not answer.is_result
    with step("read the profiles", expect="A is still installed"):
        assert euicc.find_profile("operational-a") is not None
    takes_the_next(euicc, eim, step)


def with_two_lists(eim: Eim, iccid: bytes) -> bytes:
    """A package that its eIM signed over a psmoList and an ecoList."""
    fields = tlv.parse(signed_part_of(eim.package(delete(iccid)))).children
    ecos = tlv.parse(signed_part_of(eim.package(list_eim()))).get(ECO_LIST)
    assert fields[-1].tag == PSMO_LIST
    signed = tlv.build(0x30, *(field.raw for field in fields), ecos.raw)
    return package_request(signed, token_of(eim), eim.identity.signing_key, eim.rules)
