"""Defects of a module in what carries its traffic after a change of profile, one for each layer that is its own."""

from __future__ import annotations

import re
from typing import Any

from harness.rules import Rules
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, around, with_rule
from harness.simulators.module import grammar
from harness.simulators.module.grammar import READ, AtCommand, AtError
from harness.simulators.module.modem import Modem


def _unregistered(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    lines: list[str] = inner(modem, command)
    return [re.sub(r"\d+$", "0", line) for line in lines] if command.form == READ else lines


def _sticky_apn(rules: Rules) -> Rules:
    first: list[str] = []
    inner = rules["apn-in-use"]

    def apn(modem: Modem, cid: int) -> str:
        found: str = inner(modem, cid)
        if found and not first:
            first.append(found)
        return first[0] if first else found

    return rules.replacing("apn-in-use", apn)


def _no_names(modem: Modem, host: str) -> str:
    raise AtError(grammar.OPERATION_NOT_ALLOWED)


def _connected_in_silence(inner: Any, modem: Modem, number: int, address: str, port: int) -> None:
    inner(modem, number, address, port)
    raise AtError(grammar.OPERATION_NOT_ALLOWED)


def _one_short(inner: Any, modem: Modem, number: int, most: int, within: float = 0.0) -> bytes:
    octets: bytes = inner(modem, number, most, within)
    return octets[:-1]


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "denies-its-registration",
        "module",
        "+CEREG? says that the module is not registered, although data go over its network.",
        around("AT+CEREG", _unregistered),
    ),
    Defect(
        "leaves-its-context-down",
        "module",
        "The host's context is not active, although the module is attached with another of its own.",
        answering("contexts-up", frozenset()),
    ),
    Defect("keeps-the-former-apn", "module", "The APN of the first profile is used with every other.", _sticky_apn),
    Defect(
        "gives-its-context-no-address",
        "module",
        "The context is active and has no address.",
        answering("context-address", ""),
    ),
    Defect("resolves-no-names", "module", "No name is resolved for the host.", with_rule("name-resolution", _no_names)),
    Defect(
        "denies-its-connections",
        "module",
        "A connection is made, and the host is told that it was not.",
        around("socket-connect", _connected_in_silence),
    ),
    Defect(
        "loses-what-its-sockets-receive",
        "module",
        "The last octet of what a socket received never reaches the host.",
        around("socket-data", _one_short),
    ),
)
