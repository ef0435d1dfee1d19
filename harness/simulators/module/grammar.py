"""Command lines of V.250 and 27.007, taken apart, and answers put together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_EXTENDED = re.compile(r"([+^%$*#&][A-Z0-9]+)(=\?|\?|=(.*))?", re.IGNORECASE | re.DOTALL)
_BASIC = re.compile(r"(&?[A-Z])(\d*)", re.IGNORECASE)

EXECUTE, READ, TEST, SET = "execute", "read", "test", "set"


@dataclass(frozen=True, slots=True)
class AtCommand:
    """One command of a command line."""

    name: str
    """In capitals with the plus sign, or a letter for a basic command: `+CSIM`, `E`, `&F`."""
    form: str
    parameters: tuple[str, ...] = ()
    """Without quotation marks."""

    def number(self, place: int, default: int | None = None) -> int:
        """A numeric parameter. Raises AtError 50 where it is missing or no number."""
        text = self.parameters[place] if place < len(self.parameters) else ""
        if not text and default is not None:
            return default
        if not text.isdigit():
            raise AtError(INCORRECT_PARAMETERS)
        return int(text)

    def octets(self, place: int) -> bytes:
        """A hexadecimal parameter. Raises AtError 50."""
        try:
            return bytes.fromhex(self.parameters[place])
        except (IndexError, ValueError):
            raise AtError(INCORRECT_PARAMETERS) from None


OPERATION_NOT_ALLOWED, OPERATION_NOT_SUPPORTED, NO_SIM, SIM_FAILURE = 3, 4, 10, 13
MEMORY_FULL, NOT_FOUND, INCORRECT_PARAMETERS, UNKNOWN = 20, 22, 50, 100
TEXTS = {
    OPERATION_NOT_ALLOWED: "operation not allowed",
    OPERATION_NOT_SUPPORTED: "operation not supported",
    NO_SIM: "SIM not inserted",
    SIM_FAILURE: "SIM failure",
    MEMORY_FULL: "memory full",
    NOT_FOUND: "not found",
    INCORRECT_PARAMETERS: "Incorrect parameters",
    UNKNOWN: "unknown",
}
"""+CME ERROR: numbers and texts of 27.007 §9.2.1."""


class AtError(Exception):
    """A command that ends in an error, maybe after some lines. `code` is a CME number; None is a plain ERROR."""

    def __init__(self, code: int | None = None, *, lines: Sequence[str] = ()) -> None:
        super().__init__(TEXTS.get(code or 0, "ERROR"))
        self.code = code
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A command that ends in a final result of its own."""

    lines: Sequence[str] = ()
    final: str = "OK"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A command that asks for data before it ends."""

    length: int | None
    """How many octets; None: until Ctrl-Z."""
    then: Callable[[bytes], Sequence[str]]
    """What it does with them, and the lines of its answer. Raises AtError."""
    final: str = "OK"


def parse(line: str) -> list[AtCommand]:
    """The commands of one line without its AT. Raises AtError(None) for what is no command."""
    commands: list[AtCommand] = []
    for piece in _split(line, ";"):
        rest = piece.strip()
        while rest:
            extended = _EXTENDED.fullmatch(rest) if rest[0] in "+^%$*#" else None
            if extended:
                commands.append(_extended(extended))
                break
            basic = _BASIC.match(rest)
            if basic is None:
                raise AtError
            commands.append(AtCommand(basic[1].upper(), EXECUTE, (basic[2],) if basic[2] else ()))
            rest = rest[basic.end() :].strip()
    return commands


def _extended(match: re.Match[str]) -> AtCommand:
    name, suffix, text = match[1].upper(), match[2], match[3]
    if suffix == "=?":
        return AtCommand(name, TEST)
    if suffix == "?":
        return AtCommand(name, READ)
    if suffix is None:
        return AtCommand(name, EXECUTE)
    return AtCommand(name, SET, tuple(part.strip().strip('"') for part in _split(text or "", ",")))


def _split(text: str, separator: str) -> list[str]:
    """Splits outside quotation marks."""
    parts, current, quoted = [], "", False
    for sign in text:
        if sign == '"':
            quoted = not quoted
        if sign == separator and not quoted:
            parts.append(current)
            current = ""
        else:
            current += sign
    return [*parts, current]


def line(text: str) -> bytes:
    """One line of an answer or one unsolicited result code, in verbose form."""
    return b"\r\n" + text.encode("utf-8", "replace") + b"\r\n"


def error(code: int | None, verbosity: int) -> str:
    """The final result of a command that failed, as +CMEE asks for it."""
    if code is None or verbosity == 0:
        return "ERROR"
    return f"+CME ERROR: {code if verbosity == 1 else TEXTS.get(code, 'unknown')}"
