"""What a card of each SGP.32 version does differently on the wire, as one table.

Rules of this room:
- The functions of the card are written for v1.2. What another version knows differently is changed where requests come in
  and answers leave, and in each result before it is signed; no function asks which version it belongs to.
- A change stands in the table under the path of tags that leads to it.
- A result code that a version does not have is answered as undefinedError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.simulators.euicc.config import CardConfig

UNDEFINED_ERROR = 127
Path = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Codes:
    """The values of a result that a version has; any other becomes undefinedError."""

    known: frozenset[int]

    def __call__(self, one: Tlv) -> bytes:
        return one.raw if one.value and one.value[-1] in self.known else tlv.integer(one.tag, UNDEFINED_ERROR)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A field that a version does not have."""

    def __call__(self, _one: Tlv) -> bytes:
        return b""


@dataclass(frozen=True, slots=True)
class Retagged:
    """A field that another version has under another tag."""

    tag: int

    def __call__(self, one: Tlv) -> bytes:
        return tlv.build(self.tag, one.value)


@dataclass(frozen=True, slots=True)
class Followed:
    """A structure that has one more field at its end."""

    field: bytes

    def __call__(self, one: Tlv) -> bytes:
        return tlv.build(one.tag, one.value, self.field)


@dataclass(frozen=True, slots=True)
class FirstBits:
    """A BIT STRING of which a version knows the first bits, up to eight."""

    count: int

    def __call__(self, one: Tlv) -> bytes:
        kept = one.value[1] & 0xFF00 >> self.count & 0xFF if len(one.value) > 1 else 0
        return tlv.build(one.tag, bytes([8 - self.count, kept]))


Change = Codes | Dropped | Retagged | Followed | FirstBits


@dataclass(frozen=True, slots=True)
class CardVersion:
    """What a card of one version knows and says otherwise than one of v1.2."""

    absent_functions: frozenset[int] = frozenset()
    """Tags of requests that it does not know."""
    absent_commands: frozenset[str] = frozenset()
    """Rule names of package commands that it does not know."""
    request_tags: Mapping[int, int] = field(default_factory=dict)
    """Its tag of a request, and of the answer, to that of v1.2."""
    requests: Mapping[Path, Change] = field(default_factory=dict)
    """Changes that make a v1.2 request of its own, by path."""
    answers: Mapping[Path, Change] = field(default_factory=dict)
    """Changes of answers, by path under and with the v1.2 tag of the request."""
    results: Mapping[Path, Change] = field(default_factory=dict)
    """Changes of one EuiccResultData, by path."""
    absent_profile_tags: frozenset[int] = frozenset()
    """Fields of ProfileInfo that it does not have."""
    has_iot_template: bool = True
    """The answer to SELECT has the template E1."""
    disable_tells_no_emergency_profile: bool = False
    """DisableEmergencyProfile has a code of its own for a card without an emergency profile."""
    result_signing: str = "result-signing-input"
    """The rule that says what signatures of results cover."""
    info_fields: Mapping[str, Any] = field(default_factory=dict)
    """What its EUICCInfo2 has beside the fields of v1.2."""
    iot_fields: Mapping[str, Any] = field(default_factory=dict)
    """What its IoTSpecificInfo has beside the fields of v1.2."""

    def request(self, one: Tlv) -> Tlv | None:
        """The request as v1.2 has it; None for a function that this version does not know."""
        if one.tag in self.absent_functions:
            return None
        changed = tlv.parse(_changed(one.raw, self.requests))
        tag = self.request_tags.get(one.tag)
        return changed if tag is None else tlv.parse(tlv.build(tag, changed.value))

    def answer(self, asked: int, octets: bytes) -> bytes:
        """An answer of v1.2 as this version has it. `asked` is the tag of the request as it came."""
        octets = _changed(octets, self.answers)
        if asked not in self.request_tags or not octets:
            return octets
        return tlv.build(asked, tlv.parse(octets).value)

    def result(self, octets: bytes) -> bytes:
        """One EuiccResultData of v1.2 as this version has it."""
        return _changed(octets, self.results)


def _changed(octets: bytes, changes: Mapping[Path, Change]) -> bytes:
    if not changes or not octets:
        return octets
    return b"".join(_walked(one, (one.tag,), changes) for one in tlv.parse_all(octets))


def _walked(one: Tlv, path: Path, changes: Mapping[Path, Change]) -> bytes:
    change = changes.get(path)
    if change is not None:
        return change(one)
    if not any(longer[: len(path)] == path for longer in changes):
        return one.raw
    return tlv.build(one.tag, *(_walked(child, (*path, child.tag), changes) for child in one.children))


def _codes(*known: int) -> Codes:
    return Codes(frozenset((*known, UNDEFINED_ERROR)))


_V1_0_1 = CardVersion(
    absent_functions=frozenset({0xBF42, 0xBF5B, 0xBF5C, 0xBF5D, 0xBF5E, 0xBF5F, 0xBF64, 0xBF65}),
    absent_commands=frozenset({"psmo-setFallbackAttribute", "psmo-unsetFallbackAttribute", "psmo-setDefaultDpAddress"}),
    request_tags={0xBF34: 0xBF64, 0xBF3F: 0xBF65},
    requests={
        (0xBF34, 0x82): FirstBits(3),
        (0xBF55, 0xA0): Dropped(),
        (0xBF5A,): Followed(b"\x80\x01\xff"),
    },
    answers={
        (0xBF51, 0xA2, 0x82): Dropped(),
        (0xBF57, 0x81): _codes(1, 2, 3, 5, 6),
        (0xBF5A, 0x80): _codes(0, 1, 4),
        (0xBF64, 0x80): _codes(0, 1, 5),
        (0xBF64, 0x81): Dropped(),
        (0xBF64, 0x82): Dropped(),
    },
    results={
        (0x83,): _codes(0, 1, 2),
        (0x84,): _codes(0, 1, 2),
        (0x85,): _codes(0, 1, 2),
        (0xA8, 0x02): _codes(0, 1, 3, 5, 6, 7),
        (0xAB, 0xA0, 0x30, 0x82): Retagged(0x84),
    },
    absent_profile_tags=frozenset({0x9F7B, 0x9F26, 0x9F67}),
    has_iot_template=False,
    result_signing="result-signing-input-v1.0",
)
_V1_2 = CardVersion()
_V1_3 = CardVersion(
    answers={(0xBF51, 0xA2): Followed(tlv.integer(0x8F, UNDEFINED_ERROR))},
    disable_tells_no_emergency_profile=True,
    info_fields={"euiccMinimumSecurityLevel": b"\x01"},
    iot_fields={"fallbackAllowedUpdateSupported": None},
)

CARD_VERSIONS: Mapping[str, CardVersion] = {"1.0.1": _V1_0_1, "1.2": _V1_2, "1.3": _V1_3}
"""By the SGP.32 version that a card announces (wire differences v1.0.1 to v1.2 and v1.2 to v1.3)."""


def version_of(config: CardConfig) -> CardVersion:
    """What the version of this card differs in."""
    return CARD_VERSIONS[config.version]
