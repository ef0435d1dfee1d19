"""Which functions of the suites run, on which device, over which link, and in what order."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from harness.conformance.case import MARK, Case
from harness.conformance.running import Way

Wanted = Mapping[tuple[Path, str], Sequence[Way]]
"""The ways of each case, by the suite's file and the function's name."""


class Collection:
    """Parametrises each wanted case over its ways and drops everything else that a suite file holds."""

    def __init__(self, wanted: Wanted, *, shuffle_seed: int | None) -> None:
        self._wanted = wanted
        self._shuffle_seed = shuffle_seed
        self._ways = list(dict.fromkeys(way for ways in wanted.values() for way in ways))

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One item for each way of the case."""
        if getattr(metafunc.function, MARK, None) is not None:
            ways = self._wanted.get((metafunc.definition.path, metafunc.function.__name__), ())
            metafunc.parametrize("way", ways, ids=str)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Device by device, link by link. On hardware the seed orders the cases of a link."""
        chosen = [item for item in items if isinstance(item, pytest.Function) and _way(item) is not None]
        if self._shuffle_seed is not None:
            random.Random(self._shuffle_seed).shuffle(chosen)
        chosen.sort(key=lambda item: self._ways.index(way_of(item)))
        items[:] = chosen


def _way(item: pytest.Function) -> Way | None:
    callspec = getattr(item, "callspec", None)
    way = callspec.params.get("way") if callspec else None
    return way if isinstance(way, Way) else None


def way_of(item: pytest.Item) -> Way:
    """The device and the link of a chosen item."""
    way = _way(item) if isinstance(item, pytest.Function) else None
    assert way is not None, f"{item.nodeid} has no way to a device"
    return way


def case_of(item: pytest.Item) -> Case:
    """The declaration of a chosen item."""
    case = getattr(getattr(item, "function", None), MARK, None)
    assert isinstance(case, Case), f"{item.nodeid} is no case"
    return case
