"""What the card answers an eUICC Package with (SGP.32 v1.2 §2.11.2.1), and what its signatures cover."""

from __future__ import annotations

from harness.codec import tlv
from harness.simulators.euicc.device import Device, Purpose
from harness.simulators.euicc.state import EimAssociation
from harness.simulators.euicc.versions import version_of


def error_unsigned(eim_id: str, transaction_id: bytes | None, eim: EimAssociation | None) -> bytes:
    """EuiccPackageErrorUnsigned (BF51/A2), with the association token where the eIM has one."""
    return tlv.build(
        0xBF51,
        tlv.build(
            0xA2,
            tlv.build(0x80, eim_id.encode()),
            b"" if transaction_id is None else tlv.build(0x82, transaction_id),
            b"" if eim is None or eim.token is None else tlv.integer(0x84, eim.token),
        ),
    )


def terminated(reason: int) -> bytes:
    """processingTerminated."""
    return tlv.integer(0x02, reason)


def result_signed(
    device: Device,
    head: list[bytes],
    sequence: int,
    results: bytes,
    eim: EimAssociation | None,
    eim_signature: bytes = b"",
) -> bytes:
    """A signed EuiccPackageResult (BF51/A0) around a row of EuiccResultData."""
    data = tlv.build(0x30, *head, tlv.integer(0x83, sequence), tlv.build(0x30, results))
    return signed(device, 0xA0, data, eim, eim_signature)


def result_head(eim_id: str, counter: int, transaction_id: bytes | None) -> list[bytes]:
    """The fields that results and signed errors begin with."""
    echoed = [] if transaction_id is None else [tlv.build(0x82, transaction_id)]
    return [tlv.build(0x80, eim_id.encode()), tlv.integer(0x81, counter), *echoed]


def package_signing_input(signed_part: bytes, token: int) -> bytes:
    """What eimSignature covers: euiccPackageSigned as received, then the association token, 0 where there is none."""
    return signed_part + tlv.integer(0x84, token)


def result_signing_input(data: bytes, token: int, _eim_signature: bytes) -> bytes:
    """What the card signs: the data SEQUENCE, then the association token. Not the eimSignature, as v1.0 had it."""
    return data + tlv.integer(0x84, token)


def v1_0_signing_input(data: bytes, _token: int, eim_signature: bytes) -> bytes:
    """What a card of v1.0 signs: the data SEQUENCE, then the eimSignature of the package."""
    return data + tlv.build(0x5F37, eim_signature)


def token_of(eim: EimAssociation | None) -> int:
    """The association token that signatures cover; 0 where none was given."""
    return 0 if eim is None or eim.token is None else eim.token


def echoed(transaction_id: bytes | None) -> bytes | None:
    """The eimTransactionId of the package stands in its result; absent where it was absent."""
    return transaction_id


def signed(device: Device, tag: int, data: bytes, eim: EimAssociation | None, eim_signature: bytes) -> bytes:
    """BF51 with a data SEQUENCE and its signature under A0 (result) or A1 (error)."""
    message = device.rules[version_of(device.config).result_signing](data, token_of(eim), eim_signature)
    return tlv.build(
        0xBF51, tlv.build(tag, data, device.signature(Purpose.PACKAGE, message, eim.ci_key_id if eim else None))
    )
