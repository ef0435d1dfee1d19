"""ES2+: what an operator may ask of an SM-DP+, and that a refusal changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness import resources
from harness.crypto.entropy import Entropy
from harness.errors import LabFault
from harness.profiles import load_profiles
from harness.roles.smdp import OrderState, Smdp, SmdpIdentity
from harness.roles.smdp.events import EventDeleted, EventRegistered, OrderMoved
from harness.roles.smdp.ports import HttpAnswer
from tests.roles.smdp.client import NOW, PKI, Session, card, status

PROFILES = load_profiles(resources.path("fixtures/profiles"))
PREFIX = "/gsma/rsp2/es2plus/"
HEADER = {"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"}
EID, OTHER_EID = "89049032123451234512345678901235", "89049032000000000000000000000059"
SUCCESS = "Executed-Success"
A, B = (PROFILES[name].iccid_digits for name in ("operational-a", "operational-b"))


@dataclass(frozen=True)
class Said:
    status: int
    body: bytes


@dataclass
class AnSmds:
    """The other end of ES12: remembers what came, answers what it is told to."""

    answer: HttpAnswer | None = field(
        default_factory=lambda: Said(200, b'{"header":{"functionExecutionStatus":{"status":"Executed-Success"}}}')
    )
    seen: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> HttpAnswer:
        self.seen.append((url, json.loads(body)))
        if self.answer is None:
            raise LabFault("nobody there")
        return self.answer


def smdp(smds: AnSmds | None = None) -> Smdp:
    server = Smdp(SmdpIdentity.of(PKI), Entropy("smdp"), http=smds)
    for name in ("operational-a", "operational-b"):
        server.put_in_stock(PROFILES[name], "operational")
    return server


def asked(server: Smdp, function: str, **fields: Any) -> str | tuple[str, str]:
    return status(answered(server, function, **fields))


def answered(server: Smdp, function: str, **fields: Any) -> dict[str, Any]:
    reply = server.handle(PREFIX + function, json.dumps({"header": HEADER, **fields}).encode(), NOW)
    assert reply.status == 200, reply
    return dict(json.loads(reply.body))


def test_a_profile_on_its_way() -> None:
    server = smdp()
    first = answered(server, "downloadOrder", profileType="operational")
    assert first["iccid"] == A
    confirmed = answered(server, "confirmOrder", iccid=A + "F", releaseFlag=False, confirmationCode="2468")
    order = server.order_of(A)
    assert order is not None
    assert (order.state, order.confirmation_code) == (OrderState.CONFIRMED, "2468")
    assert confirmed["smdpAddress"] == "smdp.harness.test"
    assert order.activation_code == f"1$smdp.harness.test${confirmed['matchingId']}$$1"
    session = Session(server, card(), confirmed["matchingId"])
    session.to_authentication()
    assert status(session.authenticate_client()) == ("8.2", "1.2")
    assert asked(server, "releaseProfile", iccid=A) == SUCCESS
    session.to_authentication()
    assert status(session.authenticate_client()) == SUCCESS
    moved = [event.state for event in server.events if isinstance(event, OrderMoved)]
    assert moved == [OrderState.ALLOCATED, OrderState.CONFIRMED, OrderState.RELEASED]


def test_what_is_not_confirmed_is_found_by_nobody() -> None:
    server = smdp()
    session = Session(server, card())
    own = session.es10.get_eid().hex()
    assert asked(server, "downloadOrder", iccid=A, eid=own) == SUCCESS
    session.to_authentication()
    assert status(session.authenticate_client()) == ("8.2.6", "3.8")
    assert asked(server, "confirmOrder", iccid=A, matchingId="", releaseFlag=True) == SUCCESS
    session.to_authentication()
    assert status(session.authenticate_client()) == SUCCESS, "found by its EID"


def prepared() -> Smdp:
    """A is ordered for one eUICC, B confirmed under the code TAKEN."""
    server = smdp()
    assert asked(server, "downloadOrder", iccid=A, eid=EID) == SUCCESS
    assert asked(server, "downloadOrder", iccid=B) == SUCCESS
    assert asked(server, "confirmOrder", iccid=B, matchingId="TAKEN", releaseFlag=False) == SUCCESS
    return server


@pytest.mark.parametrize(
    ("function", "fields", "expected"),
    [
        ("downloadOrder", {"iccid": A}, ("8.2.1", "3.3")),
        ("downloadOrder", {"iccid": "8988303000000099999"}, ("8.2.1", "3.9")),
        ("downloadOrder", {"profileType": "operational"}, ("8.2.5", "3.7")),
        ("downloadOrder", {"profileType": "other"}, ("8.2.5", "3.9")),
        ("confirmOrder", {"iccid": A, "eid": OTHER_EID, "releaseFlag": True}, ("8.1.1", "3.10")),
        ("confirmOrder", {"iccid": A, "matchingId": "TAKEN", "releaseFlag": True}, ("8.2.6", "3.3")),
        ("confirmOrder", {"iccid": A, "matchingId": "small", "releaseFlag": True}, ("8.2.6", "2.1")),
        ("confirmOrder", {"iccid": A, "matchingId": "", "smdsAddress": "x", "releaseFlag": True}, ("8.2.6", "2.1")),
        ("confirmOrder", {"iccid": A, "smdsAddress": "smds.example", "releaseFlag": True}, ("8.9", "5.1")),
        ("confirmOrder", {"iccid": B, "releaseFlag": True}, ("8.2.1", "3.3")),
        ("releaseProfile", {"iccid": A}, ("8.2.1", "3.5")),
        ("releaseProfile", {"iccid": "8988303000000099999"}, ("8.2.1", "3.9")),
        ("cancelOrder", {"iccid": A, "finalProfileStatusIndicator": "Available"}, ("8.1.1", "2.2")),
        ("cancelOrder", {"iccid": A, "eid": OTHER_EID, "finalProfileStatusIndicator": "Available"}, ("8.2.1", "3.10")),
        ("cancelOrder", {"iccid": B, "matchingId": "X", "finalProfileStatusIndicator": "Available"}, ("8.2.6", "3.10")),
    ],
)
def test_refusals_change_nothing(function: str, fields: dict[str, Any], expected: tuple[str, str]) -> None:
    server = prepared()
    before = server.state
    assert asked(server, function, **fields) == expected
    assert server.state is before


def test_another_type_than_that_of_the_profile() -> None:
    assert asked(smdp(), "downloadOrder", iccid=A, profileType="bootstrap") == ("8.2.5", "3.8")


@pytest.mark.parametrize(
    ("function", "fields"),
    [
        ("downloadOrder", {}),
        ("downloadOrder", {"iccid": "12"}),
        ("downloadOrder", {"iccid": A, "eid": "x" * 32}),
        ("downloadOrder", {"iccid": A, "header": {}}),
        ("downloadOrder", {"iccid": A, "header": {"functionRequesterIdentifier": "x"}}),
        ("confirmOrder", {"iccid": A}),
        ("confirmOrder", {"iccid": A, "releaseFlag": "true"}),
        ("confirmOrder", {"releaseFlag": True}),
        ("cancelOrder", {"iccid": A}),
        ("cancelOrder", {"iccid": A, "finalProfileStatusIndicator": "Gone"}),
        ("releaseProfile", {"iccid": 5}),
    ],
)
def test_what_is_no_request(function: str, fields: dict[str, Any]) -> None:
    server = smdp()
    before = server.state
    reply = server.handle(PREFIX + function, json.dumps({"header": HEADER, **fields}).encode(), NOW)
    assert (reply.status, reply.body) == (400, b"")
    assert server.state is before


def with_event(smds: AnSmds) -> Smdp:
    server = smdp(smds)
    asked(server, "downloadOrder", iccid=A, eid=EID)
    confirmed = {"iccid": A, "matchingId": "E-1", "smdsAddress": "smds.example:8443", "releaseFlag": True}
    assert asked(server, "confirmOrder", **confirmed) == SUCCESS
    return server


def test_an_event_is_registered_and_deleted() -> None:
    smds = AnSmds()
    server = with_event(smds)
    assert asked(server, "cancelOrder", iccid=A, eid=EID, finalProfileStatusIndicator="Unavailable") == SUCCESS
    (url, registered), (deletion_url, deleted) = smds.seen
    assert url == "https://smds.example:8443/gsma/rsp2/es12/registerEvent"
    assert deletion_url == "https://smds.example:8443/gsma/rsp2/es12/deleteEvent"
    assert registered.pop("header")["functionRequesterIdentifier"] == server.identity.oid
    assert registered == {
        "eid": EID,
        "rspServerAddress": "smdp.harness.test",
        "eventId": "E-1",
        "forwardingIndicator": False,
    }
    assert deleted.pop("header")
    assert deleted == {"eid": EID, "eventId": "E-1"}
    told = [event for event in server.events if isinstance(event, (EventRegistered, EventDeleted))]
    assert told == [
        EventRegistered("smds.example:8443", "E-1", bytes.fromhex(EID)),
        EventDeleted("smds.example:8443", "E-1", None),
    ]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, ("8.9", "5.1")),
        (Said(500, b""), ("8.9", "4.2")),
        (Said(200, b"[]"), ("8.9", "4.2")),
        (Said(200, b'{"header":{"functionExecutionStatus":{"status":"Failed"}}}'), ("8.9", "4.2")),
    ],
)
def test_an_sm_ds_that_does_not_take_an_event(answer: Said | None, expected: tuple[str, str]) -> None:
    smds = AnSmds(answer)
    server = smdp(smds)
    assert asked(server, "downloadOrder", iccid=A, eid=EID) == SUCCESS
    before = server.state
    assert asked(server, "confirmOrder", iccid=A, smdsAddress="smds.example", releaseFlag=True) == expected
    assert server.state is before


def test_an_sm_ds_that_keeps_an_event_fails_no_cancellation() -> None:
    smds = AnSmds()
    server = with_event(smds)
    smds.answer = None
    assert asked(server, "cancelOrder", iccid=A, eid=EID, finalProfileStatusIndicator="Available") == SUCCESS
    (told,) = (event for event in server.events if isinstance(event, EventDeleted))
    assert told.failure is not None
    assert (told.failure.subject, told.failure.reason) == ("8.9", "5.1")


@pytest.mark.parametrize("address", ["a b", "smds.example/x", "smds.example@evil", "", "x:123456"])
def test_an_address_that_is_none_leads_nowhere(address: str) -> None:
    smds = AnSmds()
    server = smdp(smds)
    asked(server, "downloadOrder", iccid=A, eid=EID)
    asked(server, "confirmOrder", iccid=A, smdsAddress=address, releaseFlag=True)
    assert smds.seen == []
