"""Defects of an eIM in packages, results and what it answers. Most were seen in running implementations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from harness.codec import tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.roles.eim.get_eim_package import INVALID_EID, MISSING_EID, NO_EIM_PACKAGE_AVAILABLE, UNDEFINED_ERROR
from harness.roles.eim.packages import sign
from harness.roles.eim.results import PackageResult, signature_holds
from harness.roles.eim.state import PACKAGE, Device, EimState, Operation
from harness.rules import Rules
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import around


def _rule(name: str, rule: Callable[..., Any]) -> Callable[[Rules], Rules]:
    return lambda rules: rules.replacing(name, rule)


def _always(value: object) -> Callable[..., Any]:
    return lambda *_: value


def _swapped_eid_faults(eid: bytes | None) -> int | None:
    if eid is None:
        return INVALID_EID
    return None if len(eid) == 16 else MISSING_EID


def _data_alone(signed: bytes, token: int) -> bytes:
    return signed


def _token_zero(signed: bytes, token: int) -> bytes:
    return signed + tlv.integer(0x84, 0)


def _der(key: EllipticCurvePrivateKey, message: bytes) -> bytes:
    plain = sign(key, message)
    return encode_dss_signature(int.from_bytes(plain[:32], "big"), int.from_bytes(plain[32:], "big"))


def _with_another_key(key: EllipticCurvePrivateKey, message: bytes) -> bytes:
    return ecdsa.sign(ecdsa.private_key(ecdsa.curve_of(key), bytes(31) + b"\x07"), message)


def _by_sequence_number(state: EimState, device: Device, result: PackageResult) -> Operation | None:
    """Takes the card's sequence number for a count of its own packages."""
    packages = (one for one in state.operations.values() if one.eid == device.eid and one.kind == PACKAGE)
    mine = sorted(packages, key=lambda one: one.counter or 0)
    number = result.sequence_number or 0
    return mine[number - 1] if 0 < number <= len(mine) else None


def _own_numbering(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(range(1000, 1000 + len(numbers)))


def _still_open(before: Operation, after: Operation) -> Operation:
    return replace(after, state=before.state)


def _also_without_token(inner: Any, result: PackageResult, device: Device) -> bool:
    if inner(result, device) or device.euicc_certificate is None:
        return device.euicc_certificate is not None
    return signature_holds(result, Certificate(device.euicc_certificate).public_key, 0)


def _last_octet_changed(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 0x01])


DEFECTS = (
    Defect(
        "answers-unknown-eid-as-known",
        "eim",
        "A device that is not associated is told that nothing waits for it, instead of eidNotFound.",
        _rule("unknown-eid-answer", _always(NO_EIM_PACKAGE_AVAILABLE)),
    ),
    Defect(
        "answers-unknown-eid-with-undefined-error",
        "eim",
        "A device that is not associated gets undefinedError instead of eidNotFound.",
        _rule("unknown-eid-answer", _always(UNDEFINED_ERROR)),
    ),
    Defect(
        "ignores-missing-eid",
        "eim",
        "A missing or short eidValue is answered like an unknown EID.",
        _rule("eid-fault", _always(None)),
    ),
    Defect(
        "confuses-missing-and-invalid-eid",
        "eim",
        "missingEid and invalidEid are swapped.",
        _rule("eid-fault", _swapped_eid_faults),
    ),
    Defect(
        "answers-empty-queue-with-undefined-error",
        "eim",
        "With nothing queued the answer is undefinedError instead of noEimPackageAvailable.",
        _rule("empty-queue-answer", _always(UNDEFINED_ERROR)),
    ),
    Defect(
        "signs-without-association-token",
        "eim",
        "eimSignature covers euiccPackageSigned alone.",
        _rule("package-signature-input", _data_alone),
    ),
    Defect(
        "signs-with-token-zero",
        "eim",
        "eimSignature covers a token of 0 whatever token was agreed on.",
        _rule("package-signature-input", _token_zero),
    ),
    Defect(
        "signs-in-der",
        "eim",
        "eimSignature is a DER SEQUENCE instead of plain r‖s.",
        _rule("package-signature", _der),
    ),
    Defect(
        "signs-packages-with-another-key",
        "eim",
        "eimSignature is made with a key that no eUICC was told.",
        _rule("package-signature", _with_another_key),
    ),
    Defect(
        "repeats-counter",
        "eim",
        "The counter is not advanced from package to package.",
        _rule("next-counter", lambda last: max(last, 1)),
    ),
    Defect(
        "skips-counters",
        "eim",
        "The counter grows by two.",
        _rule("next-counter", lambda last: last + 2),
    ),
    Defect(
        "omits-transaction-id",
        "eim",
        "Packages carry no eimTransactionId, though the eIM knows them by it.",
        _rule("package-transaction-id", _always(None)),
    ),
    Defect(
        "acknowledges-with-own-numbering",
        "eim",
        "BF53 carries the eIM's own numbers instead of the card's sequence numbers.",
        _rule("acknowledged-numbers", _own_numbering),
    ),
    Defect(
        "never-acknowledges",
        "eim",
        "A good result gets the empty response, so the card keeps it for ever.",
        _rule("acknowledged-numbers", _always(())),
    ),
    Defect(
        "matches-results-by-sequence-number",
        "eim",
        "A result is put down to a package by seqNumber instead of eimTransactionId.",
        _rule("result-operation", _by_sequence_number),
    ),
    Defect(
        "leaves-operations-open",
        "eim",
        "A good result does not close its operation, so the package is sent again.",
        _rule("closed-operation", _still_open),
    ),
    Defect(
        "accepts-unverified-results",
        "eim",
        "euiccSignEPR is not checked.",
        _rule("result-is-signed-by-device", _always(True)),
    ),
    Defect(
        "believes-results-without-token",
        "eim",
        "A result that is signed without the association token is believed too.",
        around("result-is-signed-by-device", _also_without_token),
    ),
    Defect(
        "serves-another-euicc",
        "eim",
        "A download that was meant for one eUICC goes on with another.",
        _rule("euicc-is-expected", _always(True)),
    ),
    Defect(
        "alters-notifications",
        "eim",
        "A notification is not forwarded byte for byte.",
        _rule("forwarded-notification", _last_octet_changed),
    ),
    Defect(
        "omits-response-headers",
        "eim",
        "Answers carry neither Content-Type nor X-Admin-Protocol.",
        _rule("response-headers", _always({})),
    ),
)
