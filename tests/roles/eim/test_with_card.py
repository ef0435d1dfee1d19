"""The eIM and the simulated eUICC, which share codec and crypto and nothing else."""

from __future__ import annotations

import pytest

from harness.crypto import ecdsa
from harness.crypto.entropy import Entropy
from harness.roles.eim import CONFORMING, TOKEN_REQUESTED, Eim, EimIdentity, JsonStore
from harness.roles.eim.commands import add_eim, delete_eim, enable, list_eim, list_profile_info
from harness.roles.eim.events import ResultAccepted, UnsignedErrorReceived
from harness.roles.es10 import Es10, Terminal
from harness.simulators.defects import defects_for
from harness.simulators.euicc import CardConfig, SimulatedEuicc, VolatileMemory
from tests.roles.eim.support import EIM_ID, ICCID
from tests.roles.eim.support import minted_pki as minted

EID = CardConfig().eid


class CardPort:
    def __init__(self, card: SimulatedEuicc) -> None:
        self.card = card

    def transmit(self, command: bytes, *, deadline: float = 10.0) -> bytes:
        return self.card.transmit(command)

    def reset(self) -> bytes:
        return self.card.power_on()


@pytest.fixture
def es10():
    identities = minted().euicc_identities(EID)
    card = SimulatedEuicc(CardConfig(), identities, VolatileMemory(), Entropy("card"))
    opened = Es10(Terminal(CardPort(card)))
    opened.open()
    return opened


def fresh_eim(name: str = EIM_ID, *, curve: str = "nist", **arguments) -> Eim:
    trust = minted().trust(curve)
    key = ecdsa.generate(curve, Entropy(name))
    return Eim(
        EimIdentity(name, key, fqdn="eim.harness.test", ci_key_id=trust.ci_key_id),
        Entropy(name),
        trusted_ci=[trust.ci.certificate],
        **arguments,
    )


def associated(es10: Es10, eim: Eim, *, token: int | None = TOKEN_REQUESTED) -> Eim:
    certs = es10.get_certs(eim.identity.ci_key_id)
    answer = es10.add_initial_eim([eim.configuration(association_token=token)])
    assert answer.error is None
    eim.associate(
        es10.get_eid(),
        euicc_certificate=certs.euicc,
        eum_certificate=certs.eum,
        association_token=answer.entries[0] or 0,
    )
    return eim


def run(es10: Es10, eim: Eim, package: bytes) -> bytes:
    """The eIM's answer to what the card made of the package."""
    return eim.take_result(es10.load_package(package).raw).reply


@pytest.mark.parametrize("token", [None, TOKEN_REQUESTED])
@pytest.mark.parametrize("curve", ["nist", "brainpool"])
def test_packages_go_round(es10, token, curve):
    eim = associated(es10, fresh_eim(curve=curve), token=token)
    assert (eim.device().association.token > 0) == (token is not None)
    for _ in range(3):
        assert run(es10, eim, eim.package(list_profile_info())).startswith(bytes.fromhex("BF50"))
        accepted = eim.events[-1]
        assert isinstance(accepted, ResultAccepted)
        assert accepted.results == (("listProfileInfoResult", ("profileInfoListOk", [])),)
        assert es10.remove_notification(accepted.sequence_number) == 0


def test_card_says_no(es10):
    eim = associated(es10, fresh_eim())
    package = eim.package(enable(ICCID))
    transaction = next(iter(eim.state.operations))
    run(es10, eim, package)
    assert (eim.operation(transaction).state, eim.operation(transaction).results) == ("failed", (("enableResult", 1),))


def test_replay_comes_back_as_a_signed_error(es10):
    eim = associated(es10, fresh_eim())
    package = eim.package(list_profile_info())
    es10.load_package(package)
    assert run(es10, eim, package) == bytes.fromhex("BF50023000")
    assert isinstance(eim.events[-1], ResultAccepted)
    assert eim.events[-1].error_code == 4


@pytest.mark.parametrize("name", ["signs-without-association-token", "signs-in-der", "signs-packages-with-another-key"])
def test_card_does_not_execute_what_a_broken_eim_signs(es10, name):
    eim = associated(es10, fresh_eim(rules=defects_for("eim")[name].change(CONFORMING)))
    run(es10, eim, eim.package(list_profile_info()))
    assert isinstance(eim.events[-1], UnsignedErrorReceived)


def test_second_eim_is_added_by_the_first(es10):
    first, second = associated(es10, fresh_eim()), fresh_eim("second.harness.test")
    run(es10, first, first.package(add_eim(second.configuration(association_token=TOKEN_REQUESTED)), list_eim()))
    accepted = first.events[-1]
    assert isinstance(accepted, ResultAccepted)
    (added, (choice, token)), (listed, (_, entries)) = accepted.results
    assert (added, choice, listed) == ("addEimResult", "associationToken", "listEimResult")
    assert [entry["eimId"] for entry in entries] == [EIM_ID, "second.harness.test"]
    certs = es10.get_certs()
    second.associate(EID, euicc_certificate=certs.euicc, eum_certificate=certs.eum, association_token=token)
    run(es10, second, second.package(delete_eim(EIM_ID)))
    assert isinstance(second.events[-1], ResultAccepted)
    assert second.events[-1].results == (("deleteEimResult", 0),)


def test_restarted_eim_goes_on_counting(es10, tmp_path):
    eim = associated(es10, fresh_eim(store=JsonStore(tmp_path / "eims.json")))
    run(es10, eim, eim.package(list_profile_info()))
    certs = es10.get_certs()
    again = fresh_eim(store=JsonStore(tmp_path / "eims.json"))
    again.associate(EID, euicc_certificate=certs.euicc, eum_certificate=certs.eum)
    run(es10, again, again.package(list_profile_info()))
    assert isinstance(again.events[-1], ResultAccepted)
