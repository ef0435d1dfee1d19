"""One octet changed in any message of a device's life: nobody hangs, nobody crashes, nobody does what was not signed.

The messages are those of two recorded lives, and each changed one meets its receiver at the moment the true one did. The
packages of tests mirror this for messages that a life does not have.
"""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from types import FrameType
from typing import Any, TypeVar

import pytest

from harness import codec
from harness.codec import tlv
from harness.roles.eim import Eim
from harness.simulators.euicc import SimulatedEuicc
from tests.raw_https import RawHttps, served_eim
from tests.recorded_life import Life, ToCard, ToEim, life
from tests.roles.ipa.world import NOW

CARD, PACKAGES, SEGMENTS, EIM, SMDP, CODEC, BODIES, HEADS = 8000, 1500, 300, 10_000, 3000, 4000, 1000, 500
"""Changed messages for each receiver: 28,300 in all."""
DEADLINE = 5.0
"""Seconds for any one message; the slowest honest one takes some milliseconds."""
ESIPA_ANSWERS = {0xBF39, 0xBF3A, 0xBF3B, 0xBF41, 0xBF4F, 0xBF50}

Recorded = TypeVar("Recorded")


class Hang(BaseException):
    """A message was not done with before its deadline. No handler of errors may swallow this."""


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@contextmanager
def in_time() -> Iterator[None]:
    signal.setitimer(signal.ITIMER_REAL, DEADLINE)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(f"32/{request.node.name}")


def changed(octets: bytes, chance: random.Random, *, begin: int = 0) -> bytes:
    """The octets with one of them, from `begin` on, another."""
    at = chance.randrange(begin, len(octets))
    return octets[:at] + bytes([octets[at] ^ chance.randrange(1, 256)]) + octets[at + 1 :]


def lives() -> tuple[Life, Life]:
    return life(indirect=False), life(indirect=True)


def some(recorded: Callable[[Life], Sequence[Recorded]], count: int) -> Iterator[Recorded]:
    """So many messages of the two lives, each as often as any other."""
    return islice(cycle([message for one in lives() for message in recorded(one)]), count)


def profiles(card: SimulatedEuicc) -> list[tuple[bytes, bool]]:
    return [(found.iccid, found.enabled) for found in card.state.profiles]


def answer(card: SimulatedEuicc, command: bytes) -> int:
    """The status word, in time. A 91xx counts as the 9000 it stands for."""
    with in_time():
        response = card.transmit(command)
    assert len(response) >= 2
    status = int.from_bytes(response[-2:], "big")
    assert 0x6100 <= status < 0xA000
    return status


def lives_on(card: SimulatedEuicc) -> None:
    card.power_on()
    assert answer(card, bytes.fromhex("80AA00000DA90B8100820101830107840101")) == 0x9000
    assert answer(card, bytes.fromhex("00A4040010A0000005591010FFFFFFFF8900000100")) >> 8 == 0x61


def test_a_card_answers_each_apdu_and_moves_no_profile(chance: random.Random) -> None:
    for number, sent in enumerate(some(lambda one: one.to_card, CARD)):
        faithful, card = sent.receiver(), sent.receiver()
        before = profiles(card)
        answer(card, changed(sent.command, chance))
        if profiles(card) != before:  # a header may change without a change of meaning
            faithful.transmit(sent.command)
            assert profiles(card) == profiles(faithful)
        if number % 50 == 0:
            lives_on(card)


def sent_as_chain(card: SimulatedEuicc, head: bytes, octets: bytes) -> int:
    """One STORE DATA chain with the class octet of `head`; the last status word."""
    blocks = [octets[at : at + 255] for at in range(0, len(octets), 255)]
    status = 0
    for number, block in enumerate(blocks):
        last = number == len(blocks) - 1
        status = answer(card, bytes([head[0], 0xE2, 0x91 if last else 0x11, number, len(block)]) + block)
        if status >> 8 not in (0x61, 0x90, 0x91):
            break
    return status


def data_of(chain: Sequence[ToCard]) -> bytes:
    return b"".join(sent.command[5 : 5 + sent.command[4]] for sent in chain)


def test_a_changed_package_leaves_no_trace_in_a_card(chance: random.Random) -> None:
    for chain in some(lambda one: one.requests(b"\xbf\x51"), PACKAGES):
        card = chain[0].receiver()
        before = card.snapshot()
        sent_as_chain(card, chain[0].command, changed(data_of(chain), chance))
        assert card.snapshot() == before


def bound_packages(one: Life) -> list[list[ToCard]]:
    """Every bound profile package, as the STORE DATA commands from its first to its last."""
    found: list[list[ToCard]] = []
    inside = False
    for sent in one.to_card:
        if sent.is_store_data and sent.command[5:7] == b"\xbf\x36":
            found.append([])
            inside = True
        elif sent.is_store_data and sent.command[5:6] == b"\xbf":
            inside = False
        if inside and sent.is_store_data:
            found[-1].append(sent)
    return found


def test_a_bound_profile_package_with_a_change_installs_nothing(chance: random.Random) -> None:
    for commands in some(bound_packages, SEGMENTS):
        card = commands[0].receiver()
        before = profiles(card)
        at = chance.randrange(len(commands))
        for number, sent in enumerate(commands):
            data = sent.command[: 5 + sent.command[4]]
            answer(card, changed(data, chance, begin=5) if number == at else data)
        assert profiles(card) == before
        lives_on(card)


def closed(eim: Eim) -> set[bytes]:
    """The packages that came to an end."""
    return {
        transaction
        for transaction, operation in eim.state.operations.items()
        if operation.kind == "package" and not operation.is_open
    }


def signed_results(message: bytes) -> list[bytes]:
    """What a card signed in an ESipa message."""
    return [node.raw for node in tlv.parse(message).walk() if node.tag == 0xBF51]


def check_eim(sent: ToEim, message: bytes, eim: Eim, before: set[bytes]) -> None:
    if closed(eim) != before:  # what was changed was not the result
        assert any(result in message for result in signed_results(sent.message))


def test_an_eim_answers_and_believes_no_changed_result(chance: random.Random) -> None:
    for sent in some(lambda one: one.to_eim, EIM):
        eim, message = sent.receiver(), changed(sent.message, chance)
        before = closed(eim)
        with in_time():
            reply = eim.handle(message, 1.0)
        assert not reply or tlv.parse(reply).tag in ESIPA_ANSWERS
        check_eim(sent, message, eim, before)


def test_an_sm_dp_plus_answers(chance: random.Random) -> None:
    seen = set()
    for sent in some(lambda one: one.to_smdp, SMDP):
        with in_time():
            reply = sent.receiver().handle(sent.path, changed(sent.body, chance), NOW)
        if reply.status == 200:
            json.loads(reply.body)["header"]["functionExecutionStatus"]["status"]
        seen.add(reply.status)
    assert seen == {200, 204, 400}


def test_the_codec_decodes_or_says_why_not(chance: random.Random) -> None:
    def both_ways(one: Life) -> list[tuple[str, bytes]]:
        to_eim = [("EsipaMessageFromIpaToEim", sent.message) for sent in one.to_eim]
        return to_eim + [("EsipaMessageFromEimToIpa", reply) for reply in one.from_eim if reply]

    decoded = 0
    for name, message in some(both_ways, CODEC):
        octets = changed(message, chance)
        with in_time():
            try:
                codec.decode(name, octets)
                decoded += 1
            except codec.CodecError:
                pass
            codec.tlv.der_faults(octets)
    assert 0 < decoded < CODEC


REFUSALS = {400, 404, 405, 408, 413, 415, 431, 501, 505}


def test_an_eim_behind_https_answers_changed_bodies(chance: random.Random) -> None:
    now: dict[str, Any] = {}
    with served_eim(lambda: now["eim"]) as (port, troubles), RawHttps(port) as http:
        for sent in some(lambda one: one.to_eim, BODIES):
            now["eim"], message = sent.receiver(), changed(sent.message, chance)
            before = closed(now["eim"])
            status, body = http.post(message)
            assert status in {200, 204, 400, 502}
            assert not body or tlv.parse(body).tag in ESIPA_ANSWERS
            check_eim(sent, message, now["eim"], before)
    assert troubles == []


def test_an_eim_behind_https_answers_changed_heads(chance: random.Random) -> None:
    now: dict[str, Any] = {}
    with served_eim(lambda: now["eim"]) as (port, troubles):
        for sent in some(lambda one: one.to_eim, HEADS):
            now["eim"] = sent.receiver()
            with RawHttps(port) as http:
                head = http.head(sent.message)
                status, _ = http.send(changed(head, chance) + sent.message)
            assert status in {200, 204} | REFUSALS, status
    assert troubles == []


def test_the_true_messages_do_what_the_changed_ones_must_not() -> None:
    for one in lives():
        for chain in one.requests(b"\xbf\x51"):
            card = chain[0].receiver()
            before = card.snapshot()
            sent_as_chain(card, chain[0].command, data_of(chain))
            assert card.snapshot() != before
        assert len(bound_packages(one)) == 2
        for commands in bound_packages(one):
            card = commands[0].receiver()
            before = profiles(card)
            for sent in commands:
                answer(card, sent.command[: 5 + sent.command[4]])
            assert len(profiles(card)) == len(before) + 1
        ends = [closed(sent.eim) for sent in one.to_eim]
        assert len(ends[-1]) == len(one.requests(b"\xbf\x51")) == 6
    assert {sent.message[:2].hex() for sent in life(indirect=True).to_eim} == {"bf39", "bf3a", "bf3b", "bf4f", "bf50"}
