"""Every message type through the codec, with its strict walk and its checks, against asn1tools without us.

Bare is the library as it comes: the same schema compiled, types checked as it does by default, constraints checked too.
Some messages it cannot do at all (certificates that are opaque to us): those are named and not compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import asn1tools  # before the codec, which enters the library without most of it

from harness import codec
from harness.codec import compiled
from tests.bench.figures import Figure
from tests.codec.messages import EVERY

_SHARE = 2e-3
"""Seconds of one sample: long against the clock, short against whatever else the machine does."""


def codec_ratio(repetitions: int) -> Figure:
    """The slowest message type, encoded or decoded, in times of bare asn1tools.

    By turns, the best of each: a sample is so short that whatever else runs only ever lengthens it.
    """
    bare = asn1tools.compile_string(
        Path(compiled.__file__).with_name("schemas").joinpath("sgp32-v1.2.asn").read_text(), "der"
    )
    worst: tuple[float, str] = (0.0, "")
    compared, not_done = 0, set()
    for type_name, what, value, octets in EVERY:
        name = f"{type_name} {what}".strip()
        pairs: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
            "encode": (
                partial(codec.encode, type_name, value),
                partial(bare.encode, type_name, value, check_constraints=True),
            ),
            "decode": (
                partial(codec.decode, type_name, octets),
                partial(bare.decode, type_name, octets, check_constraints=True),
            ),
        }
        for direction, (ours, theirs) in pairs.items():
            try:
                theirs()
            except Exception:  # whatever a library makes of what it does not support
                not_done.add(name)
                continue
            compared += 1
            worst = max(worst, (_ratio(ours, theirs, repetitions), f"{direction} {name}"))
    how = f"best of {repetitions} by turns; slowest of {compared}: {worst[1]}; {len(not_done)} are not bare's to do"
    return Figure("a message through the codec, to bare asn1tools", worst[0] or None, 2, "times", how)


def _ratio(ours: Callable[[], Any], theirs: Callable[[], Any], repetitions: int) -> float:
    began = time.perf_counter()
    theirs()
    count = max(1, int(_SHARE / (time.perf_counter() - began)))
    samples = [(_seconds(ours, count), _seconds(theirs, count)) for _ in range(repetitions)]
    return min(mine for mine, _ in samples) / min(bare for _, bare in samples)


def _seconds(call: Callable[[], Any], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - began
