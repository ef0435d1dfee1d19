"""How the commands in a bound profile package are protected, and where a fault is told. SGP.22 §2.5.4, §2.5.6.1, §5.5.

ConfigureISDP, StoreMetadata and ReplaceSessionKeys come in segments of their own before the profile elements.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.adversaries.tampering import with_flipped_bit, with_segment
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.bound import FIRST_87, SECOND_87, SEQUENCE_OF_86, SEQUENCE_OF_88, Bound
from harness.conformance.ours.downloading import refused_package
from harness.conformance.ours.stepwise import StepwiseDownload
from harness.conformance.steps import CaseSteps
from harness.crypto.agreement import SessionKeys
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import Smdp
from harness.roles.smdp.binding import replace_session_keys

CONFIGURE_ISDP, STORE_METADATA, REPLACE_KEYS, LOAD_ELEMENTS = 1, 2, 4, 5
INCORRECT_INPUT, STRUCTURE_ERROR, SECURITY_ERROR = 1, 7, 8
COMMANDS = {
    FIRST_87: ("ConfigureISDP", CONFIGURE_ISDP),
    SEQUENCE_OF_88: ("StoreMetadata", STORE_METADATA),
    SECOND_87: ("ReplaceSessionKeys", REPLACE_KEYS),
    SEQUENCE_OF_86: ("LoadProfileElements", LOAD_ELEMENTS),
}
TOO_SHORT_FOR_ITS_MAC = tlv.build(0x86, bytes(6))
LONG_KEYS = SessionKeys(bytes(16), bytes(range(32)), bytes(range(32, 64)))
MORE_THAN_128_OCTETS = tlv.build(0xBF24, tlv.build(0xB8, tlv.build(0x80, b"\x88\x37" + b"\x01" * 130)))
"""A ConfigureISDPRequest whose dpOid has 132 octets."""


@case("EU-142", clause="SGP.22 §5.5.4", area="euicc", catches="goes-on-under-session-keys")
def test_replaced_keys(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """After ReplaceSessionKeys the profile elements are opened under the keys that it brought."""
    with step("get a package whose profile is protected under keys of its own", precondition=True):
        session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock, replaces_keys=True)
        package = session.up_to_package()
    with step("LoadBoundProfilePackage", expect="success; the profile is listed") as seen:
        answer = euicc.load_bound_profile_package(package)
        seen.observed(answer.raw)
        assert answer.is_success
        assert euicc.find_profile("operational-a") is not None


@case("EU-143", clause="SGP.22 §5.5.4, §2.5.6.1", confidence="likely", area="euicc", catches="takes-keys-of-any-length")
def test_longer_keys(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """New session keys that are longer than those they replace end the installation."""
    with step("bind a profile under keys of 32 octets", precondition=True):
        session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
        session.up_to_package()
        package = Bound.of(session).package(replace_keys=replace_session_keys(LONG_KEYS), own_keys=LONG_KEYS)
    with step("LoadBoundProfilePackage", expect="an error result, no profile") as seen:
        answer = refused_package(euicc, package, seen)
    with step("look at the reason", expect="incorrectInputValues(1), in replaceSessionKeys(4)") as seen:
        seen.observed(f"{answer.error_reason}, in command {answer.command_id}")
        assert (answer.error_reason, answer.command_id) == (INCORRECT_INPUT, REPLACE_KEYS)


@case(
    "EU-144",
    clause="SGP.22 §5.5.2, §2.5.6.1",
    confidence="likely",
    area="euicc",
    catches="takes-proprietary-data-of-any-length",
)
def test_long_proprietary_data(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """SM-DP+ proprietary data of more than 128 octets in ConfigureISDP end the installation."""
    with step("bind a profile with such data", precondition=True):
        session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
        session.up_to_package()
        package = Bound.of(session).package(configure_isdp=MORE_THAN_128_OCTETS)
    with step("LoadBoundProfilePackage", expect="an error result, no profile") as seen:
        answer = refused_package(euicc, package, seen)
    with step("look at the reason", expect="incorrectInputValues(1), in configureISDP(1)") as seen:
        seen.observed(f"{answer.error_reason}, in command {answer.command_id}")
        assert (answer.error_reason, answer.command_id) == (INCORRECT_INPUT, CONFIGURE_ISDP)


@case("EU-145", clause="SGP.22 §2.5.4, §2.5.6.1", area="euicc", catches="blames-loading-for-every-fault")
def test_where_a_fault_is(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A segment whose MAC does not hold ends the installation, and the result names the command that it was of."""
    for container, (name, command) in COMMANDS.items():
        with step(f"change one bit of the MAC over {name}", precondition=True):
            session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock, replaces_keys=True)
            package = session.up_to_package()
            first = tlv.parse(package).get(container).children[0]
            changed = with_flipped_bit(package, 8 * (first.offset + len(first.raw)) - 1)
        with step(f"LoadBoundProfilePackage, {name} changed", expect="an error result, no profile") as seen:
            answer = refused_package(euicc, changed, seen)
        with step(
            f"look at the fault in {name}", expect=f"scp03tSecurityError(8), in command {command}", confidence="likely"
        ) as seen:
            seen.observed(f"{answer.error_reason}, in command {answer.command_id}")
            assert (answer.error_reason, answer.command_id) == (SECURITY_ERROR, command)


@case("EU-146", clause="SGP.22 §2.5.4, §2.5.6.1", area="euicc", catches="passes-over-broken-segments")
def test_broken_segment(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A segment too short to have a MAC ends the installation as what it is: a fault of structure or security."""
    with step("put six octets in the place of the last segment", precondition=True):
        package = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock).up_to_package()
        broken = with_segment(package, SEQUENCE_OF_86, TOO_SHORT_FOR_ITS_MAC)
    with step("LoadBoundProfilePackage", expect="an error result, no profile") as seen:
        answer = refused_package(euicc, broken, seen)
    with step(
        "look at the reason", expect="scp03tStructureError(7), or scp03tSecurityError(8)", confidence="likely"
    ) as seen:
        seen.observed(f"{answer.error_reason}, in command {answer.command_id}")
        assert answer.error_reason in (STRUCTURE_ERROR, SECURITY_ERROR)
        assert answer.command_id == LOAD_ELEMENTS
