"""Faults injected on purpose: what they spoil, for how long, and that everything says so."""

from __future__ import annotations

import json

import pytest

from harness import resources
from harness.codec import tlv
from harness.crypto.entropy import Entropy
from harness.endpoints.rsp_server import sent
from harness.links.http_messages import Delivery
from harness.profiles import load_profiles
from harness.roles.smdp import INJECTABLE, Smdp, SmdpIdentity
from harness.roles.smdp.events import FaultInjected
from tests.roles.smdp.client import NOW, PKI, PREFIX, Session, b64, card, un64

PROFILE = load_profiles(resources.path("fixtures/profiles"))["operational-a"]


def begun() -> tuple[Smdp, Session]:
    server = Smdp(SmdpIdentity.of(PKI), Entropy("smdp"))
    return server, Session(server, card(), server.order(PROFILE).matching_id)


def told(server: Smdp) -> list[FaultInjected]:
    return [event for event in server.events if isinstance(event, FaultInjected)]


def test_a_fault_waits_for_its_function_and_is_spent() -> None:
    server, session = begun()
    server.inject("corrupt-signature", "authenticateClient", times=2)
    for _ in range(3):
        session.to_authentication().authenticate_client()
    assert told(server) == [FaultInjected("authenticateClient", "corrupt-signature")] * 2
    assert session.prepare()


def test_the_same_session_goes_on_behind_a_wrong_certificate() -> None:
    server, session = begun()
    server.inject("wrong-certificate")
    session.initiate()
    assert un64(session.initiated["serverCertificate"]) == PKI.trust("nist").dp_pb.certificate
    session.initiate()
    assert un64(session.initiated["serverCertificate"]) == PKI.trust("nist").dp_auth.certificate


@pytest.mark.parametrize("binding", ["json", "asn1"])
def test_faults_of_delivery_reach_the_endpoint_with_a_note(binding: str) -> None:
    server, session = begun()
    challenge, info1 = session.es10.get_euicc_challenge(), session.es10.get_euicc_info1().raw
    address = server.identity.address
    if binding == "json":
        path = PREFIX + "initiateAuthentication"
        fields = {"smdpAddress": address, "euiccChallenge": b64(challenge), "euiccInfo1": b64(info1)}
        body = json.dumps(fields).encode()
    else:
        path = "/gsma/rsp2/asn1"
        asked = tlv.build(0xBF39, tlv.build(0x81, challenge), tlv.build(0x83, address.encode()), info1)
        body = tlv.build(0xA2, asked)
    server.inject("latency", "initiateAuthentication", seconds=2.5)
    server.inject("drop", "initiateAuthentication")
    spoilt, whole = (sent(server.handle(path, body, NOW)) for _ in range(2))
    assert spoilt.delivery == Delivery(delay=2.5, reset=True)
    assert spoilt.note == {"injected": "latency, drop"}
    assert (whole.delivery, whole.note) == (Delivery(), {})


def test_what_is_no_request_spends_nothing() -> None:
    server, session = begun()
    server.inject("wrong-challenge")
    assert server.handle(PREFIX + "initiateAuthentication", b"{}", NOW).status == 400
    assert told(server) == []
    session.initiate()
    assert told(server) == [FaultInjected("initiateAuthentication", "wrong-challenge")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("earthquake",), "known: latency, drop"),
        (("wrong-challenge", "authenticateClient"), "shows in initiateAuthentication"),
        (("drop", "", 0), "once at least"),
    ],
)
def test_what_cannot_be_injected(arguments: tuple[str, str, int], said: str) -> None:
    server, _ = begun()
    with pytest.raises(ValueError, match=said):
        server.inject(*arguments)


def test_every_fault_says_what_it_does() -> None:
    assert all(fault.summary.endswith(".") for fault in INJECTABLE.values())
