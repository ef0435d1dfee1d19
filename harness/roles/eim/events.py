"""What the eIM has to tell its operator. Every event says when (seconds of the lab's clock) and which device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `eid` is None where the device could not be told."""

    at: float
    eid: bytes | None


@dataclass(frozen=True, slots=True)
class Polled(Event):
    """A device asked for an eIM package (GetEimPackage)."""

    answer: str
    """What it got: "package", "data", "download", "raw", or the name of the error."""
    state_changed: bool = False
    """notifyStateChange was present."""
    state_change_cause: int | None = None
    registered_plmn: bytes | None = None


@dataclass(frozen=True, slots=True)
class PackageDelivered(Event):
    """An operation left for the device; `deliveries` counts how often by now."""

    transaction_id: bytes
    kind: str
    deliveries: int
    counter: int | None = None


@dataclass(frozen=True, slots=True)
class ResultAccepted(Event):
    """A signed result or signed error was verified and belongs to an operation of ours."""

    transaction_id: bytes
    sequence_number: int | None
    results: tuple[tuple[str, Any], ...]
    error_code: int | None = None
    duplicate: bool = False
    """The operation was closed before; the device is told again."""


@dataclass(frozen=True, slots=True)
class ResultRefused(Event):
    """A result that is not believed: nothing is acknowledged, the operation stays as it was."""

    reason: str
    octets: bytes
    transaction_id: bytes | None = None


@dataclass(frozen=True, slots=True)
class ResultUnmatched(Event):
    """A result that verifies but belongs to no operation known here, for instance one from before a restart."""

    octets: bytes
    transaction_id: bytes | None = None


@dataclass(frozen=True, slots=True)
class UnsignedErrorReceived(Event):
    """The card refused a package without a signature: nobody vouches for it, so it only marks the operation."""

    transaction_id: bytes | None
    octets: bytes


@dataclass(frozen=True, slots=True)
class PackageErrorReported(Event):
    """The IPA could not use what it was given (EimPackageResultErrorCode)."""

    transaction_id: bytes | None
    error_code: int


@dataclass(frozen=True, slots=True)
class OperationEnded(Event):
    """An operation that will not be delivered any more: its operator cancelled it, or its time was over."""

    transaction_id: bytes
    state: str
    """"cancelled" or "expired"."""


@dataclass(frozen=True, slots=True)
class CounterExhausted(Event):
    """A package stays here because its counter would be too high. Only a new key helps: `Eim.queue_new_key`."""

    transaction_id: bytes
    counter: int
    """The last one that was used."""


@dataclass(frozen=True, slots=True)
class CounterResynchronised(Event):
    """The card had seen a higher counter than this eIM knew: the commands go out anew, further up."""

    transaction_id: bytes
    """Of the package that was refused."""
    again: bytes
    """The transaction that its commands have now."""
    before: int
    counter: int


@dataclass(frozen=True, slots=True)
class KeyTaken(Event):
    """The eUICC knows this eIM by another signing key from now on."""

    transaction_id: bytes
    key: str


@dataclass(frozen=True, slots=True)
class ProfilesChanged(Event):
    """What a result or a notification told of the states of profiles."""

    changes: tuple[tuple[bytes, bool | None], ...]
    """ICCID, and whether it is enabled now; None: it is gone."""


@dataclass(frozen=True, slots=True)
class DataReceived(Event):
    """IpaEuiccData. `fields` by the names of the standard; `octets` is the whole BF52."""

    transaction_id: bytes | None
    fields: Mapping[str, Any] = field(hash=False)
    octets: bytes


@dataclass(frozen=True, slots=True)
class DataRefused(Event):
    """The IPA answered a data request with an error (IpaEuiccDataErrorCode)."""

    transaction_id: bytes | None
    error_code: int


@dataclass(frozen=True, slots=True)
class DownloadReported(Event):
    """The outcome of a profile download, from a ProfileInstallationResult or a ProfileDownloadError."""

    transaction_id: bytes | None
    is_installed: bool
    error_reason: int | None
    octets: bytes


@dataclass(frozen=True, slots=True)
class DownloadRelayed(Event):
    """One step of an indirect download went through the eIM; `error_code` is what the IPA was told, None for success."""

    step: str
    transaction_id: bytes | None
    error_code: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NotificationForwarded(Event):
    """A notification reached its receiver, byte for byte."""

    receiver: str
    sequence_number: int
    octets: bytes


@dataclass(frozen=True, slots=True)
class NotificationNotForwarded(Event):
    """A notification that its receiver did not take; the device keeps it."""

    receiver: str
    sequence_number: int | None
    reason: str
    octets: bytes


@dataclass(frozen=True, slots=True)
class Finding(Event):
    """Something that was understood although its form is not that of the device's version of SGP.32."""

    message: str
    """The message's name, e.g. "GetEimPackageRequest"."""
    fault: str


@dataclass(frozen=True, slots=True)
class MessageRefused(Event):
    """Octets that no ESipa message can answer."""

    reason: str
    octets: bytes
