"""A deadline for calls that know none.

A call into a C library that blocks cannot be interrupted from Python; it can only be made to fail. The watchdog does
that from a thread of its own when the deadline passes. Arming costs one uncontended lock, not a thread switch: the
thread sleeps towards the deadline it saw last and looks again when it wakes.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Watchdog:
    """Calls `bite` once for each guarded call that outlasts its deadline. One guarded call at a time."""

    def __init__(self, bite: Callable[[], None]) -> None:
        self._bite = bite
        self._wake = threading.Condition(threading.Lock())
        self._until = math.inf
        self._sleeps_until = math.inf
        """When the thread will look by itself; for ever while it must be told."""
        self._closed = False
        self._thread: threading.Thread | None = None
        self.bitten = False
        """True when the last guarded call was bitten."""

    def arm(self, seconds: float) -> None:
        """The call that follows must end within `seconds`."""
        until = time.monotonic() + seconds
        with self._wake:
            self.bitten = False
            self._until = until
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
                self._thread.start()
            elif self._sleeps_until > until:
                self._wake.notify()

    def disarm(self) -> None:
        """The call has ended. `bitten` is final afterwards."""
        with self._wake:
            self._until = math.inf

    @contextmanager
    def guard(self, seconds: float) -> Iterator[None]:
        """`arm` and `disarm` around a block."""
        self.arm(seconds)
        try:
            yield
        finally:
            self.disarm()

    def close(self) -> None:
        """Ends the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    def _watch(self) -> None:
        with self._wake:
            while not self._closed:
                self._sleeps_until = self._until
                left = self._until - time.monotonic()
                if left <= 0:
                    self._until = math.inf
                    self.bitten = True
                    self._bite()
                else:
                    self._wake.wait(None if left == math.inf else left)
