"""The server thread runs coroutines for a synchronous caller, within a deadline."""

from __future__ import annotations

import asyncio
import threading

import pytest

from harness.endpoints.loop import LoopThread
from harness.errors import LabFault


def test_results_and_exceptions_come_back() -> None:
    async def answer() -> int:
        return 42

    async def fail() -> None:
        raise ValueError("no")

    with LoopThread() as loop:
        assert loop.run(answer()) == 42
        with pytest.raises(ValueError, match="no"):
            loop.run(fail())


def test_what_takes_too_long_is_cancelled() -> None:
    cancelled = threading.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with LoopThread() as loop:
        with pytest.raises(LabFault, match="did not finish"):
            loop.run(wait(), deadline=0.05)
        assert cancelled.wait(10)


def test_a_wait_on_its_own_loop_is_refused() -> None:
    with LoopThread() as loop:

        async def inner() -> None:
            loop.run(asyncio.sleep(0))

        with pytest.raises(RuntimeError, match="own loop"):
            loop.run(inner())


def test_stopping_ends_tasks_and_thread_and_may_be_done_twice() -> None:
    ended = threading.Event()

    async def linger() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def begin() -> None:
        background.append(asyncio.ensure_future(linger()))
        await asyncio.sleep(0)

    background: list[asyncio.Future[None]] = []
    loop = LoopThread().start()
    loop.run(begin())
    loop.stop()
    loop.stop()
    assert ended.is_set()
    assert not loop._thread.is_alive()
    LoopThread().stop()
