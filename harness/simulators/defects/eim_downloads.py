"""Defects of an eIM that carries profile downloads, brings packages by itself, or serves many devices."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from harness.codec.tlv import Tlv
from harness.roles.eim.state import QUEUED, Device, EimState, Operation
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, around, with_rule


def _as_it_came(response: Tlv, _known: Any) -> bytes:
    return response.raw


def _passed_on(_state: EimState, item: Tlv, _eid: bytes | None) -> Tlv:
    return item


def _last_octet_changed(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 0x01])


def _code_alone(code: str, _transaction: bytes) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def _anybodys(
    inner: Callable[..., Operation | None], device: Device, operations: Mapping[bytes, Operation]
) -> Operation | None:
    own = inner(device, operations)
    return own or next((other for other in operations.values() if other.state == QUEUED), None)


DEFECTS = (
    Defect(
        "sends-compact-authentication",
        "eim",
        "A compact AuthenticateServerResponse goes on to the SM-DP+ as it came.",
        with_rule("rebuilt-authentication", _as_it_came),
    ),
    Defect(
        "passes-compact-notifications-on",
        "eim",
        "A compact notification is not completed.",
        with_rule("rebuilt-notification", _passed_on),
    ),
    Defect(
        "relays-every-refusal-as-undefined",
        "eim",
        "Whatever an RSP server refuses is undefinedError(127) for the IPA.",
        answering("eim-error", 127),
    ),
    Defect(
        "takes-any-eim-transaction",
        "eim",
        "An eimTransactionId that was never given begins a download all the same.",
        answering("eim-transaction-is-known", True),
    ),
    Defect(
        "takes-any-server-address",
        "eim",
        "The address in serverSigned1 is not compared with the one that was asked.",
        answering("smdp-address-matches", True),
    ),
    Defect(
        "takes-any-server-oid",
        "eim",
        "The SM-DP+'s OID is not compared with the one in the order.",
        answering("smdp-oid-matches", True),
    ),
    Defect(
        "ignores-server-names",
        "eim",
        "Any TLS certificate of the CI is taken for an SM-DP+'s, whatever name it carries.",
        answering("checks-server-names", False),
    ),
    Defect(
        "ignores-policy-rules",
        "eim",
        "The policy rules in a profile's metadata are not looked at, though the IPA leaves that to the eIM.",
        answering("forbidden-policy-rules", frozenset()),
    ),
    Defect(
        "ignores-other-metadata",
        "eim",
        "A bound package with other metadata than was told before goes through.",
        answering("metadata-matches", True),
    ),
    Defect(
        "hashes-code-without-transaction",
        "eim",
        "hashCc is the SHA-256 of the confirmation code alone.",
        with_rule("confirmation-code-hash", _code_alone),
    ),
    Defect(
        "alters-cancellations",
        "eim",
        "A card's CancelSession response is not forwarded as it came.",
        with_rule("forwarded-cancellation", _last_octet_changed),
    ),
    Defect(
        "loses-smds-events",
        "eim",
        "The events that an SM-DS tells of go nowhere.",
        answering("smds-events", []),
    ),
    Defect(
        "ignores-injection-errors",
        "eim",
        "An error that a device answers to TransferEimPackage closes nothing.",
        with_rule("after-injection-error", lambda state, *_: state),
    ),
    Defect(
        "leaks-packages-to-other-devices",
        "eim",
        "A device for which nothing waits gets the package of another one.",
        around("next-operation", _anybodys),
    ),
)
