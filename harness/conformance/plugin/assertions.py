"""Counts the assertions that were really evaluated, so that a step which only looks like judging is found out.

pytest's assertion-pass hook tells each `assert` that held, with all its values in words, which nobody reads: to write them
takes a tenth of a run. A rewritten `assert` first asks whether anybody wants them, so the question is what is counted here,
and the answer is no. `pytest.raises` asserts too: it counts when what it waited for was raised.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from _pytest.assertion import rewrite

from harness.conformance.plugin.recording import RUNNING

_QUESTION = "_check_if_assertion_pass_impl"


class Assertions:
    """Feeds the count of the open step."""

    def __init__(self, bytecode: Path) -> None:
        self._bytecode = bytecode
        self._running: pytest.Item | None = None
        self._undo = ExitStack()

    def pytest_configure(self) -> None:
        """Keeps the rewritten suites apart from those of other pytest runs, which have no hook compiled in.

        They are kept even where no bytecode is to be written beside the sources: to rewrite them costs a second a slot.
        """
        self._undo.callback(setattr, sys, "pycache_prefix", sys.pycache_prefix)
        self._undo.callback(setattr, sys, "dont_write_bytecode", sys.dont_write_bytecode)
        sys.pycache_prefix, sys.dont_write_bytecode = str(self._bytecode), False
        self._undo.callback(setattr, rewrite, _QUESTION, getattr(rewrite, _QUESTION, None))
        setattr(rewrite, _QUESTION, self._asked)
        self._undo.callback(self._count_raises())

    def pytest_unconfigure(self) -> None:
        """Gives `pytest.raises` and the interpreter back as they were."""
        self._undo.close()

    def pytest_runtest_logstart(self) -> None:
        """No case is inside its body yet."""
        self._running = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """From here on `pytest.raises` is this case's."""
        self._running = item

    def pytest_assertion_pass(self, item: pytest.Item) -> None:
        """An `assert` was evaluated and held. Called by a pytest that does not ask before."""
        running = item.stash.get(RUNNING, None)
        if running is not None:
            running.steps.asserted()

    def _asked(self) -> bool:
        if self._running is not None:
            self.pytest_assertion_pass(self._running)
        return False

    def _count_raises(self) -> Callable[[], None]:
        original = pytest.RaisesExc.__exit__

        def counting(context: Any, *raised: Any) -> bool:
            held = original(context, *raised)
            if held and self._running is not None:
                self.pytest_assertion_pass(self._running)
            return bool(held)

        def undo() -> None:
            pytest.RaisesExc.__exit__ = original  # type: ignore[method-assign]

        pytest.RaisesExc.__exit__ = counting  # type: ignore[method-assign]
        return undo
