"""Ten thousand changed requests for each server: a bounded answer that is specified, no traceback, nothing done unasked.

Each meets the server in the state in which the honest one met it. What a server does with a request that it refuses is
nothing; what it does with one whose change did not matter is what it did with the honest one.
"""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest

from harness import resources
from harness.codec import findings, tlv
from harness.conformance.servers.es9 import Es9Download
from harness.conformance.servers.es9_asn1 import asn1_binding
from harness.crypto.entropy import Entropy
from harness.endpoints.smdp import SmdpEndpoint
from harness.endpoints.smds import SmdsEndpoint
from harness.links.http_messages import Reply, Request
from harness.profiles import load_profiles
from harness.roles.es10.client import Es10
from harness.roles.smdp import Smdp, SmdpIdentity
from harness.roles.smdp.state import SmdpState
from harness.roles.smds import Smds, SmdsIdentity
from harness.roles.smds.state import SmdsState
from tests.endpoints.mutations import mutated, request
from tests.roles.smdp.client import NOW, PKI, card

REQUESTS = 10_000
"""For each server."""
SLOW = 2.0
"""Seconds that no answer takes, however busy the machine; honest ones take milliseconds."""
LARGEST = 1 << 17
PROFILES = load_profiles(resources.path("fixtures/profiles"))
SMDP, SMDS = SmdpIdentity.of(PKI), SmdsIdentity.of(PKI)
HEADER = {"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"}
STATUSES = {200, 204, 400, 404, 405, 413, 415}

_SIGNED = ("authenticateServerResponse", "prepareDownloadResponse", "pendingNotification", "cancelSessionResponse")

State = SmdpState | SmdsState


@dataclass(frozen=True)
class Honest:
    """One request of a conversation between parties that do nothing wrong."""

    before: State
    asked: Request
    after: State


def smdp_in(state: SmdpState) -> Smdp:
    return Smdp(SMDP, Entropy("smdp"), state=state)


def smds_in(state: SmdsState) -> Smds:
    found = Smds(SMDS, Entropy("smds"))
    found._state = state
    return found


@dataclass
class Recorder:
    """A server whose conversation is kept. It stands where a client of suites has its server under test."""

    role: Smdp | Smds
    kept: list[Honest] = field(default_factory=list)

    def post(self, path: str, body: bytes) -> Reply:
        before, asked = self.role.state, request(path, body)
        reply = endpoint(self.role)(asked)
        assert reply.status in (200, 204)
        self.kept.append(Honest(before, asked, self.role.state))
        return reply

    def call(self, function: str, fields: Mapping[str, Any]) -> Reply:
        return self.post(f"/gsma/rsp2/es9plus/{function}", json.dumps(fields).encode())

    def message(self, octets: bytes) -> Reply:
        return self.post("/gsma/rsp2/asn1", octets)

    def behind(self, function: str, **fields: Any) -> Reply:
        return self.post(f"/gsma/rsp2/{function}", json.dumps({"header": HEADER, **fields}).encode())


def endpoint(role: Smdp | Smds) -> Callable[[Request], Reply]:
    return SmdpEndpoint(role, lambda: NOW) if isinstance(role, Smdp) else SmdsEndpoint(role, lambda: NOW)


def downloads(*, in_asn1: bool) -> list[Honest]:
    """A profile installed and reported, one cancelled, one with a confirmation code."""
    recorder, es10 = Recorder(smdp_in(SmdpState())), card()

    def session(**order: Any) -> Es9Download:
        assert isinstance(recorder.role, Smdp)
        placed = recorder.role.order(PROFILES["operational-a"], **order)
        begun = Es9Download(recorder, es10, SMDP.address, placed.matching_id)  # type: ignore[arg-type]
        begun.binding = asn1_binding if in_asn1 else None
        return begun

    installed = session()
    installed.notify(installed.install().raw)
    for notification in es10.retrieve_notifications().pending:
        installed.notify(notification.raw)
    cancelled = session()
    cancelled.to_client()
    cancelled.cancel(0)
    session(confirmation_code="2468").to_package("2468")
    return recorder.kept


def orders() -> list[Honest]:
    """Profiles ordered, confirmed, released, cancelled."""
    role = smdp_in(SmdpState())
    a, b = (role.put_in_stock(PROFILES[name], "operational").iccid for name in ("operational-a", "operational-b"))
    recorder, eid = Recorder(role), "89049032123451234512345678901235"
    recorder.behind("es2plus/downloadOrder", iccid=a)
    recorder.behind("es2plus/downloadOrder", profileType="operational", eid=eid)
    recorder.behind("es2plus/confirmOrder", iccid=a, matchingId="A-1", confirmationCode="1", releaseFlag=False)
    recorder.behind("es2plus/confirmOrder", iccid=b, eid=eid, matchingId="", releaseFlag=True)
    recorder.behind("es2plus/releaseProfile", iccid=a)
    recorder.behind("es2plus/cancelOrder", iccid=a, matchingId="A-1", finalProfileStatusIndicator="Available")
    recorder.behind("es2plus/cancelOrder", iccid=b, eid=eid, finalProfileStatusIndicator="Unavailable")
    return recorder.kept


def events() -> list[Honest]:
    """Events registered, asked for in both bindings, deleted."""
    role, es10 = smds_in(SmdsState()), card()
    recorder, eid = Recorder(role), es10.get_eid().hex()
    recorder.behind(
        "es12/registerEvent", eid=eid, eventId="E-1", rspServerAddress="a.example", forwardingIndicator=False
    )
    recorder.behind("es12/registerEvent", eid=eid, eventId="E-2", rspServerAddress="b.example")
    for wanted in (None, "E-2"):
        Es9Download(recorder, es10, SMDS.address, wanted).to_client()  # type: ignore[arg-type]
    in_asn1(recorder, es10)
    recorder.behind("es12/deleteEvent", eid=eid, eventId="E-1")
    return recorder.kept


def in_asn1(recorder: Recorder, es10: Es10) -> None:
    """ES11.AuthenticateClient has another answer than ES9+, so only its request goes through the client of suites."""
    begun = Es9Download(recorder, es10, SMDS.address)  # type: ignore[arg-type]
    begun.binding = asn1_binding
    begun.initiate()
    begun.authenticate_server()
    before = len(recorder.kept)
    with pytest.raises(Exception, match="BF40"):
        begun.authenticate_client()
    assert len(recorder.kept) == before + 1


SERVERS: Mapping[str, Callable[[], list[Honest]]] = {
    "ES9+ in JSON": lambda: downloads(in_asn1=False),
    "ES9+ in ASN.1": lambda: downloads(in_asn1=True),
    "ES2+": orders,
    "SM-DS": events,
}


def changed(conversation: list[Honest], chance: random.Random) -> Iterator[tuple[Honest, Request]]:
    for number in range(REQUESTS):
        honest = conversation[number % len(conversation)]
        yield honest, mutated(honest.asked, chance)


def lasting(state: State) -> object:
    """What outlives a session."""
    return (state.orders, state.stock) if isinstance(state, SmdpState) else state.events


def is_refusal(reply: Reply) -> bool:
    if reply.status == 204:
        return False
    if reply.status != 200:
        return True
    if reply.body[:1] == b"{":
        return bool(json.loads(reply.body)["header"]["functionExecutionStatus"]["status"] == "Failed")
    assert findings("RemoteProfileProvisioningResponse", reply.body) == []
    return b"\x81\x01" in reply.body[:12] and len(reply.body) < 12


@pytest.mark.parametrize("name", SERVERS)
def test_changed_requests(name: str) -> None:
    chance = random.Random(f"mutated/{name}")
    seen: dict[int, int] = {}
    taken = refused = 0
    slowest = 0.0
    for honest, asked in changed(SERVERS[name](), chance):
        role = smdp_in(honest.before) if isinstance(honest.before, SmdpState) else smds_in(honest.before)
        began = time.perf_counter()
        reply = endpoint(role)(asked)
        slowest = max(slowest, time.perf_counter() - began)
        seen[reply.status] = seen.get(reply.status, 0) + 1
        assert reply.status in STATUSES, (asked, reply)
        assert len(reply.body) <= LARGEST
        assert b"Traceback" not in reply.body
        assert reply.status == 200 or not reply.body
        if is_refusal(reply):
            refused += 1
            assert lasting(role.state) == lasting(honest.before), (asked.target, asked.body)
        else:
            taken += 1
            assert done_as_asked(honest, role.state, asked), (asked.target, asked.body)
    assert sum(seen.values()) == REQUESTS
    assert {200, 400, 405, 415} <= set(seen)
    assert refused > REQUESTS // 2
    assert taken > 0
    assert slowest < SLOW


def done_as_asked(honest: Honest, after: State, asked: Request) -> bool:
    """Whether what was done is what the honest request did, or nothing.

    ES2+ and ES12 prove nothing about their caller, so that a changed request may be another right one: it moves one thing.
    """
    if isinstance(after, SmdsState):
        assert isinstance(honest.before, SmdsState)
        moved = len({*after.events} ^ {*honest.before.events})
        return moved == ("/es12/" in asked.target)
    assert isinstance(honest.before, SmdpState)
    assert isinstance(honest.after, SmdpState)
    if "/es2plus/" in asked.target:
        return sum(honest.before.orders.get(number) != order for number, order in after.orders.items()) == 1
    if without_keys(after) == without_keys(honest.before):
        return True
    sent = der_of(asked)
    return without_keys(after) == without_keys(honest.after) and all(part in sent for part in signed(honest.asked))


def signed(asked: Request) -> list[bytes]:
    """What may move an order: each signature of an eUICC, and the octets in front of it that it is over."""
    parts = []
    for piece in tlv.parse(der_of(asked)).walk():
        rows = piece.children if piece.is_constructed else ()
        for over, signature in pairwise(rows):
            parts += [over.raw, signature.raw] if signature.tag == 0x5F37 else []
    return parts


def der_of(asked: Request) -> bytes:
    """The DER that a request carries, whatever JSON is around it."""
    if asked.body[:1] != b"{":
        return asked.body
    fields = json.loads(asked.body)
    found = next(fields[name] for name in _SIGNED if name in fields)
    return base64.b64decode("".join(found.split()))


def without_keys(state: SmdpState) -> object:
    """The orders without the keys of their bindings."""
    return {number: replace(order, binding=None) for number, order in state.orders.items()}
