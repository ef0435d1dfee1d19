"""Changing an eIM's configuration by a signed package. SGP.32 v1.2 §2.11.1.1.2 and §3.5.1."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps, Step
from harness.crypto import ecdsa
from harness.crypto.entropy import Entropy
from harness.roles.eim import Eim
from harness.roles.eim.commands import Command, list_profile_info, update_eim

OK, EIM_NOT_FOUND, CI_UNKNOWN, COUNTER_OUT_OF_RANGE, COMMAND_ERROR = 0, 1, 3, 6, 7
REPLAY = 4
NOBODY = "nobody.harness.test"
UNKNOWN_CI = bytes(20)
GET_ALL = bytes.fromhex("BF5500")
ASSOCIATED = State(eims=1)


def updated(euicc: EuiccUnderTest, package: bytes, seen: Step) -> int:
    """The result code of a package whose only command is an updateEim."""
    answer = euicc.load_package(package)
    seen.observed(answer.raw)
    return int(answer.result("updateEimResult"))


def change(eim: Eim, **fields: Any) -> Command:
    """updateEim of this eIM with these fields."""
    return update_eim({"eimId": eim.identity.eim_id, **fields})


def with_key(key: ecdsa.PrivateKey) -> dict[str, Any]:
    """The field of a configuration that names a raw public key."""
    octets = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {"eimPublicKeyData": ("eimPublicKey", octets)}


def another_key() -> ecdsa.PrivateKey:
    """A key that no eIM of the lab has."""
    return ecdsa.generate(ecdsa.Curve.NIST, Entropy("the next key of an eIM"))


@case("EU-077", clause="SGP.32 v1.2 §3.5.1", area="euicc", needs=ASSOCIATED, catches="keeps-old-key-at-update-eim")
def test_new_key(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """After an updateEim with a new key the eIM is known by that key alone; its counter goes on."""
    first, new = eim.identity.signing_key, another_key()
    with step("updateEim with a new key, signed with the old one", expect="ok(0)") as seen:
        assert updated(euicc, eim.package(change(eim, **with_key(new))), seen) == OK
    with step("a package signed with the old key", expect="error unsigned") as seen:
        answer = euicc.load_package(eim.package(list_profile_info()))
        seen.observed(answer.raw)
        assert answer.kind == "error-unsigned"
    with step("a package signed with the new key, after a reset", expect="a result") as seen:
        euicc.reset()
        answer = euicc.load_package(eim.package(list_profile_info(), signing_key=new))
        seen.observed(answer.raw)
        assert answer.is_result
    with step("the old key again, by the new one", expect="ok(0), and obeyed") as seen:
        assert updated(euicc, eim.package(change(eim, **with_key(first)), signing_key=new), seen) == OK
        assert euicc.load_package(eim.package(list_profile_info())).is_result


@case(
    "EU-078",
    clause="SGP.32 v1.2 §3.5.1",
    confidence="likely",
    area="euicc",
    needs=ASSOCIATED,
    catches=("lowers-counter-without-new-key", "never-lowers-counter"),
)
def test_lower_counter(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A counter goes down only together with a new key, so that no old package becomes fresh again."""
    with step("a package is executed", precondition=True):
        old = eim.package(list_profile_info(), counter=20)
        assert euicc.load_package(old).is_result
    with step("updateEim with counterValue 0 alone", expect="counterValueOutOfRange(6) or commandError(7)") as seen:
        assert updated(euicc, eim.package(change(eim, counterValue=0)), seen) in (COUNTER_OUT_OF_RANGE, COMMAND_ERROR)
    with step("the old package again", expect="replayError(4)") as seen:
        answer = euicc.load_package(old)
        seen.observed(answer.raw)
        assert answer.error_code == REPLAY
    first, new = eim.identity.signing_key, another_key()
    with step("updateEim with counterValue 0 and a new key", expect="ok(0)") as seen:
        assert updated(euicc, eim.package(change(eim, counterValue=0, **with_key(new))), seen) == OK
        eim.associate(euicc.eid, counter=0)
    with step("a package with counter 1 and the new key: back to the old one", expect="ok(0)") as seen:
        assert updated(euicc, eim.package(change(eim, **with_key(first)), signing_key=new), seen) == OK


@case(
    "EU-079",
    clause="SGP.32 v1.2 §3.5.1",
    confidence="likely",
    area="euicc",
    needs=ASSOCIATED,
    catches="lets-token-be-updated",
)
def test_token_stays(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """The association token is the card's: an updateEim that names another one is refused."""
    token = token_of(eim)
    with step("updateEim with another associationToken", expect="an error") as seen:
        code = updated(euicc, eim.package(change(eim, associationToken=token + 1)), seen)
        assert code != OK
    with step("a package under the token of before", expect="a result") as seen:
        answer = euicc.load_package(eim.package(list_profile_info()))
        seen.observed(answer.raw)
        assert answer.is_result


@case(
    "EU-080",
    clause="SGP.32 v1.2 §3.5.1",
    confidence="likely",
    area="euicc",
    needs=ASSOCIATED,
    catches="says-ok-to-an-empty-update",
)
def test_nothing_to_update(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An updateEim that names an eIM and nothing else is a commandError."""
    with step("updateEim with the eimId alone", expect="commandError(7)") as seen:
        assert updated(euicc, eim.package(change(eim)), seen) == COMMAND_ERROR


@case(
    "EU-081",
    clause="SGP.32 v1.2 §2.11.1.1.2",
    area="euicc",
    needs=State(eims=1, exact=True),
    catches="adds-unknown-eim-at-update-eim",
)
def test_unknown_eim(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """An updateEim of an eIM that is not associated is eimNotFound, and associates nobody."""
    with step("updateEim of an eIM that the card does not know", expect="eimNotFound(1)") as seen:
        package = eim.package(update_eim(other_eim.configuration() | {"eimId": NOBODY}))
        assert updated(euicc, package, seen) == EIM_NOT_FOUND
    with step("GetEimConfigurationData", expect="the one eIM") as seen:
        listed = [entry.eim_id for entry in euicc.get_eim_configuration()]
        seen.observed(listed)
        assert listed == [eim.identity.eim_id]


@case(
    "EU-127",
    clause="SGP.32 v1.2 §2.11.1.1.2",
    area="euicc",
    needs=ASSOCIATED,
    catches="ignores-unknown-ci-at-update-eim",
)
def test_unknown_ci(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An updateEim that names a CI under which the card has no key is ciPKUnknown, and changes nothing."""
    with step("read the configuration", precondition=True):
        before = euicc.call(GET_ALL)
    with step("updateEim with a CI that nobody knows", expect="ciPKUnknown(3)") as seen:
        assert updated(euicc, eim.package(change(eim, euiccCiPKId=UNKNOWN_CI)), seen) == CI_UNKNOWN
    with step("read the configuration again", expect="unchanged"):
        assert euicc.call(GET_ALL) == before
