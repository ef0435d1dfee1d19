"""Reaching the state that a case starts from: by a snapshot on simulators, through the standard's functions on hardware.

Rules of this room:
- The functions that prepare a real card also prepare the snapshots, on a conforming card that nobody judges.
- A snapshot is made once for each card and state, and kept in the rack.
- What is asked of a real card is recorded as precondition steps.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.conformance.case import State
from harness.conformance.devices.euicc import certificates_for
from harness.conformance.steps import CaseSteps
from harness.errors import DeviceFault, LabFault
from harness.lab.joining import find_counter
from harness.roles.eim import TOKEN_REQUESTED, Association, Eim
from harness.roles.eim.commands import delete, delete_eim, disable, enable, list_eim
from harness.roles.es10 import Es10

if TYPE_CHECKING:
    from harness.conformance.devices.euicc import EuiccUnderTest
    from harness.profiles import ProfilePackage
    from harness.roles.es10.download import InstallationAnswer

RESET_BITS = (0, 1, 2, 3, 4, 5, 6)
"""Everything that ES10b.eUICCMemoryReset can clear."""
OK, NOTHING_TO_DELETE, ECALL_ACTIVE = 0, 1, 104
EIM_RESET_NOT_SUPPORTED, LAST_EIM_DELETED = 2, 2

Download = Callable[[str], "InstallationAnswer"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A card in a state, and what its eIMs have to know of it."""

    snapshot: bytes
    associations: tuple[Association, ...]
    """Of the eIMs that the state has, in order."""


def reach(
    needs: State, es10: EuiccUnderTest, eims: Sequence[Eim], profiles: Mapping[str, ProfilePackage], download: Download
) -> None:
    """Brings a card into a state by ES10 functions alone. Raises DeviceFault where the card does not go along."""
    find_a_channel(es10)
    clear(es10, eims)
    take_off(es10, eims, {package.iccid for package in profiles.values()})
    if needs.eims:
        associate(es10, eims[: needs.eims])
    for name in needs.profiles:
        answer = download(name)
        if not answer.is_success:
            raise DeviceFault(f"the profile {name} was not installed: error {answer.error_reason}")
    if needs.enabled is not None:
        answered = es10.load_package(eims[0].package(enable(profiles[needs.enabled].iccid)))
        if answered.error_code is not None or answered.result("enableResult") != OK:
            raise DeviceFault(f"the profile {needs.enabled} was not enabled: {answered.raw.hex().upper()}")
        es10.get_profiles_info()  # a card that wants a reset after the enable gets it here
    forget_notifications(es10)


def find_a_channel(es10: EuiccUnderTest) -> None:
    """Opens ES10; where the cases before left no channel free, after a reset."""
    try:
        es10.open()
    except DeviceFault:
        es10.reset()


def clear(es10: EuiccUnderTest, eims: Sequence[Eim] = ()) -> None:
    """Back to a virgin card: no profile, no eIM, no address, nothing stored.

    `eims` are those who may have to delete themselves.
    """
    answer = es10.memory_reset(*RESET_BITS)
    if answer.reset == ECALL_ACTIVE:
        es10.disable_emergency_profile()
        answer = es10.memory_reset(*RESET_BITS)
    if answer.eim in (EIM_RESET_NOT_SUPPORTED, None):  # a card of v1.0 has no result for it, and no such reset
        dissociate(es10, eims)
    elif answer.eim not in (OK, NOTHING_TO_DELETE):
        raise DeviceFault(f"the card's eIMs cannot be cleared: {answer.raw.hex().upper()}")
    if answer.reset not in (OK, NOTHING_TO_DELETE):
        raise DeviceFault(f"the card cannot be cleared: {answer.raw.hex().upper()}")
    forget_notifications(es10)


def take_off(es10: EuiccUnderTest, eims: Sequence[Eim], ours: Collection[bytes]) -> None:
    """Deletes what a memory reset left of our own profiles: that of v1.0 knows neither provisioning nor pre-loaded ones.

    Raises DeviceFault where the card keeps one.
    """
    left = [info for info in es10.get_profiles_info() if info.iccid in ours]
    if not left:
        return
    eim = eims[0]
    if not es10.get_eim_configuration():
        associate(es10, [eim])
    for info in left:
        assert info.iccid is not None
        commands = [disable(info.iccid)] if info.is_enabled else []
        for command in (*commands, delete(info.iccid)):
            answer = es10.load_package(eim.package(command, eid=es10.eid))
            if not answer.is_result or answer.result(f"{command[0]}Result") != OK:
                raise DeviceFault(f"the profile {info.iccid.hex()} cannot be taken off: {answer.raw.hex().upper()}")
            es10.get_profiles_info()  # a card that wants a reset after a change of state gets it here
    clear(es10, eims)


def dissociate(es10: EuiccUnderTest, eims: Sequence[Eim]) -> None:
    """Has one of our eIMs delete every eIM and itself last, on a card that cannot reset its eIM configuration."""
    tokens = {entry.eim_id: entry.association_token for entry in es10.get_eim_configuration()}
    if not tokens:
        return
    ours = next((eim for eim in eims if eim.identity.eim_id in tokens and _is_heard(es10, eim, tokens)), None)
    if ours is None:
        raise DeviceFault(
            f"the card cannot reset its eIM configuration and is associated with {', '.join(tokens)}",
            hint="have that eIM delete itself, or use another card",
        )
    own_id = ours.identity.eim_id
    del tokens[own_id]
    for eim_id in (*tokens, own_id):
        deleted = es10.load_package(ours.package(delete_eim(eim_id), eid=es10.eid))
        if not deleted.is_result or deleted.result("deleteEimResult") not in (OK, LAST_EIM_DELETED):
            raise DeviceFault(f"the eIM {eim_id} cannot be deleted: {deleted.raw.hex().upper()}")


def _is_heard(es10: EuiccUnderTest, eim: Eim, tokens: Mapping[str, int | None]) -> bool:
    """Whether the card takes packages of this eIM, after a search for its token and, where that is lost, its counter."""
    _agree_on_token(es10, eim, tokens[eim.identity.eim_id])
    known = eim.associate(es10.eid).association.counter
    try:
        return find_counter(eim, es10, es10.eid, known)
    except LabFault:  # it believes none of them: a key or a token of another life
        return False


def _agree_on_token(es10: EuiccUnderTest, eim: Eim, listed: int | None) -> None:
    """Finds the association token that the card has: the one it lists; else none, or the one that the lab remembers."""
    remembered = eim.associate(es10.eid).association.token
    for token in (listed,) if listed is not None else (0, remembered):
        eim.associate(es10.eid, association_token=token)
        if es10.load_package(eim.package(list_eim(), eid=es10.eid)).kind != "error-unsigned":
            return


def associate(es10: EuiccUnderTest, eims: Sequence[Eim]) -> None:
    """Associates the eIMs with the card in one AddInitialEim, and the card with the eIMs."""
    eid = es10.eid
    certificates = certificates_for(es10, eims[0].identity.ci_key_id)
    answer = es10.add_initial_eim([eim.configuration(association_token=TOKEN_REQUESTED) for eim in eims])
    if answer.error is not None or len(answer.entries) != len(eims):
        raise DeviceFault(f"the card takes no eIM: {answer.raw.hex().upper()}")
    for eim, token in zip(eims, answer.entries, strict=True):
        eim.associate(
            eid,
            euicc_certificate=certificates.euicc,
            eum_certificate=certificates.eum,
            association_token=token or 0,
            counter=0,
            version=es10.dialect.schema,
            ipa_version=es10.ipa_version,
        )


def forget_notifications(es10: Es10) -> None:
    """Removes every notification and every stored package result."""
    for notification in es10.list_notifications():
        es10.remove_notification(notification.sequence_number)
    for result in es10.retrieve_notifications(results=True).results:
        if result.sequence_number is not None:
            es10.remove_notification(result.sequence_number)


def described(needs: State) -> str:
    """The state in words."""
    parts = [f"{needs.eims} eIM associated" if needs.eims else "no eIM"]
    parts.append(f"installed: {', '.join(needs.profiles)}" if needs.profiles else "no profile")
    if needs.enabled:
        parts.append(f"enabled: {needs.enabled}")
    return "; ".join(parts)


def reach_as_precondition(
    steps: CaseSteps,
    needs: State,
    es10: EuiccUnderTest,
    eims: Sequence[Eim],
    profiles: Mapping[str, ProfilePackage],
    download: Download,
) -> None:
    """`reach`, recorded as the first step of the case."""
    with steps(f"the card is brought to: {described(needs)}", precondition=True):
        reach(needs, es10, eims, profiles, download)
