"""What an SM-DP+ remembers, and for how long."""

from __future__ import annotations

from harness.crypto.entropy import Entropy
from harness.roles.smdp import Smdp, SmdpIdentity
from harness.roles.smdp.state import MAX_SESSIONS
from tests.roles.smdp.client import PKI, Session, card, status


def test_sessions_are_bounded_and_the_oldest_goes_first() -> None:
    server = Smdp(SmdpIdentity.of(PKI), Entropy("smdp"))
    session = Session(server, card())
    for _ in range(MAX_SESSIONS + 3):
        session.initiate()
    assert len(server.state.sessions) == MAX_SESSIONS
    assert len({identifier.hex() for identifier in server.state.sessions}) == MAX_SESSIONS
    assert bytes.fromhex(session.transaction_id) in server.state.sessions


def test_a_state_can_be_carried_on() -> None:
    first = Smdp(SmdpIdentity.of(PKI), Entropy("smdp"))
    session = Session(first, card())
    session.initiate()
    second = Smdp(first.identity, Entropy("smdp"), state=first.state)
    session.smdp = second
    session.initiate()
    assert len(second.state.sessions) == 2
    assert len(first.state.sessions) == 1


def test_an_sm_dp_plus_without_certificates_serves_nobody() -> None:
    server = Smdp(SmdpIdentity("smdp.harness.test", ()), Entropy("smdp"))
    assert status(Session(server, card()).initiate()) == ("8.8.2", "3.1")


def test_one_curve_serves_only_its_euiccs() -> None:
    server = Smdp(SmdpIdentity.of(PKI, curves=["brainpool"]), Entropy("smdp"))
    assert status(Session(server, card(["nist"])).initiate()) == ("8.8.2", "3.1")
    assert status(Session(server, card(["nist", "brainpool"])).initiate()) == "Executed-Success"
