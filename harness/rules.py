"""Named rules of a simulated device or a reference role.

A device looks its behaviour up by name here, so that a defect is one replaced entry of a table and nothing in the device
knows that defects exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Rule = Callable[..., Any]


class Rules(Mapping[str, Rule]):
    """An immutable table of named rules. `replacing` returns a changed copy; an unknown name is a KeyError."""

    __slots__ = ("_table",)

    def __init__(self, table: Mapping[str, Rule]) -> None:
        self._table = dict(table)

    def __getitem__(self, name: str) -> Rule:
        return self._table[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def replacing(self, name: str, rule: Rule) -> Rules:
        """The same table with one entry replaced. Raises KeyError where no rule has that name."""
        if name not in self._table:
            raise KeyError(f"no rule is named {name!r}; known: {', '.join(sorted(self._table))}")
        return Rules({**self._table, name: rule})
