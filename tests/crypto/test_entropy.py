"""Seeded randomness repeats itself; the system's does not."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.crypto.ecdsa import Curve, generate, public_key_point
from harness.crypto.entropy import Entropy, system_entropy


def test_the_same_seed_gives_the_same_stream() -> None:
    whole, parts = Entropy(7), Entropy(7)
    assert whole.bytes(48) == parts.bytes(1) + parts.bytes(30) + parts.bytes(17)


def test_seeds_of_different_kinds_are_different() -> None:
    assert len({Entropy(seed).bytes(16) for seed in (1, "1", b"1", 2, -1)}) == 5


def test_children_do_not_depend_on_what_was_drawn() -> None:
    parent = Entropy("run")
    early = parent.child("card").bytes(16)
    parent.bytes(1000)
    assert parent.child("card").bytes(16) == early
    assert parent.child("eim").bytes(16) != early
    assert parent.child("card").child("card").bytes(16) != early


def test_the_stream_never_changes_between_releases() -> None:
    assert Entropy(0).bytes(16).hex() == "1a448b9ce300b09931f1ac15587e601b"


def test_integers_are_below_and_even() -> None:
    entropy = Entropy(3)
    counts = Counter(entropy.integer(5) for _ in range(5000))
    assert set(counts) == set(range(5))
    assert min(counts.values()) > 850
    assert entropy.integer(1) == 0
    with pytest.raises(ValueError, match="no number below 1"):
        entropy.integer(0)


def test_a_seed_fixes_a_key() -> None:
    for curve in Curve:
        first, again = (public_key_point(generate(curve, Entropy(9))) for _ in range(2))
        assert first == again


def test_the_system_never_repeats() -> None:
    assert system_entropy().bytes(16) != system_entropy().bytes(16)
    system = system_entropy()
    assert system.child("a").bytes(16) != system.child("a").bytes(16)
    assert 0 <= system.integer(10) < 10
