"""Reading what a person wrote: YAML values that know their line, and a list of faults instead of the first exception.

Each reader notes a fault and returns None where a value cannot be used, so that one pass over a file finds all of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from harness.errors import ConfigurationError, Fault


@dataclass(frozen=True, slots=True)
class Value:
    """One YAML value with its place. All values of a file share one list of faults."""

    node: yaml.Node
    file: str
    faults: list[Fault]
    name: str
    """What the value is called in messages, e.g. `slots.card-memory.links.apdu`."""

    @property
    def line(self) -> int:
        """Counted from 1."""
        return int(self.node.start_mark.line) + 1

    def fault(self, message: str, hint: str = "") -> None:
        """Notes a mistake at this value."""
        self.faults.append(Fault(self.file, self.line, f"{self.name}: {message}", hint))

    @property
    def is_null(self) -> bool:
        """Whether nothing is written here."""
        return isinstance(self.node, yaml.ScalarNode) and self.node.tag.endswith(":null")

    @property
    def is_text(self) -> bool:
        """Whether this is a single word or number rather than a mapping or a list."""
        return isinstance(self.node, yaml.ScalarNode) and not self.is_null

    @property
    def is_mapping(self) -> bool:
        """Whether this has keys."""
        return isinstance(self.node, yaml.MappingNode)

    def text(self) -> str | None:
        """The scalar as it is written. Numbers stay text: an EID is not a number."""
        if self.is_text:
            return str(self.node.value)
        self.fault("a single value is expected here")
        return None

    def choice(self, *known: str) -> str | None:
        """One of a few words."""
        word = self.text()
        if word is None or word in known:
            return word
        self.fault(f"{word!r} is not known", meant(word, known))
        return None

    def integer(self, least: int, most: int) -> int | None:
        """A decimal number within bounds, both included."""
        word = self.text()
        if word is None:
            return None
        if word.isdecimal() and least <= int(word) <= most:
            return int(word)
        self.fault(f"{word!r} is not a number from {least} to {most}")
        return None

    def boolean(self) -> bool | None:
        """true or false."""
        word = self.choice("true", "false")
        return None if word is None else word == "true"

    def items(self) -> tuple[Value, ...]:
        """The members of a list; a single value is a list of one."""
        if not isinstance(self.node, yaml.SequenceNode):
            return (self,)
        return tuple(
            Value(node, self.file, self.faults, f"{self.name}[{number}]") for number, node in enumerate(self.node.value)
        )

    def mapping(self, known: Sequence[str] | None = None) -> Mapping[str, Value]:
        """The keys and their values. With `known`, any other key is a fault; a key written twice always is."""
        if self.is_null:
            return {}
        if not isinstance(self.node, yaml.MappingNode):
            self.fault("keys with values are expected here", f"known keys: {', '.join(known)}" if known else "")
            return {}
        found: dict[str, Value] = {}
        for key, value in self._pairs():
            if known is not None and key.node.value not in known:
                key.fault("this key is not known", meant(str(key.node.value), known))
            elif key.node.value in found:
                key.fault("this key is written twice", "keep one of them")
            else:
                found[str(key.node.value)] = value
        return found

    def _pairs(self) -> Iterator[tuple[Value, Value]]:
        for key, value in self.node.value:
            name = f"{self.name}.{key.value}" if self.name else str(key.value)
            yield Value(key, self.file, self.faults, name), Value(value, self.file, self.faults, name)


_MOST_NAMED = 20


def meant(word: str, known: Sequence[str]) -> str:
    """The hint for a word that is not known."""
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(known)}" if len(known) <= _MOST_NAMED else ""


def read(path: Path) -> Value:
    """The whole file as one value. Raises ConfigurationError where it cannot be read or is no YAML at all."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise ConfigurationError([Fault(str(path), 0, f"cannot be read: {reason}", "check the path")]) from problem
    except UnicodeDecodeError as problem:
        raise ConfigurationError([Fault(str(path), 0, "is not UTF-8 text", "save it as UTF-8")]) from problem
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 0
        said = problem.problem or "is no YAML"
        raise ConfigurationError([Fault(str(path), line, said, "check the indentation and brackets")]) from problem
    except yaml.YAMLError as problem:
        raise ConfigurationError([Fault(str(path), 0, f"is no YAML: {problem}", "")]) from problem
    if node is None:
        raise ConfigurationError([Fault(str(path), 0, "is empty", "start from lab-config/simulated.yaml")])
    return Value(node, str(path), [], "")
