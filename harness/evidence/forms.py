"""Every way an identifier is written: octets as packed or swapped digits, text, hexadecimal, base64, a program's print.

Rules of this room:
- A form is a needle and, character by character, which of its characters are secret. The rest stays readable: the issuer
  part of an EID or ICCID and its last digits, so that a person can tell two devices apart.
- Needles for octets are found in octets, needles for words in words; both lists come from the same identifier.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from harness.evidence.identifiers import Identifier, Kind

KEPT = {Kind.EID: (8, 4), Kind.ICCID: (7, 3), Kind.IMSI: (5, 2), Kind.KEY: (0, 0)}
"""How many digits stay readable at the beginning and at the end."""


@dataclass(frozen=True, slots=True)
class OctetForm:
    """Octets to look for. `secret` has one flag for each half octet."""

    needle: bytes
    secret: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class TextForm:
    """Words to look for. Each group of the expression is one digit or octet; `secret` has one flag a group."""

    expression: str
    secret: tuple[bool, ...]
    anchor: str
    """What `plainest` of a text contains where the expression is in it: a quick way to know that it is not."""

    def found_in(self, text: str) -> Iterator[re.Match[str]]:
        """Where it stands in a text."""
        return _compiled(self.expression).finditer(text)


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    """Compiled when it is needed: of a thousand forms, a run's words hold a few."""
    return re.compile(expression)


def plainest(text: str) -> str:
    """A text without what may stand between the parts of an identifier, in lower case."""
    return text.lower().translate(_SEPARATORS)


_SEPARATORS = dict.fromkeys(map(ord, " :.-\\\t\n"))


def octet_forms(identifier: Identifier) -> Iterator[OctetForm]:
    """The octets that hold this identifier."""
    plain = list(_binary_forms(identifier))
    yield from plain
    for form in plain:
        yield from _hex_text(form)
        yield from _base64(form)


def text_forms(identifier: Identifier) -> Iterator[TextForm]:
    """The words that hold this identifier."""
    for form in _binary_forms(identifier):
        digits = form.needle.hex()
        yield TextForm(_spread(digits), form.secret, digits)
        octets = tuple(any(form.secret[at : at + 2]) for at in range(0, len(form.secret), 2))
        yield TextForm(_printed(form.needle), octets, plainest(repr(form.needle)[2:-1]))
        numbers = [str(octet) for octet in form.needle]
        yield TextForm(r",\s*".join(f"({number})" for number in numbers), octets, ",".join(numbers))
        for inner in _base64(form):
            flags = tuple(any(inner.secret[at : at + 2]) for at in range(0, len(inner.secret), 2))
            letters = inner.needle.decode()
            yield TextForm("".join(f"({re.escape(letter)})" for letter in letters), flags, plainest(letters))
    if identifier.kind is not Kind.KEY:
        yield TextForm(_spread(identifier.value), _secret(identifier), identifier.value)


def _binary_forms(identifier: Identifier) -> Iterator[OctetForm]:
    value, secret = identifier.value, _secret(identifier)
    if identifier.kind is Kind.KEY:
        yield OctetForm(bytes.fromhex(value), secret)
        return
    padded, flags = (value, secret) if len(value) % 2 == 0 else (value + "f", (*secret, False))
    if identifier.kind is Kind.EID:
        yield OctetForm(bytes.fromhex(padded), flags)
    elif identifier.kind is Kind.ICCID:
        twenty, flags20 = value.ljust(20, "f"), (*secret, *[False] * (20 - len(value)))
        yield _swapped(twenty, flags20)
        yield OctetForm(bytes.fromhex(twenty), flags20)
    else:
        # EF_IMSI: a parity nibble stands before the digits (TS 31.102 §4.2.2).
        yield _swapped("9" + value, (False, *secret))
        yield OctetForm(bytes.fromhex(padded), flags)
    yield OctetForm(value.encode(), tuple(flag for flag in secret for _ in range(2)))


def _secret(identifier: Identifier) -> tuple[bool, ...]:
    head, tail = KEPT[identifier.kind]
    size = len(identifier.value)
    return tuple(head <= at < size - tail for at in range(size))


def _swapped(digits: str, secret: tuple[bool, ...]) -> OctetForm:
    order = [at ^ 1 for at in range(len(digits))]
    return OctetForm(bytes.fromhex("".join(digits[at] for at in order)), tuple(secret[at] for at in order))


def _hex_text(form: OctetForm) -> Iterator[OctetForm]:
    text = form.needle.hex()
    flags = tuple(flag for flag in form.secret for _ in range(2))
    for spelled in dict.fromkeys((text, text.upper())):
        yield OctetForm(spelled.encode(), flags)


def _base64(form: OctetForm) -> Iterator[OctetForm]:
    """The characters that the octets alone decide, for each of the three places they can begin at in a group of three."""
    bits = [flag for flag in form.secret for _ in range(4)]
    for before in range(3):
        text = base64.b64encode(bytes(before) + form.needle + bytes(-(before + len(form.needle)) % 3))
        first, last = -(-8 * before // 6), 8 * (before + len(form.needle)) // 6
        flags = []
        for at in range(first, last):
            start = 6 * at - 8 * before
            flags += [any(bits[start : start + 6])] * 2
        yield OctetForm(text[first:last], tuple(flags))
        if b"/" in text[first:last]:
            yield _escaped(text[first:last], flags)


def _escaped(text: bytes, flags: list[bool]) -> OctetForm:
    """The same with each slash written as some JSON writers do."""
    needle, wider = b"", []
    for at, octet in enumerate(text):
        piece = b"\\/" if octet == 0x2F else bytes([octet])
        needle += piece
        wider += flags[2 * at : 2 * at + 2] * len(piece)
    return OctetForm(needle, tuple(wider))


def _spread(digits: str) -> str:
    """The digits in a row, or grouped by single blanks, colons, hyphens or dots."""
    return "(?i)" + r"[ :.\-]?".join(f"({digit})" for digit in digits)


def _printed(octets: bytes) -> str:
    r"""The octets as a program prints them: \x89\x04 and plain letters between, backslashes perhaps doubled."""
    groups = []
    for octet in octets:
        # repr writes printable octets as themselves; one that looks like a digit must not swallow half an escape.
        plain = repr(bytes([octet]))[2:-1]
        groups.append(
            rf"(\\+x{octet:02x})" if plain.startswith("\\x") else f"({re.escape(plain)}|\\\\+{re.escape(plain)})"
        )
    return "(?i)" + "".join(groups)
