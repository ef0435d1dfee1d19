"""What one slot's process is told to run: devices, cases and links, as JSON from the parent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Planned:
    """One case and the links it is judged over."""

    case: str
    file: str
    function: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """One device under test and its cases."""

    name: str
    """What results are filed under: the slot's name, or a pseudo-slot's that breaks one rule."""
    slot: str
    """The slot of the lab file whose device it is."""
    defects: tuple[str, ...] | None
    """Defects in place of those that the lab file names; None: as the lab file says."""
    cases: tuple[Planned, ...]

    @property
    def plan(self) -> list[dict[str, str]]:
        """What a journal says is going to run."""
        return [{"case": planned.case, "link": link} for planned in self.cases for link in planned.links]


@dataclass(frozen=True, slots=True)
class Order:
    """Everything one slot process needs to know."""

    lab_file: str
    run_dir: str
    suites: str
    seed: int
    assignments: tuple[Assignment, ...]
    allow: tuple[str, ...] = ()
    """Effects of `harness.lab.file.effects` that are allowed beside those that the lab file allows."""
    front: str = ""
    """Where servers are registered at the port that devices outside of this host find; empty: nowhere."""

    @property
    def files(self) -> tuple[str, ...]:
        """The suite files that hold the cases, each once, in order."""
        return tuple(dict.fromkeys(case.file for given in self.assignments for case in given.cases))

    def as_json(self) -> dict[str, Any]:
        """Plain values for `Order.of`."""
        return {
            "lab_file": self.lab_file,
            "run_dir": self.run_dir,
            "suites": self.suites,
            "seed": self.seed,
            "assignments": [
                {
                    "name": given.name,
                    "slot": given.slot,
                    "defects": None if given.defects is None else list(given.defects),
                    "cases": [[case.case, case.file, case.function, list(case.links)] for case in given.cases],
                }
                for given in self.assignments
            ],
            "allow": list(self.allow),
            "front": self.front,
        }

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Order:
        """The order that `as_json` wrote."""
        return cls(
            lab_file=value["lab_file"],
            run_dir=value["run_dir"],
            suites=value["suites"],
            seed=value["seed"],
            assignments=tuple(_assignment(given) for given in value["assignments"]),
            allow=tuple(value["allow"]),
            front=value["front"],
        )

    def slot_dir(self, name: str) -> Path:
        """Where the journal of an assignment goes."""
        return Path(self.run_dir) / "slots" / name


def _assignment(value: Mapping[str, Any]) -> Assignment:
    defects: Sequence[str] | None = value["defects"]
    return Assignment(
        name=value["name"],
        slot=value["slot"],
        defects=None if defects is None else tuple(defects),
        cases=tuple(Planned(case, file, function, tuple(links)) for case, file, function, links in value["cases"]),
    )
