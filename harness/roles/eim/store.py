"""Where counters and association tokens are kept. A real card never tells its counter, so neither side may forget."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import LabFault
from harness.roles.eim.state import Association

_ONE_WRITER = threading.Lock()
"""Two eIMs of a lab may write the same file from two threads."""


class MemoryStore:
    """Forgets with the process; for labs that start fresh."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], Association] = {}

    def load(self, eim_id: str) -> Mapping[bytes, Association]:
        return {eid: association for (name, eid), association in self._known.items() if name == eim_id}

    def save(self, eim_id: str, eid: bytes, association: Association) -> None:
        self._known[eim_id, eid] = association


class JsonStore:
    """One JSON file for all eIMs of a lab: {eimId: {EID: {"counter": …, "association_token": …, "key": …}}}.

    Written to a neighbour and renamed, so that a power cut leaves the old values or the new ones. One process writes.
    Raises LabFault for a file that cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, eim_id: str) -> Mapping[bytes, Association]:
        try:
            return {
                bytes.fromhex(eid): Association(
                    int(entry["counter"]), int(entry["association_token"]), str(entry.get("key", ""))
                )
                for eid, entry in self._read().get(eim_id, {}).items()
            }
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise self._unusable(error) from error

    def save(self, eim_id: str, eid: bytes, association: Association) -> None:
        with _ONE_WRITER:
            self._replace(eim_id, eid, association)

    def _replace(self, eim_id: str, eid: bytes, association: Association) -> None:
        known = self._read()
        entry: dict[str, Any] = {"counter": association.counter, "association_token": association.token}
        if association.key:
            entry["key"] = association.key
        known.setdefault(eim_id, {})[eid.hex().upper()] = entry
        neighbour = self._path.with_name(f"{self._path.name}.new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with neighbour.open("w", encoding="utf-8") as file:
                json.dump(known, file, indent=1, sort_keys=True)
                file.flush()
                os.fsync(file.fileno())
            neighbour.replace(self._path)
            self._sync_folder()
        except OSError as error:
            raise LabFault(
                f"{self._path} cannot be written: {error}", hint="free the disk or change `state`"
            ) from error

    def _sync_folder(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _read(self) -> dict[str, Any]:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise self._unusable(error) from error
        if not isinstance(known, dict):
            raise self._unusable(TypeError("not an object"))
        return known

    def _unusable(self, error: Exception) -> LabFault:
        return LabFault(
            f"{self._path} cannot be used as the memory of eIM counters: {error}",
            hint="restore it; cards remember their counters, so an empty file makes their eIMs' packages replays",
        )
