"""What lines of a modem mean (ITU-T V.250, 3GPP TS 27.007 §9.2).

Rules of this room:
- A line is a final result, a part of the answer, or an unsolicited result code; it is told apart by the command it came
  after, since the same words may be either.
- While a command is under way, a line that begins with `+` or `^` and another name than the command's is unsolicited.
  Lines without such a name belong to the answer, unless they are announcements known to come by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from harness.errors import DeviceFault

_FINALS = frozenset({"OK", "ERROR", "NO CARRIER", "NO ANSWER", "NO DIALTONE", "BUSY", "ABORTED", "COMMAND NOT SUPPORT"})
_ERROR_NUMBERED = re.compile(r"^\+(CME|CMS) ERROR:\s*(.*)$")
_NUMBER = re.compile(r"[0-9]{1,9}")
_NAMED = re.compile(r"^([+^%$*#!][A-Z0-9]+)(?::|$)", re.IGNORECASE)
_COMMAND_NAME = re.compile(r"^AT([+^%$*#!][A-Z0-9]+)", re.IGNORECASE)

ANNOUNCEMENTS = frozenset(
    {
        "RDY",
        "RING",
        "SYSSTART",
        "SMS READY",
        "SMS DONE",
        "CALL READY",
        "PB DONE",
        "NORMAL POWER DOWN",
        "POWERED DOWN",
        "APP RDY",
    }
)
"""Unsolicited lines without a name: what modems say at boot, at power-off and at a call."""

_QUERIED: Mapping[str, re.Pattern[str]] = {
    name: re.compile(r"^\+\w+:\s*\d+\s*,\s*\d")
    for name in ("+CREG", "+CGREG", "+CEREG", "+C5GREG")
}  # fmt: skip
"""Names that come both ways, with the form that answers a query: `<n>,<stat>`. Unsolicited it is `<stat>[,"<lac>"…]`."""


class Kind(Enum):
    """What a line is."""

    ANSWER = "answer"
    FINAL = "final"
    UNSOLICITED = "unsolicited"


@dataclass(frozen=True, slots=True)
class AtAnswer:
    """A complete answer to one command."""

    command: str
    lines: tuple[str, ...]
    """Information text, without the final result."""
    final: str
    """The final result as it came: OK, ERROR, +CME ERROR: 100…"""
    echoed: bool = False
    """Whether the modem sent the command back first."""

    @property
    def ok(self) -> bool:
        """Whether the command was executed. SEND OK ends what makers' modules send from a prompt."""
        return self.final in ("OK", "SEND OK")

    @property
    def error(self) -> int | str | None:
        """The number or text of +CME ERROR or +CMS ERROR; "" for an error without one; None for OK."""
        if self.ok:
            return None
        match = _ERROR_NUMBERED.match(self.final)
        if match is None:
            return ""
        detail = match[2].strip()
        return int(detail) if _NUMBER.fullmatch(detail) else detail

    def value(self, name: str) -> str | None:
        """What follows `name:` in the first line that has it, e.g. `value("+CSIM")`."""
        prefix = f"{name}:".upper()
        found = next((line for line in self.lines if line.upper().startswith(prefix)), None)
        return None if found is None else found[len(prefix) :].strip()

    def checked(self) -> AtAnswer:
        """This answer, where it is OK. Raises AtRefused."""
        if not self.ok:
            raise AtRefused(self)
        return self


class AtRefused(DeviceFault):
    """A modem answered a command with another final result than OK. `.answer` has it."""

    def __init__(self, answer: AtAnswer) -> None:
        super().__init__(f"{answer.command} answered {answer.final}")
        self.answer = answer


def command_name(command: str) -> str:
    """The extended name a command's own lines begin with, in capitals; empty for basic commands such as ATI."""
    match = _COMMAND_NAME.match(command)
    return match[1].upper() if match else ""


def line_kind(line: str, command: str | None, also: tuple[str, ...] = ()) -> Kind:
    """What a line is, after `command` (None: no command is under way). `also` names other prefixes of its answer."""
    if command is None:
        return Kind.UNSOLICITED
    if line in _FINALS or _ERROR_NUMBERED.match(line):
        return Kind.FINAL
    if line.upper() in ANNOUNCEMENTS:
        return Kind.UNSOLICITED
    match = _NAMED.match(line)
    if match is None:
        return Kind.ANSWER
    name = match[1].upper()
    if name not in (command_name(command), *also):
        return Kind.UNSOLICITED
    form = _QUERIED.get(name)
    if form is not None and command.endswith("?") and not command.endswith("=?") and not form.match(line):
        return Kind.UNSOLICITED
    return Kind.ANSWER
