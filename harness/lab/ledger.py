"""What a lab has written to one real card in all its runs: flash wears out, and no card says how far it is.

Rules of this room:
- A write is counted before it is sent: one that is cut off has used the card too.
- The file is replaced as a whole, so that a power cut leaves the old counts or the new ones.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from harness.codec import tlv
from harness.codec.errors import DecodeError
from harness.errors import LabFault
from harness.lab.benches.bench import Bench
from harness.lab.benches.slot_bench import CardSlotBench
from harness.lab.file.effects import SPENDING

_KINDS = {
    b"\xbf\x36": "installations",
    b"\xbf\x51": "packages",
    b"\xbf\x58": "enables",
    b"\xbf\x5a": "enables",
    b"\xbf\x5b": "enables",
    b"\xbf\x5c": "enables",
    b"\xbf\x5d": "enables",
    b"\xbf\x5e": "enables",
    b"\xbf\x64": "resets",
}
"""Requests by the octets they begin with; a bound profile package by those of its first segment."""
_COMMANDS = {0xA3: "enables", 0xA5: "deletes"}
_ENVELOPE, _SMS_PP_DOWNLOAD = 0xC2, 0xD1


class Ledger:
    """The counts of one card, in a file of its own: {kind of SPENDING: how many}. One process writes.

    Raises LabFault for a file that cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counts = self._read()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of each kind there have been, in the order of SPENDING."""
        return {kind: self._counts.get(kind, 0) for kind in SPENDING}

    @property
    def in_words(self) -> str:
        """What a person is told."""
        return ", ".join(f"{number} {SPENDING[kind]}" for kind, number in self.counts.items())

    def note(self, request: bytes) -> None:
        """Counts what this ES10 request is about to write to the card."""
        self._add(spent_by(request))

    def note_command(self, command: bytes) -> None:
        """Counts what this command APDU, which carries no ES10 request, may write to the card."""
        self._add({"updates": 1} if is_update(command) else {})

    def _add(self, spent: Mapping[str, int]) -> None:
        if not spent:
            return
        for kind, number in spent.items():
            self._counts[kind] = self._counts.get(kind, 0) + number
        self._write()

    def _read(self) -> dict[str, int]:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
            return {kind: int(number) for kind, number in known.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as problem:
            hint = "restore it, or remove it: the lab then counts from nought"
            raise LabFault(f"{self._path} cannot be used as the ledger of a card: {problem}", hint=hint) from problem

    def _write(self) -> None:
        neighbour = self._path.with_name(f"{self._path.name}.new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with neighbour.open("w", encoding="utf-8") as file:
                json.dump(self.counts, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            neighbour.replace(self._path)
        except OSError as problem:
            hint = "free the disk or change `state`"
            raise LabFault(f"{self._path} cannot be written: {problem}", hint=hint) from problem


def ledger_of(bench: Bench) -> Ledger | None:
    """The ledger of the real card in an open slot; None where the lab keeps no state, or does not know which card it is."""
    if bench.slot.sparing is None or not isinstance(bench, CardSlotBench):
        return None
    state, eid = bench.rack.lab.state, bench.known_eid
    return None if state is None or eid is None else Ledger(state / "ledger" / f"{eid.hex()}.json")


def spent_by(request: bytes) -> Mapping[str, int]:
    """What one ES10 request writes to a card, by kind; a package with what its commands do, as far as they can be read."""
    kind = _KINDS.get(request[:2])
    if kind is None:
        return {}
    spent = {kind: 1}
    if kind == "packages":
        for tag in _command_tags(request):
            if tag in _COMMANDS:
                spent[_COMMANDS[tag]] = spent.get(_COMMANDS[tag], 0) + 1
    return spent


def is_update(command: bytes) -> bool:
    """Whether a command APDU is an ENVELOPE (SMS-PP DOWNLOAD, TS 31.111 §7.1): what it brings may change files or a profile."""
    if len(command) < 6 or command[1] != _ENVELOPE:
        return False
    data = command[5:] if command[4] else command[7:]
    return data[:1] == bytes([_SMS_PP_DOWNLOAD])


def _command_tags(package: bytes) -> tuple[int, ...]:
    """The tags of a package's PSMOs; none of one that cannot be read, since no card executes it either."""
    try:
        commands = tlv.parse(package).find(0x30, 0xA0)
        return tuple(command.tag for command in commands.children) if commands is not None else ()
    except DecodeError:
        return ()
