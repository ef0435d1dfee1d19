"""Files of a profile package: what the card is to create, with which contents, and who may read and write them.

Rules of this room:
- Every file states its descriptor, size and access rule itself, so that nothing rests on the defaults of a template.
- Access rules are the few of RULES; each directory has them as the records of its EF.ARR, in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.codec import tlv

Steps = list[tuple[str, Any]]
"""A File of the profile package: descriptor, then contents."""

_READ, _UPDATE, _ADMINISTER = 0x01, 0x02, 0x18
"""Bits of the access mode byte of an EF (ISO/IEC 7816-4): 18 is activate and deactivate."""
_DIRECTORY = 0x5E
"""Delete itself, deactivate, activate, create DF, create EF."""
_ALWAYS = bytes.fromhex("9000")
_PIN1 = bytes.fromhex("A406830101950108")
_ADM1 = bytes.fromhex("A40683010A950108")


def _rule(*grants: tuple[int, bytes]) -> bytes:
    return b"".join(tlv.build(0x80, bytes([mode])) + condition for mode, condition in grants)


DIRECTORY, PUBLIC, OWN, SUBSCRIPTION, OPEN = 1, 2, 3, 4, 5
"""Record numbers: a directory; all read; the card holder reads and writes; he reads only; all read and he writes."""

RULES: tuple[bytes, ...] = (
    _rule((_DIRECTORY, _ADM1)),
    _rule((_READ, _ALWAYS), (_UPDATE | _ADMINISTER, _ADM1)),
    _rule((_READ | _UPDATE, _PIN1), (_ADMINISTER, _ADM1)),
    _rule((_READ, _PIN1), (_UPDATE | _ADMINISTER, _ADM1)),
    _rule((_READ, _ALWAYS), (_UPDATE, _PIN1), (_ADMINISTER, _ADM1)),
)

MF_ARR = bytes.fromhex("2F06")
USIM_ARR = bytes.fromhex("6F06")

_TRANSPARENT = bytes.fromhex("4121")
_LINEAR_FIXED = bytes.fromhex("4221")


def directory(arr: bytes, pins: bytes, *, file_id: bytes = b"", aid: bytes = b"") -> Steps:
    """A DF or ADF. `pins` are the key references its PIN status template names."""
    descriptor: dict[str, Any] = {
        "securityAttributesReferenced": arr + bytes([DIRECTORY]),
        "pinStatusTemplateDO": pins,
    }
    if file_id:
        descriptor["fileID"] = file_id
    if aid:
        descriptor["dfName"] = aid
    return [("fileDescriptor", descriptor)]


def transparent(file_id: str, arr: bytes, rule: int, contents: bytes) -> Steps:
    """A transparent EF that holds exactly these octets."""
    return _file(file_id, arr, rule, _TRANSPARENT, contents)


def linear(file_id: str, arr: bytes, rule: int, records: Sequence[bytes], *, length: int = 0) -> Steps:
    """A linear fixed EF; each record is filled up with FF to `length`, or to the longest."""
    size = length or max(len(record) for record in records)
    contents = b"".join(record.ljust(size, b"\xff") for record in records)
    return _file(file_id, arr, rule, _LINEAR_FIXED + size.to_bytes(2, "big"), contents)


def access_rules(arr: bytes) -> Steps:
    """The EF.ARR of a directory: all of RULES."""
    return linear(arr.hex(), arr, PUBLIC, RULES)


def _file(file_id: str, arr: bytes, rule: int, kind: bytes, contents: bytes) -> Steps:
    size = len(contents)
    descriptor = {
        "fileDescriptor": kind,
        "fileID": bytes.fromhex(file_id),
        "securityAttributesReferenced": arr + bytes([rule]),
        "efFileSize": size.to_bytes((size.bit_length() + 7) // 8, "big"),
    }
    return [("fileDescriptor", descriptor), ("fillFileContent", contents)]
