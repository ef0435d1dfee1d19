"""Whatever a server answers, the IPA ends the visit and comes back."""

from __future__ import annotations

import json
import random

import pytest

from harness.roles.eim import Eim, EimIdentity
from harness.roles.eim.commands import add_eim, enable, list_profile_info
from harness.roles.eim.events import Polled, ResultAccepted
from harness.roles.ipa import IpaSettings
from tests.roles.ipa.world import ASN1, EIM, Entropy, Network, Reply, World, profile, shared_pki

OTHER = "other-eim.harness.test"
MUTATIONS = 120


class Tampering(Network):
    """Changes one octet of every answer from a place on."""

    draw: random.Random
    begins_with = 0

    def post(self, url, headers, body, *, trust):  # type: ignore[no-untyped-def]
        reply = super().post(url, headers, body, trust=trust)
        if len(self.seen) <= self.begins_with or not reply.body:
            return reply
        octets = bytearray(reply.body)
        octets[self.draw.randrange(len(octets))] = self.draw.randrange(256)
        return Reply(reply.status, bytes(octets), reply.headers)


@pytest.mark.parametrize("indirect", [False, True])
def test_one_changed_octet_never_leaves_the_ipa(indirect: bool) -> None:
    world = World(indirect=indirect)
    world.network.__class__ = Tampering
    network: Tampering = world.network  # type: ignore[assignment]
    network.draw = random.Random(7)
    package = profile("operational-a")
    virgin = world.card.snapshot()
    for turn in range(MUTATIONS):
        if turn % 20 == 0:
            world.card.restore(virgin)
            world.es10.reset()
            world.eim.associate(world.eid, counter=0)
        world.eim.queue_download(activation_code=world.smdp.order(package).activation_code)
        world.eim.queue_package(None, list_profile_info())
        network.seen.clear()
        network.begins_with = network.draw.randrange(8)
        assert world.wake() > network.now


BROKEN_DOCUMENTS = [
    b"",
    b"nothing",
    b"[]",
    b"{}",
    b"[" * 100_000,
    b'{"header": 1}',
    b'{"header": {"functionExecutionStatus": []}}',
    b'{"header": {"functionExecutionStatus": {"status": "Failed"}}}',
    b'{"header": {"functionExecutionStatus": {"status": "Executed-Success"}}}',
    json.dumps(
        {
            "header": {"functionExecutionStatus": {"status": "Executed-Success"}},
            "transactionId": "xyz",
            "serverSigned1": "!!!",
        }
    ).encode(),
    json.dumps(
        {
            "header": {"functionExecutionStatus": {"status": "Executed-Success"}},
            "transactionId": "01",
            "serverSigned1": "MAA=",
            "serverSignature1": 7,
        }
    ).encode(),
    b"\xff\xfe",
]


@pytest.mark.parametrize("document", BROKEN_DOCUMENTS, ids=range(len(BROKEN_DOCUMENTS)))
def test_broken_json_from_the_smdp_is_a_failed_download(document: bytes) -> None:
    world = World()
    package = profile("operational-a")
    transaction = world.eim.queue_download(activation_code=world.smdp.order(package).activation_code)
    handle = world.smdp.handle
    answers = iter([Reply(200, document)])
    world.smdp.handle = lambda path, body, now: next(answers, None) or handle(path, body, now)  # type: ignore
    world.wake()
    assert world.eim.operation(transaction).state == "failed"
    assert world.es10.get_profiles_info() == ()


def with_other_eim(world: World) -> Eim:
    """A second eIM, added by a package of the first."""
    trust = shared_pki().trust("nist")
    other = Eim(EimIdentity(OTHER, trust.eim(OTHER).private_key, fqdn=OTHER), Entropy("other"))
    certs = world.es10.get_certs()
    other.associate(world.eid, euicc_certificate=certs.euicc, eum_certificate=certs.eum)
    world.network.eims[OTHER] = other
    world.eim.queue_package(None, add_eim(other.configuration()))
    world.wake()
    return other


def test_every_eim_is_polled_and_one_that_is_down_blocks_no_other() -> None:
    world = World()
    other = with_other_eim(world)
    world.network.unreachable.add(EIM)
    transaction = other.queue_package(None, list_profile_info())
    due = world.wake()
    assert other.operation(transaction).results
    assert due == world.network.now + IpaSettings().first_retry
    world.network.seen.clear()
    world.network.unreachable.clear()
    world.ipa.wake(due)
    assert {seen.url.split("/")[2] for seen in world.network.seen} == {EIM}


def test_another_eim_hears_of_a_change_once() -> None:
    world = World(installed=("operational-a",))
    other = with_other_eim(world)
    world.wake()
    world.eim.queue_package(None, enable(profile("operational-a").iccid))
    world.wake()
    world.wake()
    world.wake()
    heard = [event for event in other.events if isinstance(event, Polled)]
    assert [(event.state_changed, event.state_change_cause) for event in heard if event.state_changed] == [(True, 0)]
    assert not any(event.state_changed for event in world.eim.events if isinstance(event, Polled))


def test_a_result_that_is_refused_stays_and_is_offered_again() -> None:
    world = World()
    transaction = world.eim.queue_package(None, list_profile_info())
    real_post = world.network.post

    def refusing(url, headers, body, *, trust):  # type: ignore[no-untyped-def]
        if body[:2] == b"\xbf\x50":
            return Reply(200, bytes.fromhex("BF500302017F"), ASN1)
        return real_post(url, headers, body, trust=trust)

    world.network.post = refusing  # type: ignore[method-assign]
    due = world.wake()
    assert due == world.network.now + IpaSettings().first_retry
    assert len(world.es10.retrieve_notifications(results=True).results) == 1
    world.network.post = real_post  # type: ignore[method-assign]
    world.ipa.wake(due)
    assert world.eim.operation(transaction).state == "done"


def test_acknowledging_another_number_removes_nothing() -> None:
    world = World()
    world.eim.queue_package(None, list_profile_info())
    real_post = world.network.post

    def misnumbering(url, headers, body, *, trust):  # type: ignore[no-untyped-def]
        reply = real_post(url, headers, body, trust=trust)
        return Reply(200, bytes.fromhex("BF5006BF5303800163"), ASN1) if body[:2] == b"\xbf\x50" else reply

    world.network.post = misnumbering  # type: ignore[method-assign]
    world.wake()
    assert len(world.es10.retrieve_notifications(results=True).results) == 1
    world.network.post = real_post  # type: ignore[method-assign]
    world.wake()
    assert world.es10.retrieve_notifications(results=True).results == ()
    assert any(isinstance(event, ResultAccepted) for event in world.eim.events)
