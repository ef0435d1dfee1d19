"""One background thread with one asyncio loop, for every server of a slot.

The main thread stays synchronous: it hands coroutines over and waits for them with a deadline.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as FutureTimeout
from types import TracebackType
from typing import Any, Self, TypeVar

from harness.errors import LabFault

Result = TypeVar("Result")


class LoopThread:
    """An asyncio loop in a daemon thread. Use it as a context manager, or `start` and `stop` it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="servers", daemon=True)

    def start(self) -> LoopThread:
        """Starts the thread."""
        self._thread.start()
        return self

    def run(self, coroutine: Coroutine[Any, Any, Result], deadline: float = 10.0) -> Result:
        """Runs a coroutine on the loop and returns its result. Raises LabFault after `deadline` seconds.

        Never to be called on the loop itself: it would wait for itself.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("LoopThread.run was called on its own loop")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(deadline)
        except FutureTimeout:
            if not future.cancel() and future.done():
                return future.result()
            raise LabFault(f"a server task did not finish within {deadline:g} s") from None

    def stop(self) -> None:
        """Cancels what still runs and ends the thread. Stopping twice does nothing."""
        if self._loop.is_closed():
            return
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
        else:
            self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        finally:
            self._loop.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
