"""What a device reports of a profile download: ProfileDownloadTriggerResult, BF54 (SGP.32 v1.2 §3.2.3)."""

from __future__ import annotations

from dataclasses import replace

from harness.codec.tlv import Tlv
from harness.roles.eim import notifications, reading
from harness.roles.eim.accepting import Taken
from harness.roles.eim.compact import COMPACT_INSTALLATION
from harness.roles.eim.context import Context
from harness.roles.eim.events import DownloadReported, Event, Finding
from harness.roles.eim.finding_devices import awaiting
from harness.roles.eim.notifications import INSTALLATION_RESULT, InstallationResult, read_notification
from harness.roles.eim.state import DONE, DOWNLOAD, FAILED, RAW, Device, EimState, Operation
from harness.roles.eim.versions import EsipaForms

_LONGEST_REASON = 2
"""Octets."""


def take_download_result(state: EimState, device: Device, octets: Tlv, now: float, context: Context) -> Taken:
    """Takes one ProfileDownloadTriggerResult from a device. Raises DecodeError.

    The ProfileInstallationResult of an indirect download goes on to the SM-DP+ and is acknowledged when it arrived there;
    that of a direct download is the IPA's to deliver.
    """
    transaction = reading.octets(octets, 0x82)
    result = octets.find(INSTALLATION_RESULT) or octets.find(COMPACT_INSTALLATION)
    if result is not None:
        result = notifications.rebuilt(state, result, device.eid)
    if result is None:
        return _failed(state, device, transaction, octets, now, context)
    installation = read_notification(result).installation
    assert installation is not None  # a BF37 always has one
    session = state.sessions.get(installation.transaction_id)
    operation = _operation(state, device, transaction, installation)
    state = close(state, operation, installation.is_installed, result.raw, installation.error_reason)
    reported = DownloadReported(
        now, device.eid, transaction, installation.is_installed, installation.error_reason, octets.raw
    )
    if session is None:
        return Taken(state, events=(reported,))
    state, arrived, events = notifications.forward(state, (result,), device.eid, now, context)
    return Taken(state, arrived, (reported, *events))


def _failed(
    state: EimState, device: Device, transaction: bytes | None, octets: Tlv, now: float, context: Context
) -> Taken:
    reason, fault = _reason(octets.get(0x30), context.forms_of(device))
    findings: tuple[Event, ...] = ()
    if fault:
        findings = (Finding(now, device.eid, "ProfileDownloadTriggerResult", fault),)
    state = close(state, _operation(state, device, transaction, None), False, octets.raw, reason)
    return Taken(state, events=(*findings, DownloadReported(now, device.eid, transaction, False, reason, octets.raw)))


def _reason(error: Tlv, forms: EsipaForms) -> tuple[int | None, str]:
    """The reason in a profileDownloadError, and what is wrong with its form.

    Under 80, v1.2 has a small number and v1.0.1 the answer of the server, which is longer.
    """
    field = error.find(0x80)
    if field is None:
        fault = "profileDownloadError has no profileDownloadErrorReason, as in v1.0.1"
        return None, fault if forms.download_error_reason else ""
    if len(field.value) > _LONGEST_REASON:
        fault = "profileDownloadError has the errorResponse under 80, as in v1.0.1"
        return None, fault if forms.download_error_reason else ""
    fault = "profileDownloadError has a profileDownloadErrorReason, as in v1.2"
    return reading.integer(field), "" if forms.download_error_reason else fault


def _operation(
    state: EimState, device: Device, transaction: bytes | None, installation: InstallationResult | None
) -> Operation | None:
    if transaction is not None:
        operation = state.operations.get(transaction)
    else:
        operation = operation_of_session(state, installation) or next(iter(awaiting(state, DOWNLOAD, device.eid)), None)
    return operation if operation is not None and operation.eid == device.eid else None


def operation_of_session(state: EimState, installation: InstallationResult | None) -> Operation | None:
    """The operation behind the session that an installation result names, or None."""
    session = None if installation is None else state.sessions.get(installation.transaction_id)
    return None if session is None or session.operation is None else state.operations.get(session.operation)


def close(
    state: EimState, operation: Operation | None, is_installed: bool, answer: bytes, reason: int | None
) -> EimState:
    """The state with a download's operation closed, where there is one and it is open."""
    if operation is None or not operation.is_open or operation.kind not in (DOWNLOAD, RAW):
        return state
    outcome = DONE if is_installed else FAILED
    return state.with_operation(replace(operation, state=outcome, answer=answer, error_code=reason))
