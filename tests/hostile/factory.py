"""Birth of a lying card in a process of its own, behind a virtual reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.lab.benches import card_factory
from tests.hostile.cards import liars


def make(arguments: Mapping[str, Any], defects: Sequence[str]) -> Any:
    """The card that `card_factory` makes, behind the liar that the arguments name."""
    return liars()[arguments["liar"]](card_factory.make(arguments, defects))
