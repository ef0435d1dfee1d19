"""The ESipa messages that an IPA sends, in TLV, as v1.2 and v1.3 have them (SGP.32 v1.2 §5.14, §6.3)."""

from __future__ import annotations

from collections.abc import Iterable

from harness.codec import tlv

GET_EIM_PACKAGE, PROVIDE_RESULT, HANDLE_NOTIFICATION, TRANSFER = 0xBF4F, 0xBF50, 0xBF3D, 0xBF4E


def get_eim_package(eid: bytes, notify_state_change: bool, cause: int | None, plmn: bytes | None) -> bytes:
    """The GetEimPackageRequest."""
    parts = [tlv.build(0x5A, eid)]
    if notify_state_change:
        parts.append(tlv.build(0x80))
    if cause is not None:
        parts.append(tlv.integer(0x81, cause))
    if plmn is not None:
        parts.append(tlv.build(0x82, plmn))
    return tlv.build(GET_EIM_PACKAGE, *parts)


def provide_result(eid: bytes, result: bytes) -> bytes:
    """The ProvideEimPackageResult around one EimPackageResult."""
    return tlv.build(PROVIDE_RESULT, tlv.build(0x5A, eid), result)


def result_error(transaction_id: bytes | None, code: int) -> bytes:
    """An EimPackageResult that is an eimPackageResultResponseError: 1 invalidPackageFormat, 2 unknownPackage, 127."""
    echo = b"" if transaction_id is None else tlv.build(0x80, transaction_id)
    return tlv.build(0xA0, echo, tlv.integer(0x02, code))


def result_with_notifications(package_result: bytes, notifications: Iterable[bytes]) -> bytes:
    """An EimPackageResult that is an ePRAndNotifications."""
    return tlv.build(0x30, package_result, tlv.build(0xA0, *notifications))


def data_error(transaction_id: bytes | None, code: int) -> bytes:
    """The alternative of an IpaEuiccDataResponse that is an error."""
    echo = b"" if transaction_id is None else tlv.build(0x80, transaction_id)
    return tlv.build(0xA1, echo, tlv.integer(0x02, code))


def download_error(response: bytes) -> bytes:
    """profileDownloadError with the reason undefinedError and what refused the download."""
    detail = tlv.build(0x04, response) if response else b""
    return tlv.build(0x30, tlv.integer(0x80, 127), detail)


def notification(pending: bytes) -> bytes:
    """The HandleNotification around one PendingNotification."""
    return tlv.build(HANDLE_NOTIFICATION, tlv.build(0xA0, pending))
