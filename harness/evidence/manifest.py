"""manifest.json: the sha256 and size of every file of a run, so that a later change of any shows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ConfigurationError, Fault
from harness.evidence.lines import write_json

NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class ManifestFindings:
    """What a comparison of a run with its manifest showed. Paths are relative to the run directory."""

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]
    """Files that came later, e.g. a report rendered anew: worth a look, no fault."""

    @property
    def intact(self) -> bool:
        return not self.changed and not self.missing


def write_manifest(run_dir: Path) -> Path:
    """Lists every file that is there now, the manifest itself excepted."""
    path = run_dir / NAME
    files = {name: _entry(run_dir / name) for name in _names(run_dir)}
    write_json(path, {"format": 1, "algorithm": "sha256", "files": files})
    return path


def check_manifest(run_dir: Path) -> ManifestFindings:
    """Compares the folder with its manifest. Raises ConfigurationError where there is none that can be read."""
    path = run_dir / NAME
    try:
        listed = json.loads(path.read_bytes())["files"]
        expected = {str(name): str(entry["sha256"]) for name, entry in listed.items()}
    except FileNotFoundError as absent:
        raise ConfigurationError([_no_manifest(run_dir)]) from absent
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        hint = "compare the folder with a copy of it: what changed cannot be told without one"
        raise ConfigurationError([Fault(str(path), 0, f"is no readable manifest: {fault}", hint)]) from fault
    present = set(_names(run_dir))
    changed = [name for name in expected if name in present and _entry(run_dir / name)["sha256"] != expected[name]]
    return ManifestFindings(
        changed=tuple(sorted(changed)),
        missing=tuple(sorted(set(expected) - present)),
        unlisted=tuple(sorted(present - set(expected))),
    )


def _no_manifest(run_dir: Path) -> Fault:
    if (run_dir / "run.json").is_file():
        hint = "a run that was killed has none; its record can be read all the same"
        return Fault(str(run_dir), 0, "has no manifest", hint)
    return Fault(str(run_dir), 0, "is no run directory", "give the folder that `sgp32 run` printed; it holds run.json")


def _names(run_dir: Path) -> list[str]:
    paths = (path for path in run_dir.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(name for path in paths if (name := path.relative_to(run_dir).as_posix()) != NAME)


def _entry(path: Path) -> dict[str, str | int]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "size": path.stat().st_size}
