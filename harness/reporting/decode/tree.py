"""The tree that every decoder of this room gives: what a person unfolds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """One field of a message."""

    label: str
    """The field's name in the standard, or what it is."""
    value: str = ""
    """What it says, in words; empty for a field that only holds others."""
    tag: str = ""
    """The tag as on the wire, in hexadecimal."""
    offset: int | None = None
    """Where it begins in its message."""
    octets: bytes | None = None
    """The value octets of a leaf."""
    source: bytes = b""
    """The message that `octets` were cut from, at `start`: what is secret shows only there, a field may hold a part."""
    start: int = 0
    fault: str = ""
    """What is wrong with it as a message."""
    children: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """This node and all below, outermost first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def find(self, label: str) -> Node | None:
        """The first node below (or this) with that label."""
        return next((node for node in self.walk() if node.label == label), None)
