"""What the eIM knows, as one value that is replaced as a whole.

Rules of this room:
- The maps are persistent (hash tries): a change costs the same with ten devices and with ten thousand.
- What is looked for often has its index here, kept by the `with_` methods; nothing else changes a map.
- `touched` names what was changed since the state was last kept, so that a store writes that and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rpds import HashTrieMap

from harness.roles.eim.data import IpaEuiccData
from harness.roles.eim.downloads import DownloadOrder
from harness.roles.eim.versions import DEFAULT

QUEUED, DELIVERED, DONE, FAILED = "queued", "delivered", "done", "failed"
CANCELLED, EXPIRED = "cancelled", "expired"
PACKAGE, DATA, DOWNLOAD, RAW = "package", "data", "download", "raw"


@dataclass(frozen=True, slots=True)
class Association:
    """What eUICC and eIM agreed on, per (EID, eimId)."""

    counter: int = 0
    """Of the last package that was made for the eUICC."""
    token: int = 0
    """associationToken; 0 where the eUICC has none."""
    key: str = ""
    """Which signing key of the eIM the eUICC knows, by `identity.key_name`; empty: the one that it has had all along."""


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
    expires_at: float | None = None
    """Seconds of the lab's clock after which it is not delivered any more; None: never."""
    resyncs: int = 0
    """How often its commands were sent anew because the card had seen a higher counter than this eIM knew."""

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
    ipa_version: str | None = None
    """The one that its IPA is of, and that ESipa is spoken in; None: that of the eUICC."""
    data: IpaEuiccData | None = None
    """What the IPA told last about itself and the eUICC."""
    profiles: Mapping[bytes, bool] = field(default_factory=dict)
    """Whether each profile (by the ten octets of its ICCID) is enabled, as far as results and notifications have told."""
    is_stale: bool = False
    """The IPA told of a change, and its fresh data has not come yet."""
    registered_plmn: bytes | None = None
    """rPLMN of the last poll that told one."""
    last_seen: float | None = None
    """When it polled last, in seconds of the lab's clock."""

    @property
    def esipa_version(self) -> str:
        """The SGP.32 version that ESipa is spoken in with its IPA."""
        return self.ipa_version or self.version


@dataclass(frozen=True, slots=True)
class DownloadSession:
    """An indirect profile download on its way, by the transactionId of the SM-DP+."""

    transaction_id: bytes
    smdp_address: str
    operation: bytes | None
    """The eimTransactionId of the operation it serves; None where the IPA began by itself."""
    is_smds: bool = False
    """Whether the server is an SM-DS, which tells where the profile waits."""
    eid: bytes | None = None
    """Of the device that downloads, where it is known."""
    server_signed1: bytes = b""
    server_oid: str = ""
    ctx_params1: bytes = b""
    """As this eIM made it; empty where the IPA does."""
    metadata: bytes = b""
    """profileMetadata, BF25, as the SM-DP+ told it before the profile was bound."""
    smdp_signed2: bytes = b""
    smdp_signature2: bytes = b""
    """The whole TLV, 5F37."""
    hash_cc: bytes = b""
    """The whole TLV, 04; empty where no confirmation code was given."""


@dataclass(frozen=True, slots=True)
class Touched:
    """Keys of what was changed."""

    devices: frozenset[bytes] = frozenset()
    operations: frozenset[bytes] = frozenset()
    sessions: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class EimState:
    """Everything that handling a message may change. Never changed in place."""

    devices: HashTrieMap[bytes, Device] = field(default_factory=HashTrieMap)
    operations: HashTrieMap[bytes, Operation] = field(default_factory=HashTrieMap)
    sessions: HashTrieMap[bytes, DownloadSession] = field(default_factory=HashTrieMap)
    delivered: HashTrieMap[bytes, bytes] = field(default_factory=HashTrieMap)
    """The EID behind each operation that was delivered and not answered."""
    by_counter: HashTrieMap[tuple[bytes, int], bytes] = field(default_factory=HashTrieMap)
    """The package that went to an EID with a counter, the latest where a counter was used again."""
    touched: Touched = Touched()

    def with_device(self, device: Device) -> EimState:
        """The device added or replaced."""
        touched = replace(self.touched, devices=self.touched.devices | {device.eid})
        return replace(self, devices=self.devices.insert(device.eid, device), touched=touched)

    def without_device(self, eid: bytes) -> EimState:
        """The device forgotten. Its operations stay, for whoever asks what became of them."""
        touched = replace(self.touched, devices=self.touched.devices | {eid})
        return replace(self, devices=self.devices.discard(eid), touched=touched)

    def with_operation(self, operation: Operation) -> EimState:
        """The operation added or replaced; a closed one leaves its device's queue."""
        number = operation.transaction_id
        is_waiting = operation.state == DELIVERED
        by_counter = self.by_counter
        if operation.counter is not None:
            by_counter = by_counter.insert((operation.eid, operation.counter), number)
        state = replace(
            self,
            operations=self.operations.insert(number, operation),
            delivered=self.delivered.insert(number, operation.eid) if is_waiting else self.delivered.discard(number),
            by_counter=by_counter,
            touched=replace(self.touched, operations=self.touched.operations | {number}),
        )
        device = state.devices.get(operation.eid)
        if device is None or operation.is_open or number not in device.queue:
            return state
        rest = tuple(waiting for waiting in device.queue if waiting != number)
        return state.with_device(replace(device, queue=rest))

    def with_session(self, session: DownloadSession) -> EimState:
        """The session added or replaced."""
        touched = replace(self.touched, sessions=self.touched.sessions | {session.transaction_id})
        return replace(self, sessions=self.sessions.insert(session.transaction_id, session), touched=touched)

    def queued(self, operation: Operation) -> EimState:
        """The operation added at the end of its device's queue. Raises KeyError for an unknown device."""
        device = self.devices[operation.eid]
        return self.with_operation(operation).with_device(
            replace(device, queue=(*device.queue, operation.transaction_id))
        )

    def named(self, transactions: Iterable[bytes]) -> Iterator[Operation]:
        """The operations of these transactions."""
        return (self.operations[transaction] for transaction in transactions)

    def kept(self) -> EimState:
        """The same state with nothing left to be written."""
        return replace(self, touched=Touched())
