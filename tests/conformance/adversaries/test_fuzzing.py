"""Mutations: one fault in one field, at any depth, the lengths around it right, all of it from the seed."""

from __future__ import annotations

import pytest

from harness.codec import tlv
from harness.codec.errors import DecodeError
from harness.conformance.adversaries.fuzzing import CHANGES, Chance, mutated

MESSAGE = tlv.build(
    0xBF51, tlv.build(0x30, tlv.build(0x80, b"eim"), tlv.build(0xA0, tlv.build(0xA3, tlv.build(0x5A, bytes(10)))))
)
LENGTHS = ("of a length one too", "of a length in", "of an indefinite length")


def test_the_same_seed_gives_the_same_faults() -> None:
    one, other = Chance("seed"), Chance("seed")
    assert [mutated(MESSAGE, one) for _ in range(50)] == [mutated(MESSAGE, other) for _ in range(50)]
    assert one.named == "seed"


def test_every_fault_comes_at_every_depth() -> None:
    chance = Chance("seed")
    seen = {mutated(MESSAGE, chance).what for _ in range(4000)}
    paths = {what.partition(" ")[0] for what in seen}
    assert paths == {"BF51", "BF51/30", "BF51/30/80", "BF51/30/A0", "BF51/30/A0/A3", "BF51/30/A0/A3/5A"}
    assert {what.partition(" ")[2] for what in seen} == set(CHANGES)


def test_the_lengths_around_a_fault_are_right_and_the_function_stays() -> None:
    chance = Chance("seed")
    for _ in range(2000):
        mutation = mutated(MESSAGE, chance)
        path, _, what = mutation.what.partition(" ")
        if path == "BF51":
            assert mutation.octets[:2] in (b"\xbf\x51", b"")
            continue
        root = tlv.parse(mutation.octets)
        assert root.tag == 0xBF51
        if path == "BF51/30/A0/A3/5A" and not what.startswith(LENGTHS):
            command = root.get(0x30, 0xA0, 0xA3)
            assert command.raw != tlv.parse(MESSAGE).get(0x30, 0xA0, 0xA3).raw or what == "all zeroes"
            assert root.get(0x30, 0x80).value == b"eim"


def test_only_a_sound_message_can_be_changed() -> None:
    with pytest.raises(DecodeError):
        mutated(b"\xbf\x51\x05", Chance("seed"))
