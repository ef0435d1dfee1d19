"""The folder of one run: run.json when it begins and when it ends, the merged results, the manifest.

The slots' files are the record and have one writer each, the slot; everything here is written by the parent.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.evidence.lines import Line, read_lines, write_json, write_whole
from harness.evidence.manifest import write_manifest

FORMAT = 1
PACKAGES = (
    "asn1tools",
    "cryptography",
    "h11",
    "httptools",
    "jinja2",
    "pyscard",
    "pyserial",
    "pytest",
    "PyYAML",
    "click",
    "rich",
)


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Where one run is recorded."""

    path: Path

    def slot(self, name: str) -> Path:
        """The folder that a slot's journal goes into."""
        return self.path / "slots" / name

    def begin(
        self,
        *,
        lab: str,
        seed: int | str,
        slots: Mapping[str, Mapping[str, Any]],
        command: Iterable[str] = (),
        **more: object,
    ) -> None:
        """Writes run.json. A slot has kind, links and device; `more` may carry lab_file, clock, pki, ics and the like."""
        (self.path / "slots").mkdir(parents=True, exist_ok=True)
        write_json(
            self.path / "run.json",
            {
                "format": FORMAT,
                "run": self.path.name,
                "started_utc": utc_now(),
                "lab": lab,
                "seed": seed,
                "command": list(command),
                "slots": {name: dict(slot) for name, slot in slots.items()},
                "environment": environment(),
                **more,
            },
        )

    def end(self, **outcome: object) -> None:
        """Says in run.json that the run ended by itself (`outcome`: exit_status and the like) and merges the results."""
        path = self.path / "run.json"
        about = json.loads(path.read_bytes())
        write_json(path, {**about, "ended_utc": utc_now(), **outcome})
        merge_results(self.path)

    def seal(self) -> None:
        """Writes manifest.json over everything that is in the folder now. The last thing a run does."""
        write_manifest(self.path)


def merge_results(run_dir: Path) -> int:
    """Derives results.jsonl of the run from those of its slots, torn lines left out. Returns how many lines it has."""
    lines = []
    for path in sorted((run_dir / "slots").glob("*/results.jsonl")):
        lines += [json.dumps(line.fields, ensure_ascii=False) for line in read_lines(path) if isinstance(line, Line)]
    write_whole(run_dir / "results.jsonl", "".join(f"{line}\n" for line in lines).encode())
    return len(lines)


def environment() -> dict[str, Any]:
    """The versions that a result depends on."""
    return {
        "harness": _version("sgp32-harness") or "unpacked",
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "platform": platform.platform(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
    }


def utc_now() -> str:
    """Now, as it stands in the record: ISO 8601 with the zone."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
