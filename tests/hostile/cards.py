"""Cards that lie. Each stands before a conforming simulated card and spoils what it says, or says something else.

`ANSWERS` spoil what a card says at the level of the APDU; `MESSAGES` spoil whole ES10 answers, cut into APDUs as a real
card would cut them, so that what arrives is well transported nonsense.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from harness.codec import DecodeError, tlv

OK = b"\x90\x00"
LONGEST = 64 * 1024


class Card(Protocol):
    """What stands behind a liar."""

    def power_on(self) -> bytes: ...

    def power_off(self) -> None: ...

    def transmit(self, command: bytes) -> bytes: ...


class Liar:
    """A card that tells the truth; the others are made of it."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self.resets = 0

    def power_on(self) -> bytes:
        self.resets += 1
        return self._card.power_on()

    def power_off(self) -> None:
        self._card.power_off()

    def transmit(self, command: bytes) -> bytes:
        return self._card.transmit(command)

    def __getattr__(self, name: str) -> Any:
        """The hands that a simulated card offers besides its contacts lie about nothing."""
        return getattr(self._card, name)


class Says(Liar):
    """Answers every command by one function of it."""

    def __init__(self, card: Card, answer: Callable[[bytes], bytes]) -> None:
        super().__init__(card)
        self._answer = answer

    def transmit(self, command: bytes) -> bytes:
        return self._answer(command)


class Spoils(Liar):
    """Answers as the card behind it does, with one function applied to command and response."""

    def __init__(self, card: Card, spoil: Callable[[bytes, bytes], bytes]) -> None:
        super().__init__(card)
        self._spoil = spoil

    def transmit(self, command: bytes) -> bytes:
        return self._spoil(command, super().transmit(command))


class FallsSilent(Liar):
    """Answers so many commands in its life, and none after them, whatever is reset."""

    def __init__(self, card: Card, after: int) -> None:
        super().__init__(card)
        self._left = after

    def transmit(self, command: bytes) -> bytes:
        self._left -= 1
        return super().transmit(command) if self._left >= 0 else b""


class TiresUntilReset(Liar):
    """Answers so many commands after each reset, and none after them."""

    def __init__(self, card: Card, after: int) -> None:
        super().__init__(card)
        self._after = self._left = after

    def power_on(self) -> bytes:
        self._left = self._after
        return super().power_on()

    def transmit(self, command: bytes) -> bytes:
        self._left -= 1
        return super().transmit(command) if self._left >= 0 else b""


class AlwaysProactive(Liar):
    """Ends every good answer with 91xx and gives the same octets to each FETCH."""

    def __init__(self, card: Card, command: bytes, status: bytes = OK) -> None:
        super().__init__(card)
        self._command = command
        self._fetched = command + status

    def transmit(self, command: bytes) -> bytes:
        if command[1] == 0x12:
            return self._fetched
        response = super().transmit(command)
        return response[:-2] + bytes([0x91, len(self._command) & 0xFF]) if response[-2:] == OK else response


Change = Callable[[bytes, bytes], bytes]
"""From an ES10 request (as far as its last block shows it) and its answer to what is said instead."""


class SpoilsMessages(Liar):
    """Collects each ES10 answer whole, changes it, and gives it out again by 61xx and GET RESPONSE."""

    def __init__(self, card: Card, change: Change) -> None:
        super().__init__(card)
        self._change = change
        self._waiting = b""
        self._status = OK

    def power_on(self) -> bytes:
        self._waiting = b""
        return super().power_on()

    def transmit(self, command: bytes) -> bytes:
        if command[1] == 0xC0 and self._waiting:
            return self._next()
        response = super().transmit(command)
        if command[1:3] != b"\xe2\x91" or response[-2:-1] not in (b"\x61", b"\x90", b"\x91"):
            return response
        answer, status = response[:-2], response[-2:]
        while status[:1] == b"\x61":
            response = super().transmit(bytes([command[0] & 0x43 | command[0] & 0x80, 0xC0, 0, 0, status[1]]))
            answer, status = answer + response[:-2], response[-2:]
        self._status = status
        self._waiting = self._change(command, answer) if answer else answer
        return self._next() if len(self._waiting) <= 0 else b"\x61" + bytes([len(self._waiting[:256]) & 0xFF])

    def _next(self) -> bytes:
        part, self._waiting = self._waiting[:256], self._waiting[256:]
        return part + (b"\x61" + bytes([len(self._waiting[:256]) & 0xFF]) if self._waiting else self._status)


def rewritten(answer: bytes, change: Callable[[tlv.Tlv], bytes | None]) -> bytes:
    """The answer with `change` applied to each TLV in it, outermost first; None goes on inside."""

    def one(found: tlv.Tlv) -> bytes:
        changed = change(found)
        if changed is not None:
            return changed
        return tlv.build(found.tag, *map(one, found.children)) if found.is_constructed else found.raw

    try:
        return one(tlv.parse(answer))
    except DecodeError:
        return answer


def _primitive(value: Callable[[bytes], bytes]) -> Change:
    return lambda _, answer: rewritten(
        answer, lambda found: None if found.is_constructed else tlv.build(found.tag, value(found.value))
    )


def _of_tag(tag: int, value: Callable[[bytes], bytes]) -> Change:
    return lambda _, answer: rewritten(
        answer, lambda found: tlv.build(tag, value(found.value)) if found.tag == tag else None
    )


def _indefinite(_: bytes, answer: bytes) -> bytes:
    outer = tlv.parse(answer)
    return tlv.tag_octets(outer.tag) + b"\x80" + outer.value + b"\x00\x00"


def _other_tag(_: bytes, answer: bytes) -> bytes:
    return bytes([answer[0], answer[1] ^ 0x01, *answer[2:]])


def _deeply_nested(_: bytes, answer: bytes) -> bytes:
    for _ in range(200):
        answer = tlv.build(0xA0, answer)
    return tlv.build(0xBF51, answer)


def _doubled_fields(_: bytes, answer: bytes) -> bytes:
    outer = tlv.parse(answer)
    if not outer.is_constructed:
        return answer
    return tlv.build(outer.tag, *(child.raw * 2 for child in outer.children))


def _doubled_inside(_: bytes, answer: bytes) -> bytes:
    def twice(found: tlv.Tlv) -> bytes | None:
        if not found.is_constructed or any(child.is_constructed for child in found.children):
            return None
        return tlv.build(found.tag, *(child.raw * 2 for child in found.children))

    return rewritten(answer, twice)


def _reversed_fields(_: bytes, answer: bytes) -> bytes:
    def turned(found: tlv.Tlv) -> bytes:
        return tlv.build(found.tag, *map(turned, found.children[::-1])) if found.is_constructed else found.raw

    return turned(tlv.parse(answer))


def _emptied(_: bytes, answer: bytes) -> bytes:
    return tlv.build(tlv.parse(answer).tag)


def _without_last_field(_: bytes, answer: bytes) -> bytes:
    outer = tlv.parse(answer)
    return tlv.build(outer.tag, *(child.raw for child in outer.children[:-1])) if outer.is_constructed else answer


def _junk_certificates(_: bytes, answer: bytes) -> bytes:
    junk = bytes.fromhex("3003020100")

    def junked(found: tlv.Tlv) -> bytes | None:
        if found.tag == 0x30 and len(found.raw) > 250 and found.children[0].tag == 0x30:
            return junk
        return tlv.build(found.tag, junk[2:]) if found.tag in (0xA5, 0xA6) else None

    return rewritten(answer, junked)


def _swapped_certificates(_: bytes, answer: bytes) -> bytes:
    outer = tlv.parse(answer)
    if outer.tag != 0xBF56:
        return answer
    euicc, eum = outer.get(0xA0, 0xA6), outer.get(0xA0, 0xA5)
    return tlv.build(0xBF56, tlv.build(0xA0, tlv.build(0xA5, euicc.value), tlv.build(0xA6, eum.value)))


def _long(_: bytes, answer: bytes) -> bytes:
    return tlv.build(tlv.parse(answer).tag, bytes(LONGEST))


def _huge_numbers(_: bytes, answer: bytes) -> bytes:
    return rewritten(
        answer,
        lambda found: (
            tlv.build(found.tag, b"\x7f" + b"\xff" * 40) if not found.is_constructed and len(found.value) <= 2 else None
        ),
    )


def random_octets(seed: int, rate: float) -> Change:
    """Changes about one octet in 1/rate answers."""
    chance = random.Random(seed)

    def change(_: bytes, answer: bytes) -> bytes:
        if not answer or chance.random() > rate:
            return answer
        at = chance.randrange(len(answer))
        return answer[:at] + bytes([chance.randrange(256)]) + answer[at + 1 :]

    return change


def random_structure(seed: int, rate: float) -> Change:
    """Removes, doubles, empties or retags one TLV somewhere in about `rate` of the answers; lengths stay right."""
    chance = random.Random(seed)

    def change(_: bytes, answer: bytes) -> bytes:
        try:
            found = list(tlv.parse(answer).walk())
        except DecodeError:
            return answer
        if chance.random() > rate:
            return answer
        victim = chance.choice(found)
        instead = chance.choice(
            [
                b"",
                victim.raw * 2,
                tlv.build(victim.tag),
                tlv.build(victim.tag ^ 1, victim.value),
                tlv.build(victim.tag, victim.value[:-1]),
                tlv.build(victim.tag, victim.value, b"\x00"),
                tlv.build(victim.tag, b"\xff" * len(victim.value)),
                tlv.build(victim.tag, bytes(len(victim.value))),
            ]
        )
        return rewritten(
            answer, lambda here: instead if here.offset == victim.offset and here.raw == victim.raw else None
        )

    return change


class AnotherEid(SpoilsMessages):
    """Has another EID after each reset."""

    def __init__(self, card: Card) -> None:
        super().__init__(card, lambda _, answer: rewritten(answer, self._other))

    def _other(self, found: tlv.Tlv) -> bytes | None:
        if found.tag == 0x5A and len(found.value) == 16:
            return tlv.build(0x5A, found.value[:-3] + self.resets.to_bytes(3, "big"))
        return None


def _channel(octets: bytes) -> Callable[[Card], Card]:
    return lambda card: Spoils(
        card, lambda command, response: octets + OK if command[:3] == b"\x00\x70\x00" else response
    )


def _status(words: str) -> Callable[[Card], Card]:
    return lambda card: Says(card, lambda _: bytes.fromhex(words))


def _store_data_status(words: str) -> Callable[[Card], Card]:
    return lambda card: Spoils(card, lambda command, response: bytes.fromhex(words) if command[1] == 0xE2 else response)


GARBAGE = bytes(random.Random(7).randrange(256) for _ in range(300))

ANSWERS: Mapping[str, Callable[[Card], Card]] = {
    "garbage": lambda card: Says(card, lambda command: GARBAGE[: 1 + sum(command) % 290]),
    "one-octet": _status("90"),
    "nothing": _status(""),
    "zero-status": _status("0000"),
    "9000-and-no-more": _status("9000"),
    "61ff-for-ever": _status("61FF"),
    "61-with-data-for-ever": lambda card: Says(card, lambda _: bytes(256) + b"\x61\xff"),
    "61-with-an-octet-for-ever": lambda card: Says(card, lambda _: b"\x00\x61\x01"),
    "6c10-for-ever": _status("6C10"),
    "9110-for-ever": _status("9110"),
    "6f00-for-ever": _status("6F00"),
    "echo": lambda card: Says(card, lambda command: command),
    "echo-9000": lambda card: Says(card, lambda command: command + OK),
    "64-kilobytes": lambda card: Says(card, lambda _: bytes(LONGEST) + OK),
    "channel-0": _channel(b"\x00"),
    "channel-19": _channel(b"\x13"),
    "channel-20": _channel(b"\x14"),
    "channel-of-two-octets": _channel(b"\x01\x02"),
    "no-channel": _channel(b""),
    "store-data-61ff": _store_data_status("61FF"),
    "store-data-6c00": _store_data_status("6C00"),
    "store-data-6985": _store_data_status("6985"),
    "store-data-6881": _store_data_status("6881"),
    "store-data-9000": _store_data_status("9000"),
    "store-data-9110": _store_data_status("9110"),
    "store-data-silent": _store_data_status(""),
    "silent-from-the-first": lambda card: FallsSilent(card, 0),
    "silent-after-6": lambda card: FallsSilent(card, 6),
    "silent-after-300": lambda card: FallsSilent(card, 300),
    "tires-after-8": lambda card: TiresUntilReset(card, 8),
    "tires-after-40": lambda card: TiresUntilReset(card, 40),
    "fetch-gives-garbage": lambda card: AlwaysProactive(card, GARBAGE[:40]),
    "fetch-gives-nothing": lambda card: AlwaysProactive(card, b""),
    "fetch-gives-no-details": lambda card: AlwaysProactive(card, bytes.fromhex("D00482028182")),
    "fetch-gives-short-details": lambda card: AlwaysProactive(card, bytes.fromhex("D00381010182")),
    "fetch-gives-more-for-ever": lambda card: AlwaysProactive(
        card, bytes.fromhex("D009810301250082028182"), b"\x91\x0b"
    ),
    "refresh-for-ever": lambda card: AlwaysProactive(card, bytes.fromhex("D009810301010482028182")),
}

MESSAGES: Mapping[str, Change] = {
    "wrong-tag": _other_tag,
    "indefinite-length": _indefinite,
    "deeply-nested": _deeply_nested,
    "fields-twice": _doubled_fields,
    "inner-fields-twice": _doubled_inside,
    "fields-reversed": _reversed_fields,
    "empty-message": _emptied,
    "last-field-missing": _without_last_field,
    "cut-in-half": lambda _, answer: answer[: len(answer) // 2],
    "octet-behind-the-end": lambda _, answer: answer + b"\x00",
    "message-twice": lambda _, answer: answer * 2,
    "echo-of-the-request": lambda command, _: command[5:],
    "eid-of-15-octets": _of_tag(0x5A, lambda value: value[:15] if len(value) == 16 else value),
    "eid-empty": _of_tag(0x5A, lambda value: b"" if len(value) == 16 else value),
    "pir-of-another-transaction": lambda _, answer: (
        answer
        if answer[:2] != b"\xbf\x37"
        else rewritten(
            answer, lambda found: tlv.build(0x80, bytes(16)) if found.tag == 0x80 and len(found.value) == 16 else None
        )
    ),
    "junk-certificates": _junk_certificates,
    "swapped-certificates": _swapped_certificates,
    "values-empty": _primitive(lambda _: b""),
    "values-zero": _primitive(lambda value: bytes(len(value))),
    "values-ff": _primitive(lambda value: b"\xff" * len(value)),
    "values-longer": _primitive(lambda value: value + b"\x01"),
    "numbers-huge": _huge_numbers,
    "signatures-zero": _of_tag(0x5F37, lambda value: bytes(len(value))),
    "signatures-of-63-octets": _of_tag(0x5F37, lambda value: value[:63]),
    "64-kilobyte-message": _long,
}


def liars() -> dict[str, Callable[[Card], Card]]:
    """Every lying card by its name, and one that tells the truth."""
    found: dict[str, Callable[[Card], Card]] = {"truth": Liar, **ANSWERS}
    for name, change in MESSAGES.items():
        found[name] = lambda card, change=change: SpoilsMessages(card, change)  # type: ignore[misc]
    found["another-eid-after-each-reset"] = AnotherEid
    return found
