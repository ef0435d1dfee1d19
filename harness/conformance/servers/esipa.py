"""ESipa messages as an IPA sends them, built tag by tag, for cases that judge an eIM."""

from __future__ import annotations

from harness.codec import tlv
from harness.crypto import ecdsa

NO_PACKAGE, EID_NOT_FOUND, INVALID_EID, MISSING_EID = 1, 2, 3, 4
OK = 200
TAKEN = (200, 204)
"""HTTP statuses of a notification that was taken; its answer has no body."""
UNKNOWN_EID = bytes.fromhex("89049032123451234512345678901235")


def get_eim_package(eid: bytes, *more: bytes) -> bytes:
    """ESipa.GetEimPackage with the EID and whatever follows it."""
    return tlv.build(0xBF4F, tlv.build(0x5A, eid), *more)


def provide_result(eid: bytes, result: bytes) -> bytes:
    """ESipa.ProvideEimPackageResult."""
    return tlv.build(0xBF50, tlv.build(0x5A, eid), result)


def package_error(code: int) -> bytes:
    """A GetEimPackageResponse that is an error."""
    return tlv.build(0xBF4F, tlv.integer(0x02, code))


def acknowledged(reply: tlv.Tlv) -> list[int]:
    """The sequence numbers in a ProvideEimPackageResultResponse; none where it acknowledges nothing."""
    listed = reply.find(0xBF53)
    return [] if listed is None else [int.from_bytes(one.value, "big") for one in listed.children]


def signed_answer(data: bytes, token: int, key: ecdsa.PrivateKey, choice: int = 0xA0) -> bytes:
    """A EuiccPackageResult, BF51, around this data SEQUENCE, as the eUICC with this key would have signed it.

    `choice` is A0 for a result, A1 for an error.
    """
    signature = ecdsa.sign(key, data + tlv.integer(0x84, token))
    return tlv.build(0xBF51, tlv.build(choice, data, tlv.build(0x5F37, signature)))


def error_data(package: bytes, code: int) -> bytes:
    """What an eUICC signs to refuse this package, BF51, with an error."""
    signed = tlv.parse(package).get(0x30)
    transaction = signed.find(0x82)
    echoed = b"" if transaction is None else transaction.raw
    return tlv.build(0x30, signed.get(0x80).raw, signed.get(0x81).raw, echoed, tlv.integer(0x02, code))


def result_data(package: bytes, sequence_number: int, *results: bytes, eim_id: str | None = None) -> bytes:
    """What an eUICC signs after it has executed this package, BF51; `eim_id` in place of the package's own."""
    signed = tlv.parse(package).get(0x30)
    transaction = signed.find(0x82)
    return tlv.build(
        0x30,
        signed.get(0x80).raw if eim_id is None else tlv.build(0x80, eim_id.encode()),
        signed.get(0x81).raw,
        b"" if transaction is None else transaction.raw,
        tlv.integer(0x83, sequence_number),
        tlv.build(0x30, *results),
    )
