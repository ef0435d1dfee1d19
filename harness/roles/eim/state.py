"""What the eIM knows, as one value that is replaced as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.roles.eim.data import IpaEuiccData
from harness.roles.eim.downloads import DownloadOrder
from harness.roles.eim.versions import DEFAULT

QUEUED, DELIVERED, DONE, FAILED = "queued", "delivered", "done", "failed"
PACKAGE, DATA, DOWNLOAD, RAW = "package", "data", "download", "raw"


@dataclass(frozen=True, slots=True)
class Association:
    """What eUICC and eIM agreed on, per (EID, eimId)."""

    counter: int = 0
    """Of the last package that was made for the eUICC."""
    token: int = 0
    """associationToken; 0 where the eUICC has none."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a device is asked to do, found again by its eimTransactionId."""

    transaction_id: bytes
    eid: bytes
    kind: str
    """PACKAGE, DATA, DOWNLOAD, or RAW for octets that a case gave."""
    state: str = QUEUED
    message: bytes = b""
    """The request TLV; empty for a package until it is signed, which is when it first leaves."""
    commands: tuple[bytes, ...] = ()
    """The TLVs of a package's PSMOs or eCOs."""
    commands_tag: int = 0xA0
    """A0 for psmoList, A1 for ecoList."""
    counter: int | None = None
    deliveries: int = 0
    results: tuple[tuple[str, Any], ...] = ()
    """EuiccResultData values in the card's order."""
    error_code: int | None = None
    """What the card, the IPA or the RSP server said instead of a result."""
    answer: bytes = b""
    """The result TLV as it came."""
    order: DownloadOrder | None = None

    @property
    def is_open(self) -> bool:
        return self.state in (QUEUED, DELIVERED)


@dataclass(frozen=True, slots=True)
class Device:
    """One eUICC that is associated with this eIM."""

    eid: bytes
    association: Association = Association()
    euicc_certificate: bytes | None = None
    """DER. Results are believed only when it is known."""
    eum_certificate: bytes | None = None
    queue: tuple[bytes, ...] = ()
    """Transaction ids in the order in which they were asked for; closed ones are taken out."""
    version: str = DEFAULT
    """The SGP.32 version that its eUICC is of, one of `versions.VERSIONS`."""
    data: IpaEuiccData | None = None
    """What the IPA told last about itself and the eUICC."""


@dataclass(frozen=True, slots=True)
class DownloadSession:
    """An indirect profile download on its way, by the transactionId of the SM-DP+."""

    transaction_id: bytes
    smdp_address: str
    operation: bytes | None
    """The eimTransactionId of the operation it serves; None where the IPA began by itself."""


@dataclass(frozen=True, slots=True)
class EimState:
    """Everything that handling a message may change. Never changed in place."""

    devices: Mapping[bytes, Device] = field(default_factory=dict)
    operations: Mapping[bytes, Operation] = field(default_factory=dict)
    sessions: Mapping[bytes, DownloadSession] = field(default_factory=dict)

    def with_device(self, device: Device) -> EimState:
        return replace(self, devices={**self.devices, device.eid: device})

    def with_operation(self, operation: Operation) -> EimState:
        """The operation added or replaced; a closed one leaves its device's queue."""
        state = replace(self, operations={**self.operations, operation.transaction_id: operation})
        device = state.devices.get(operation.eid)
        if device is None or operation.is_open or operation.transaction_id not in device.queue:
            return state
        rest = tuple(waiting for waiting in device.queue if waiting != operation.transaction_id)
        return state.with_device(replace(device, queue=rest))

    def with_session(self, session: DownloadSession) -> EimState:
        return replace(self, sessions={**self.sessions, session.transaction_id: session})

    def queued(self, operation: Operation) -> EimState:
        """The operation added at the end of its device's queue. Raises KeyError for an unknown device."""
        device = self.devices[operation.eid]
        return self.with_operation(operation).with_device(
            replace(device, queue=(*device.queue, operation.transaction_id))
        )
