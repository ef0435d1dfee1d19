"""Defects of a module in how it talks, and in how it passes APDUs to its card."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from harness.codec import tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import all_of, answering, around, with_rule
from harness.simulators.module import grammar
from harness.simulators.module.grammar import AtCommand, AtError
from harness.simulators.module.modem import FULL, Modem

_LONGEST_PASSED = 128
_LONGEST_LINE = 400
_PLAIN_TERMINAL = tlv.build(0xA9, bytes.fromhex("8100820101"))
_MIXED_ANSWERS = 3
_mixing: WeakKeyDictionary[Modem, int] = WeakKeyDictionary()
"""How many answers to +CGLA are still to be mixed up."""


def _unmoved(modem: Modem, command: AtCommand) -> list[str]:
    return []


def _numbered(code: int | None, verbosity: int) -> str:
    return grammar.error(code, verbosity or 1)


def _worded(code: int | None, verbosity: int) -> str:
    return grammar.error(code, 2 if verbosity else 0)


def _length_ignored(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    """Takes whatever even number of digits there is."""
    digits = re.sub("[^0-9A-F]", "", command.parameters[-1].upper()) if command.parameters else ""
    digits = digits[: len(digits) // 2 * 2]
    passed: list[str] = inner(modem, replace(command, parameters=(str(len(digits)), digits)))
    return passed


def _refusal_hidden(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    try:
        opened: list[str] = inner(modem, command)
    except AtError:
        return []
    return opened


def _wedged(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    """The first refusal is the last word: no channel is opened any more."""
    try:
        opened: list[str] = inner(modem, command)
    except AtError as fault:
        if fault.code == grammar.MEMORY_FULL:
            modem.dialect = replace(modem.dialect, missing=modem.dialect.missing | {command.name})
        raise
    return opened


def _cut(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    """What does not fit its buffer is left out, and the rest is sent as if it were whole."""
    passed: list[str]
    if len(command.parameters) != 3 or len(command.parameters[2]) <= 2 * _LONGEST_PASSED:
        passed = inner(modem, command)
        return passed
    session, _, digits = command.parameters
    digits = digits[: 2 * _LONGEST_PASSED]
    passed = inner(modem, replace(command, parameters=(session, str(len(digits)), digits)))
    return passed


def _character_lost(inner: Any, lines: list[str], announcements: list[str], final: str) -> bytes:
    """The line overflows a buffer of the serial port."""
    whole: bytes = inner(
        [line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + line[_LONGEST_LINE + 1 :] for line in lines],
        announcements,
        final,
    )
    return whole


def _starts_mixing(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    answered: list[str] = inner(modem, command)
    if modem.functionality == FULL:
        _mixing[modem] = _MIXED_ANSWERS
    return answered


def _mixed(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    """What the module reads for itself goes out as the answer to the host's APDU."""
    answered: list[str] = inner(modem, command)
    if not _mixing.get(modem, 0):
        return answered
    _mixing[modem] -= 1
    return ['+CGLA: 24,"986810325476981032549000"']


DEFECTS: tuple[Defect, ...] = (
    Defect("echoes-whatever-it-is-told", "module", "ATE0 says OK, and the echo goes on.", with_rule("ATE", _unmoved)),
    Defect(
        "numbers-errors-unasked", "module", "Errors come as +CME ERROR although +CMEE=0.", with_rule("error", _numbered)
    ),
    Defect("words-errors-for-numbers", "module", "With +CMEE=1 errors come in words.", with_rule("error", _worded)),
    Defect(
        "takes-apdus-of-any-length",
        "module",
        "+CSIM ignores the length that it is told.",
        around("AT+CSIM", _length_ignored),
    ),
    Defect(
        "opens-nothing-and-says-ok",
        "module",
        "When no channel is left +CCHO says OK without a session id.",
        around("AT+CCHO", _refusal_hidden),
    ),
    Defect(
        "wedges-when-channels-run-out",
        "module",
        "Once +CCHO was refused for want of a channel, it is refused for good.",
        around("AT+CCHO", _wedged),
    ),
    Defect(
        "cuts-long-apdus",
        "module",
        "An APDU over 128 octets reaches the card without its end.",
        around("AT+CGLA", _cut),
    ),
    Defect(
        "loses-characters-of-long-lines",
        "module",
        "A line of more than 400 characters loses one of them.",
        around("answer", _character_lost),
    ),
    Defect(
        "mixes-answers-while-registering",
        "module",
        "While the module reads its SIM after a start, +CGLA gets the answers to the module's own commands.",
        all_of(around("AT+CFUN", _starts_mixing), around("AT+CGLA", _mixed)),
    ),
    Defect(
        "passes-for-a-plain-terminal",
        "module",
        "TERMINAL CAPABILITY says nothing of eUICCs (83) nor of an IPAd (84), so that the card refuses ES10.",
        answering("terminal-capability", bytes.fromhex("80AA0000") + bytes([len(_PLAIN_TERMINAL)]) + _PLAIN_TERMINAL),
    ),
)
