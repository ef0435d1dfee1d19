"""How much of a processor a poll costs the eIM: the server on one core, `wrk` on the other."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.commands import ROOT, SGP32
from tests.bench.figures import Figure, median_of

SECONDS = 5
CONNECTIONS = 16
EID = "89049032123451234512345678900071"
_SCRIPT = """
wrk.method = "POST"
wrk.body = ("BF4F125A10{eid}"):gsub("..", function(pair) return string.char(tonumber(pair, 16)) end)
wrk.headers["Content-Type"] = "application/x-gsma-rsp-asn1"
wrk.headers["User-Agent"] = "gsma-rsp-ipad"
wrk.headers["X-Admin-Protocol"] = "gsma/rsp/v2.1.0"
{more}
"""


def polls(repetitions: int, folder: Path) -> list[Figure]:
    """An empty poll over a new TLS connection and over a kept one; the time each takes the eIM."""
    names = ("empty poll, new TLS connection", "empty poll, kept connection")
    if shutil.which("wrk") is None or len(os.sched_getaffinity(0)) < 2:
        how = "not measured: it takes wrk (apt-get install wrk) and two cores"
        return [Figure(name, None, target, "ms", how) for name, target in zip(names, (1.0, 0.125), strict=True)]
    folder.mkdir(parents=True, exist_ok=True)
    with served(folder) as place:
        close = 'wrk.headers["Connection"] = "close"'
        new = [1000 / rate(place, folder, close) for _ in range(repetitions)]
        kept = [1000 / rate(place, folder, "") for _ in range(repetitions)]
    return [median_of(names[0], new, 1.0, "ms"), median_of(names[1], kept, 0.125, "ms")]


def rate(place: str, folder: Path, more: str) -> float:
    """Answers a second. Raises RuntimeError where any was another than 200."""
    script = folder / "poll.lua"
    script.write_text(_SCRIPT.format(eid=EID, more=more))
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), place]
    told = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 30, check=True).stdout
    found = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    if found is None or "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(f"not every poll was answered:\n{told}")
    return float(found[1])


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of an eIM that knows the device, on the first core."""
    command = ["taskset", "-c", "0", *SGP32, "serve", "eim", "--database", str(folder / "eim.sqlite")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines: list[str] = []
        while not (lines and lines[-1].startswith("Ctrl-C")):
            lines.append(process.stdout.readline())
            if not lines[-1]:
                raise RuntimeError("the eIM did not start")
        about = next(line.split() for line in lines if line.startswith("REST: "))
        token = Path(about[-1]).read_text().strip()
        device = f"{about[1].rstrip(',')}/devices/{EID}"
        header = f"Authorization: Bearer {token}"
        subprocess.run(
            ["curl", "-fsS", "-X", "PUT", "-H", header, "--json", "{}", device], check=True, capture_output=True
        )
        yield next(line.split(" at ")[1].strip() for line in lines if line.startswith("eIM "))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
