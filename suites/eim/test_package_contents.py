"""What an eIM writes into its packages. SGP.32 v1.2 §2.11.1.1 (PSMOs, eCOs), §3.3.1 (counter), §3.5.1 (keys), §5.13."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness import codec
from harness.codec import tlv
from harness.conformance.adversaries.tampering import signature_of, signed_part_of
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import EimUnderTest, token_of
from harness.conformance.servers.esipa import acknowledged, get_eim_package, provide_result
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa
from harness.crypto.entropy import Entropy
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim, commands
from harness.roles.eim.commands import Command
from harness.roles.eim.counters import GUARANTEED_COUNTER
from harness.roles.es10.packages import PackageAnswer

ASSOCIATED = State(eims=1)
DEFAULT_SMDP = "default-smdp.harness.test"


def executed(
    esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, command: Command
) -> tuple[bytes, PackageAnswer]:
    """A package with one command, fetched, executed by the conforming card and its result delivered."""
    eim.queue_package(card.eid, command)
    package = esipa.ask(get_eim_package(card.eid)).get(0xBF51).raw
    answer = card.load_package(package)
    assert answer.sequence_number in acknowledged(esipa.ask(provide_result(card.eid, answer.raw)))
    return package, answer


def judge_commands(
    esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps, chosen: Mapping[str, Command]
) -> None:
    """Each command leaves in a package that is right in form and that a conforming card answers with its own result."""
    for result, command in chosen.items():
        with step(f"{command[0]}, to be executed by a conforming card", expect=f"DER of v1.2, {result}") as seen:
            package, answer = executed(esipa, eim, card, command)
            seen.observed(package)
            assert codec.findings("EuiccPackageRequest", package) == []
            assert [name for name, _ in answer.results] == [result]


@case(
    "EI-005",
    clause="SGP.32 v1.2 §2.11.1.1, §5.13",
    area="eim",
    needs=State(eims=1, profiles=("operational-a", "operational-b")),
    catches="wraps-commands-in-a-sequence",
)
def test_psmos(
    esipa: ServerUnderTest,
    eim: EimUnderTest,
    card: EuiccUnderTest,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """Each PSMO that an operator queues goes out in the form of v1.2, and a conforming card reads it as what it is."""
    first, second = (profiles[name].iccid for name in ("operational-a", "operational-b"))
    judge_commands(
        esipa,
        eim,
        card,
        step,
        {
            "listProfileInfoResult": commands.list_profile_info(),
            "getRATResult": commands.get_rat(),
            "configureImmediateEnableResult": commands.configure_immediate_enable(smdp_address=DEFAULT_SMDP),
            "setDefaultDpAddressResult": commands.set_default_dp_address(DEFAULT_SMDP),
            "setFallbackAttributeResult": commands.set_fallback(first),
            "unsetFallbackAttributeResult": commands.unset_fallback(),
            "enableResult": commands.enable(first),
            "disableResult": commands.disable(first),
            "deleteResult": commands.delete(second),
        },
    )


@case(
    "EI-006",
    clause="SGP.32 v1.2 §2.11.1.1, §3.5.1",
    area="eim",
    needs=ASSOCIATED,
    catches="puts-ecos-into-the-psmo-list",
)
def test_ecos(esipa: ServerUnderTest, eim: EimUnderTest, other_eim: Eim, card: EuiccUnderTest, step: CaseSteps) -> None:
    """Each eCO that an operator queues goes out in the form of v1.2, and a conforming card reads it as what it is."""
    other = other_eim.identity.eim_id
    judge_commands(
        esipa,
        eim,
        card,
        step,
        {
            "addEimResult": commands.add_eim(other_eim.configuration()),
            "updateEimResult": commands.update_eim({"eimId": other, "eimFqdn": "elsewhere.harness.test"}),
            "listEimResult": commands.list_eim(),
            "deleteEimResult": commands.delete_eim(other),
        },
    )


@case("EI-007", clause="SGP.32 v1.2 §3.3.1", area="eim", needs=ASSOCIATED, catches="forgets-counters")
def test_counter_outlives_the_eim(
    esipa: ServerUnderTest,
    eim: EimUnderTest,
    restarted_eim: Callable[[], EimUnderTest],
    card: EuiccUnderTest,
    step: CaseSteps,
) -> None:
    """After a restart the counter goes on where it was, so that the card takes the next package."""
    with step("two packages are executed", precondition=True):
        last = [executed(esipa, eim, card, commands.get_rat())[1].counter or 0 for _ in range(2)][-1]
        assert last
    with step("the eIM is started anew and sends a package", expect=f"counter {last + 1}, executed") as seen:
        _, answer = executed(esipa, restarted_eim(), card, commands.get_rat())
        seen.observed(f"counter {answer.counter}, {answer.kind}")
        assert answer.is_result
        assert answer.counter == last + 1


@case(
    "EI-008",
    clause="SGP.32 v1.2 §3.3.1",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches="wraps-counter",
)
def test_counter_ends(esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps) -> None:
    """Near 7FFFFF the counter never wraps and is never used twice: packages stay here, and the operator is told why.

    7FFFFF is the highest counter that every eUICC supports.
    """
    with step("the counter is ten below the last one", precondition=True):
        eim.associate(card.eid, counter=GUARANTEED_COUNTER - 10)
    with step("packages are queued and fetched until none comes", expect="rising counters, none above 7FFFFF") as seen:
        counters = []
        for _ in range(12):
            eim.queue_package(card.eid, commands.get_rat())
            package = esipa.ask(get_eim_package(card.eid)).find(0xBF51)
            if package is None:
                break
            counters.append(int.from_bytes(package.get(0x30, 0x81).value, "big"))
            esipa.ask(provide_result(card.eid, card.load_package(package.raw).raw))
        seen.observed(" ".join(f"{counter:X}" for counter in counters))
        assert counters == sorted(set(counters))
        assert not counters or GUARANTEED_COUNTER - 10 < counters[0] <= counters[-1] <= GUARANTEED_COUNTER
    with step("ask the operator's side", expect="an alarm that names the counter") as seen:
        alarms = [type(event).__name__ for event in eim.events if type(event).__name__.startswith("Counter")]
        seen.observed(" ".join(alarms))
        assert "CounterExhausted" in alarms


@case(
    "EI-037",
    clause="SGP.32 v1.2 §3.5.1",
    area="eim",
    needs=ASSOCIATED,
    catches=("signs-with-newest-key", "keeps-old-key-after-update"),
)
def test_key_rotation(esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps) -> None:
    """With a new signing key the eIM signs for each device with the key that its eUICC knows, until updateEim has told it."""
    new = ecdsa.generate(ecdsa.Curve.NIST, Entropy("the next key of the eIM under test"))
    old = eim.identity.public_key_info
    with step("the eIM is given a new key", precondition=True):
        eim.take_new_key(new)
    with step("a package before the eUICC knows it", expect="signed with the old key, executed") as seen:
        package, answer = executed(esipa, eim, card, commands.get_rat())
        seen.observed(package)
        assert _is_signed(package, old, token_of(eim))
        assert answer.is_result
    with step("updateEim tells the new key", expect="signed with the old key, ok(0)") as seen:
        eim.queue_new_key(card.eid)
        package = esipa.ask(get_eim_package(card.eid)).get(0xBF51).raw
        seen.observed(package)
        assert _is_signed(package, old, token_of(eim))
        answer = card.load_package(package)
        assert answer.result("updateEimResult") == 0
        esipa.ask(provide_result(card.eid, answer.raw))
    with step("a package after it", expect="signed with the new key, executed") as seen:
        package, answer = executed(esipa, eim, card, commands.get_rat())
        seen.observed(package)
        assert _is_signed(package, ecdsa.public_key_info(new), token_of(eim))
        assert answer.is_result


def _is_signed(package: bytes, key: bytes, token: int) -> bool:
    covered = signed_part_of(package) + tlv.integer(0x84, token)
    return ecdsa.verify(ecdsa.load_public_key_info(key), signature_of(package), covered)
