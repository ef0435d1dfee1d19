"""Defects of a module at its AT port."""

from __future__ import annotations

import re
from typing import Any
from weakref import WeakKeyDictionary

from harness.simulators.defects import Defect, module_at, module_channels, module_data, module_life, module_polling
from harness.simulators.defects.changes import Change, around, with_rule
from harness.simulators.module import grammar
from harness.simulators.module.grammar import AtCommand, AtError
from harness.simulators.module.modem import Modem, answer
from harness.simulators.module.sleep import Sleeping


def _refused(modem: Modem, command: AtCommand) -> list[str]:
    raise AtError(grammar.OPERATION_NOT_SUPPORTED)


def _without_text(modem: Modem, command: AtCommand) -> list[str]:
    return []


def _cut(lines: list[str], announcements: list[str], final: str) -> bytes:
    """What comes by itself goes out at once, in the middle of the line that is being written."""
    if not announcements or not lines:
        return answer(lines, announcements, final)
    first, *rest = (*lines, final)
    middle = len(first) // 2
    cut = first[:middle] + "".join(announcements) + first[middle:]
    return b"".join(grammar.line(text) for text in (cut, *rest))


def _octets_counted(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    """The length is told in octets where 27.007 asks for characters."""
    return [_recounted(text) for text in inner(modem, command)]


def _recounted(text: str) -> str:
    name, _, rest = text.partition(": ")
    length, _, data = rest.partition(",")
    return f"{name}: {int(length) // 2},{data}"


def _only_status(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    """Answers that hold more than a status word are cut to it."""
    lines = []
    for text in inner(modem, command):
        name, _, rest = text.partition(": ")
        data = rest.partition(",")[2].strip('"')
        lines.append(f'{name}: 4,"{data[-4:]}"')
    return lines


def _stays_open(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    """Says OK to any number and closes nothing."""
    return []


def _wrong_session(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    """Gives a session id one above the one that works."""
    return [re.sub(r"\d+$", lambda session: str(int(session[0]) + 1), text) for text in inner(modem, command)]


_FIRST_TOLD: WeakKeyDictionary[Modem, tuple[Sleeping, list[str]]] = WeakKeyDictionary()
"""With what each boot makes anew, so that it is known for this boot's."""


def _as_first_told(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    boot, lines = _FIRST_TOLD.get(modem, (None, []))
    if boot is not modem.sleeping:
        lines = inner(modem, command)
        _FIRST_TOLD[modem] = modem.sleeping, lines
    return lines


def _everywhere(wrapper: Any) -> Change:
    def change(rules: Any) -> Any:
        for name in ("AT+CSIM", "AT+CGLA"):
            rules = around(name, wrapper)(rules)
        return rules

    return change


DEFECTS: tuple[Defect, ...] = (
    *module_at.DEFECTS,
    *module_data.DEFECTS,
    *module_channels.DEFECTS,
    *module_polling.DEFECTS,
    *module_life.DEFECTS,
    Defect("refuses-to-name-its-model", "module", "AT+CGMM ends in an error.", with_rule("AT+CGMM", _refused)),
    Defect("names-no-revision", "module", "AT+CGMR says OK and nothing else.", with_rule("AT+CGMR", _without_text)),
    Defect(
        "cuts-answers-with-announcements",
        "module",
        "An unsolicited result code goes out in the middle of a line of an answer.",
        with_rule("answer", _cut),
    ),
    Defect(
        "counts-octets-for-characters",
        "module",
        "The length in +CSIM and +CGLA answers is half of what it has to be.",
        _everywhere(_octets_counted),
    ),
    Defect(
        "drops-apdu-data",
        "module",
        "The answer to +CSIM holds the status word and not the data before it.",
        around("AT+CSIM", _only_status),
    ),
    Defect(
        "closes-sessions-in-name-only",
        "module",
        "AT+CCHC says OK, and the session and its channel stay open.",
        around("AT+CCHC", _stays_open),
    ),
    Defect(
        "miscounts-sessions",
        "module",
        "AT+CCHO gives a session id that AT+CGLA does not know.",
        around("AT+CCHO", _wrong_session),
    ),
    Defect(
        "tells-the-imsi-of-the-boot",
        "module",
        "AT+CIMI goes on telling the IMSI that it told first, whichever profile is enabled by now.",
        around("AT+CIMI", _as_first_told),
    ),
)
