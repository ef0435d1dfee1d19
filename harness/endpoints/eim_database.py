"""The whole state of eIMs in one SQLite file, for an eIM that serves for months.

Rules of this room:
- What an answer depends on is committed, and on the disk, before the answer leaves: `kill -9` or a power cut loses no
  operation that was accepted and lets no counter be used twice.
- One process at a time: the file is locked for as long as it is open, and the kernel gives the lock back however it ends.
- A poll that changed nothing but when the device was last seen is not written.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.endpoints.plain import plain
from harness.errors import LabFault
from harness.roles.eim.events import Event, Polled
from harness.roles.eim.state import Association, Device, DownloadSession, EimState, Operation
from harness.roles.eim.writing import read_back, written

FORMAT = 1
MOST_EVENTS = 100_000
"""How many events are kept, of all eIMs; the oldest go first."""
_PRUNE_EVERY = 1_000
_Statement = tuple[str, tuple[Any, ...]]
_TABLES = """
CREATE TABLE IF NOT EXISTS format (version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS associations (
    eim TEXT, eid TEXT, counter INTEGER NOT NULL, token INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (eim, eid)
    ) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS devices (eim TEXT, eid TEXT, value TEXT NOT NULL, PRIMARY KEY (eim, eid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operations (
    eim TEXT, number TEXT, eid TEXT NOT NULL, state TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (eim, number)
    ) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (eim TEXT, number TEXT, value TEXT NOT NULL, PRIMARY KEY (eim, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, eim TEXT NOT NULL, at REAL NOT NULL, eid TEXT, kind TEXT NOT NULL,
    value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_of_device ON events (eim, eid, number);
"""


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """One event as the database has it."""

    number: int
    """Rises with every event and is never used again."""
    at: float
    eid: str | None
    kind: str
    """The name of the event's class."""
    value: Mapping[str, Any]
    """Its other fields; octets in hexadecimal."""


class EimDatabase:
    """One file for all eIMs of a server; a `StateStore`. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Raises LabFault where the file cannot be used, or another process uses it."""
        self._path = path
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, bytes], Device] = {}
        """Devices as they were written last."""
        self._since_pruned = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
            for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
                self._database.execute(f"PRAGMA {pragma}")
            self._database.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT;")
            self._check_format()
        except (OSError, sqlite3.Error) as fault:
            raise self._unusable(fault) from fault

    def close(self) -> None:
        """Gives the file back."""
        with self._lock:
            self._database.close()

    def _check_format(self) -> None:
        row = self._database.execute("SELECT version FROM format").fetchone()
        if row is None:
            self._database.execute("INSERT INTO format VALUES (?)", (FORMAT,))
        elif row[0] != FORMAT:
            raise sqlite3.DatabaseError(f"its format is {row[0]}, this version knows {FORMAT}")

    # what an eIM asks of its store

    def load(self, eim_id: str) -> Mapping[bytes, Association]:
        """Counters and tokens of every eUICC that ever was associated with this eIM: a card that left does not forget."""
        query = "SELECT eid, counter, token, key FROM associations WHERE eim = ?"
        try:
            with self._lock:
                rows = self._database.execute(query, (eim_id,)).fetchall()
        except sqlite3.Error as fault:
            raise self._unusable(fault) from fault
        return {bytes.fromhex(eid): Association(counter, token, key) for eid, counter, token, key in rows}

    def save(self, eim_id: str, eid: bytes, association: Association) -> None:
        """Replaces what is known of one eUICC."""
        with self._lock:
            try:
                self._write([_association(eim_id, eid, association)])
            except sqlite3.Error as fault:
                raise self._unusable(fault) from fault

    def load_state(self, eim_id: str) -> EimState:
        """Everything that was kept for this eIM."""
        state = EimState()
        try:
            with self._lock:
                # Operations before devices: a device's queue was kept as it was.
                for value in self._values("operations", eim_id):
                    operation = read_back(value)
                    assert isinstance(operation, Operation)
                    state = state.with_operation(operation)
                for value in self._values("devices", eim_id):
                    device = read_back(value)
                    assert isinstance(device, Device)
                    self._seen[eim_id, device.eid] = device
                    state = state.with_device(device)
                for value in self._values("sessions", eim_id):
                    session = read_back(value)
                    assert isinstance(session, DownloadSession)
                    state = state.with_session(session)
        except (sqlite3.Error, ValueError, TypeError, AssertionError) as fault:
            raise self._unusable(fault) from fault
        return state.kept()

    def keep(self, eim_id: str, state: EimState, events: Iterable[Event]) -> None:
        """Writes what is touched in the state, and what happened, in one transaction. Raises LabFault."""
        with self._lock:
            statements = [*self._changes(eim_id, state), *_happened(eim_id, events)]
            if not statements:
                return
            try:
                self._write(statements)
            except sqlite3.Error as fault:
                raise self._unusable(fault) from fault
            for eid in state.touched.devices:
                device = state.devices.get(eid)
                if device is None:
                    self._seen.pop((eim_id, eid), None)
                else:
                    self._seen[eim_id, eid] = device

    # for whoever looks

    def events(self, eim_id: str, after: int = 0, limit: int = 100, eid: bytes | None = None) -> list[KeptEvent]:
        """The oldest events behind number `after`, of one device or of all."""
        of_device = "" if eid is None else " AND eid = ?"
        given = (eim_id, after, *(() if eid is None else (eid.hex(),)), limit)
        with self._lock:
            rows = self._database.execute(
                "SELECT number, at, eid, kind, value FROM events WHERE eim = ? AND number > ?"
                f"{of_device} ORDER BY number LIMIT ?",
                given,
            ).fetchall()
        return [KeptEvent(number, at, who, kind, json.loads(value)) for number, at, who, kind, value in rows]

    # inside

    def _values(self, table: str, eim_id: str) -> list[Any]:
        rows = self._database.execute(f"SELECT value FROM {table} WHERE eim = ?", (eim_id,)).fetchall()
        return [json.loads(value) for (value,) in rows]

    def _changes(self, eim_id: str, state: EimState) -> list[_Statement]:
        found: list[_Statement] = []
        for eid in state.touched.devices:
            device, before = state.devices.get(eid), self._seen.get((eim_id, eid))
            if device is None:
                found.append(("DELETE FROM devices WHERE eim = ? AND eid = ?", (eim_id, eid.hex())))
            elif before is None or replace(before, last_seen=device.last_seen) != device:
                row = (eim_id, eid.hex(), json.dumps(written(device)))
                found.append(("INSERT OR REPLACE INTO devices VALUES (?, ?, ?)", row))
                if before is None or before.association != device.association:
                    found.append(_association(eim_id, eid, device.association))
        for number in state.touched.operations:
            one = state.operations[number]
            values = (eim_id, number.hex(), one.eid.hex(), one.state, json.dumps(written(one)))
            found.append(("INSERT OR REPLACE INTO operations VALUES (?, ?, ?, ?, ?)", values))
        for number in state.touched.sessions:
            session = state.sessions.get(number)
            if session is None:
                found.append(("DELETE FROM sessions WHERE eim = ? AND number = ?", (eim_id, number.hex())))
            else:
                text = json.dumps(written(session))
                found.append(("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", (eim_id, number.hex(), text)))
        return found

    def _write(self, statements: list[_Statement]) -> None:
        self._since_pruned += len(statements)
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for statement, values in statements:
                self._database.execute(statement, values)
            if self._since_pruned >= _PRUNE_EVERY:
                oldest = "(SELECT max(number) FROM events) - ?"
                self._database.execute(f"DELETE FROM events WHERE number <= {oldest}", (MOST_EVENTS,))
                self._since_pruned = 0
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _unusable(self, fault: Exception) -> LabFault:
        hint = "restore it: cards remember their counters, so that an empty file makes their eIMs' packages replays"
        if "locked" in str(fault):
            hint = "another process serves from it: end that one, or name another file"
        return LabFault(f"{self._path} cannot be used as the memory of an eIM: {fault}", hint=hint)


def _association(eim_id: str, eid: bytes, one: Association) -> _Statement:
    values = (eim_id, eid.hex(), one.counter, one.token, one.key)
    return "INSERT OR REPLACE INTO associations VALUES (?, ?, ?, ?, ?)", values


def _happened(eim_id: str, events: Iterable[Event]) -> list[_Statement]:
    """What there is to remember: a poll is no news by itself, one that told of a change is."""
    return [
        (
            "INSERT INTO events (eim, at, eid, kind, value) VALUES (?, ?, ?, ?, ?)",
            (eim_id, event.at, event.eid.hex() if event.eid else None, type(event).__name__, json.dumps(told(event))),
        )
        for event in events
        if not (isinstance(event, Polled) and not event.state_changed)
    ]


def told(event: Event) -> Mapping[str, Any]:
    """The fields of an event that only it has, as a person or a script reads them."""
    return {name: plain(getattr(event, name)) for name in event.__dataclass_fields__ if name not in ("at", "eid")}
