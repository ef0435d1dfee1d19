"""Messages with one fault in one field, by the thousand: the card answers each and goes on. X.690, SGP.22 §5.7.2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from harness.codec import encode, tlv
from harness.codec.errors import DecodeError
from harness.conformance.adversaries.fuzzing import Chance, Mutation, mutated
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.errors import DeviceFault
from harness.roles.eim import Eim
from harness.roles.eim.commands import (
    ECOS,
    Command,
    add_eim,
    configure_immediate_enable,
    delete,
    delete_eim,
    disable,
    enable,
    get_rat,
    list_eim,
    list_profile_info,
    set_default_dp_address,
    update_eim,
)
from harness.roles.es10.status import StatusWordFault

COUNT, EACH_STEP, LOOK_AFTER = 2000, 500, 10
PSMO_LIST, ECO_LIST = 0xA0, 0xA1
REFUSALS = {"6A80", "6A88"}
"""Refusals after which nobody doubts that a card goes on."""
NOT_THERE = "89999999999999999992"
"""An ICCID without a profile, so that no message changes which one is enabled."""
REQUESTS: Mapping[str, bytes] = {
    name: bytes.fromhex(octets)
    for name, octets in {
        "GetEuiccInfo1": "BF2000",
        "GetEuiccInfo2": "BF2200",
        "ListNotification": "BF280481020780",
        "RetrieveNotificationsList": "BF2B04A0028200",
        "GetProfilesInfo": "BF2D19A00C5A0A989999999999999999295C095A4F9F709192959F7B",
        "GetEuiccChallenge": "BF2E00",
        "RemoveNotificationFromList": "BF300480027FFF",
        "GetEuiccConfiguredAddresses": "BF3C00",
        "GetEID": "BF3E035C015A",
        "CancelSession": "BF411580100102030405060708090A0B0C0D0E0F10810100",
        "GetRAT": "BF4300",
        "GetEimConfigurationData": "BF5510A00E800C6E6F626F64792E7465737431",
        "GetCerts": "BF561680140102030405060708091011121314151617181920",
    }.items()
}

COMMANDS: tuple[Command, ...] = (
    enable(NOT_THERE, rollback=True),
    disable(NOT_THERE),
    delete(NOT_THERE),
    list_profile_info([0x5A, 0x9F70], iccid=NOT_THERE),
    get_rat(),
    configure_immediate_enable(enabled=False, smdp_oid="2.999.10", smdp_address="smdp.example.com"),
    set_default_dp_address("smdp.example.com"),
    delete_eim("nobody.test"),
    list_eim(),
)


@case(
    "SE-024",
    clause="X.690, SGP.22 §5.7.2",
    area="security",
    confidence="likely",
    needs=State(eims=1),
    one_link=True,
    effects=("fuzz", "wears-flash"),
    catches=("says-ok-to-malformed-command", "is-lost-after-negative-sequence-number"),
)
def test_fuzzing(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, chance: Chance, step: CaseSteps) -> None:
    """Whatever one field of a message is, the card refuses it or answers as the function does, and goes on serving."""
    euicc.strictness = None  # a card may give back what it was given, as malformed as it was
    configured = other_eim.configuration()
    messages = {**REQUESTS, "AddInitialEim": encode("AddInitialEimRequest", {"eimConfigurationDataList": [configured]})}
    commands = {
        f"{name} of a package": encode("Eco" if name in ECOS else "Psmo", (name, value))
        for name, value in (*COMMANDS, add_eim(configured), update_eim(configured))
    }
    for first in range(1, COUNT + 1, EACH_STEP):
        numbers = range(first, first + EACH_STEP)
        text = f"messages {first} to {numbers[-1]} of {COUNT}, seed {chance.named!r}"
        with step(text, expect="each is refused or answered, and GetEID after it") as seen:
            outcomes: Counter[str] = Counter()
            for number in numbers:
                message = any_of(messages, commands, eim, chance)
                outcome = outcome_of(euicc, message)
                outcomes[outcome] += 1
                if outcome not in REFUSALS or number % LOOK_AFTER == 0:
                    assert serves(euicc), (
                        f"no EID after message {number}, {message.what}: {message.octets.hex().upper()}"
                    )
            seen.observed(", ".join(f"{how} {count}" for how, count in sorted(outcomes.items())))
    with step("delete the eIMs that came of it", expect="no eIM but ours", confidence="unsure"):
        for entry in euicc.get_eim_configuration():
            if entry.eim_id != eim.identity.eim_id:
                euicc.load_package(eim.package(delete_eim(entry.eim_id)))
        assert [entry.eim_id for entry in euicc.get_eim_configuration()] == [eim.identity.eim_id]


def any_of(messages: Mapping[str, bytes], commands: Mapping[str, bytes], eim: Eim, chance: Chance) -> Mutation:
    """A message with a fault in it; half of them are commands that the eIM signs as they are, and a few whole packages."""
    kind = chance.randrange(10)
    if kind == 0:
        name, fault = "LoadEuiccPackage", mutated(eim.package(list_profile_info()), chance)
    elif kind < 5:
        name = chance.choice(list(messages))
        fault = mutated(messages[name], chance)
    else:
        name = chance.choice(list(commands))
        fault = mutated(commands[name], chance)
        tag = ECO_LIST if name.partition(" ")[0] in ECOS else PSMO_LIST
        return Mutation(f"{name} {fault.what}", eim.package(fault.octets, commands_tag=tag))
    return Mutation(f"{name} {fault.what}", fault.octets)


def outcome_of(euicc: EuiccUnderTest, message: Mutation) -> str:
    """How the card ended one message. An AssertionError where it claims to be done and says nothing."""
    try:
        answer = euicc.call_once(message.octets)
    except StatusWordFault as fault:
        return f"{fault.sw:04X}"
    said = f"{answer.hex().upper() or 'nothing but 9000'} to {message.what}: {message.octets.hex().upper()}"
    assert answer, said
    assert tlv.parse(answer).tag == tlv.first(message.octets).tag, said
    return "answered"


def serves(euicc: EuiccUnderTest) -> bool:
    """Whether GetEID is answered on the same channel, without a reset."""
    try:
        return tlv.parse(euicc.call_once(REQUESTS["GetEID"])).get(0x5A).value == euicc.eid
    except (DeviceFault, DecodeError):
        return False
