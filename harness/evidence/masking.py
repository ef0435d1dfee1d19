"""Masking what identifies a device or subscriber, in octets and in words, the same way everywhere.

The record itself is never masked: evidence is what was on the wire. Who hands a run directory on hands its identifiers on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Generic, TypeVar

from harness.evidence.forms import OctetForm, TextForm, octet_forms, plainest, text_forms
from harness.evidence.identifiers import Identifier

MASK = "•"
CACHED = 1024
MIN_TEXT = 10
"""Words shorter than this hold no identifier whole."""


Text = TypeVar("Text", bytes, str)
Form = TypeVar("Form")


class Needles(Generic[Text, Form]):
    """What to look for, all at once: a run has a thousand needles, and most messages hold none.

    A text is looked at in strides of half the shortest needle: wherever a needle stands, exactly one stride begins within
    its first half, and there the text reads on as the needle does.
    """

    def __init__(self, needles: Iterable[tuple[Text, Form]]) -> None:
        pairs = list(needles)
        self._stride = (min((len(needle) for needle, _ in pairs), default=0) + 1) // 2
        self._by_piece: dict[Text, list[tuple[int, Text, Form]]] = {}
        for needle, form in pairs:
            for before in range(self._stride):
                piece = needle[before : before + self._stride]
                self._by_piece.setdefault(piece, []).append((before, needle, form))

    def found(self, text: Text) -> Iterator[tuple[int, Form]]:
        """Where each needle stands, overlapping ones too, and what it was given with."""
        stride, known = self._stride, self._by_piece
        if not stride:
            return
        for at in range(0, len(text) - stride + 1, stride):
            piece = text[at : at + stride]
            if piece in known:
                for before, needle, form in known[piece]:
                    if at >= before and text.startswith(needle, at - before):
                        yield at - before, form


@dataclass(frozen=True, slots=True)
class _Secret:
    """Which half octets of a needle are secret, as the first of each run of them and the one behind it."""

    size: int
    """Octets of the needle."""
    runs: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, form: OctetForm) -> _Secret:
        runs, at = [], 0
        for secret, flags in groupby(form.secret):
            behind = at + len(list(flags))
            if secret:
                runs.append((at, behind))
            at = behind
        return cls(len(form.needle), tuple(runs))


class Masker:
    """Writes octets in hexadecimal and words as they are, with what is secret replaced by MASK.

    Without identifiers it hides nothing: that is what a caller asks for who wants to see all.
    """

    def __init__(self, identifiers: Iterable[Identifier] = ()) -> None:
        self.identifiers = tuple(dict.fromkeys(identifiers))
        forms = {form for identifier in self.identifiers for form in octet_forms(identifier)}
        self._octets = Needles((form.needle, _Secret.of(form)) for form in forms)
        found = {(form.expression, form.secret): form for one in self.identifiers for form in text_forms(one)}
        self._texts: list[TextForm] = list(found.values())
        self._anchors = Needles((form.anchor, form.anchor) for form in self._texts)
        # A message is asked for once whole and once for each of its fields, all in a row.
        self._written = lru_cache(CACHED)(self._write)
        self._said = lru_cache(CACHED)(self._mask_text)

    def hex(self, octets: bytes, half_octets: Iterable[int] = ()) -> str:
        """Upper-case hexadecimal. `half_octets` are further places to mask, counted from the first half octet."""
        places = frozenset(half_octets)
        return self._write(octets, places) if places else self._written(octets)

    def _write(self, octets: bytes, places: frozenset[int] = frozenset()) -> str:
        hidden = self._hidden(octets, places)
        text = octets.hex().upper()
        if hidden is None:
            return text
        return "".join(MASK if secret else character for character, secret in zip(text, hidden, strict=True))

    def characters(self, octets: bytes, half_octets: Iterable[int] = ()) -> str:
        """Octets that are text, each octet that holds something secret masked; what is no UTF-8 is escaped."""
        hidden = self._hidden(octets, half_octets)
        if hidden is not None:
            mask = MASK.encode()
            pieces = (mask if any(hidden[2 * at : 2 * at + 2]) else octets[at : at + 1] for at in range(len(octets)))
            octets = b"".join(pieces)
        return self.text(octets.decode("utf-8", errors="backslashreplace"))

    def text(self, text: str) -> str:
        """Words."""
        if len(text) < MIN_TEXT or not self._texts:
            return text
        return self._said(text)

    def places(self, octets: bytes) -> Mapping[int, int]:
        """Where whole identifiers stand in octets: first octet to the octet behind the last."""
        found: dict[int, int] = {}
        for at, secret in self._octets.found(octets):
            found[at] = max(found.get(at, 0), at + secret.size)
        return found

    def secret_places(self, octets: bytes) -> set[int]:
        """Which half octets are secret, counted from the first."""
        return {at for at, secret in enumerate(self._hidden(octets) or ()) if secret}

    def _hidden(self, octets: bytes, half_octets: Iterable[int] = ()) -> bytearray | None:
        """One flag a half octet, set where it is secret; None where nothing is: a message of zeroes may be one long key."""
        flags: bytearray | None = None
        for at, secret in self._octets.found(octets):
            flags = flags or bytearray(2 * len(octets))
            for first, behind in secret.runs:
                flags[2 * at + first : 2 * at + behind] = b"\x01" * (behind - first)
        for at in half_octets:
            flags = flags or bytearray(2 * len(octets))
            flags[at] = 1
        return flags

    def _mask_text(self, text: str) -> str:
        anchors = {anchor for _, anchor in self._anchors.found(plainest(text))}
        if not anchors:
            return text
        characters = list(text)
        for form in self._texts:
            if form.anchor not in anchors:
                continue
            for found in form.found_in(text):
                for number, secret in enumerate(form.secret, 1):
                    if secret:
                        start, end = found.span(number)
                        characters[start:end] = [MASK] + [""] * (end - start - 1)
        return "".join(characters)
