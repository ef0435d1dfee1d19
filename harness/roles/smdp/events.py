"""What an SM-DP+ noticed, for whoever ordered the profile: the operator, or a case."""

from __future__ import annotations

from dataclasses import dataclass

from harness.roles.smdp.orders import OrderState
from harness.roles.smdp.status import StatusCode


@dataclass(frozen=True, slots=True)
class SessionBegan:
    """InitiateAuthentication was answered."""

    transaction_id: bytes
    ci_key_id: bytes


@dataclass(frozen=True, slots=True)
class EuiccAuthenticated:
    """AuthenticateClient was answered: the eUICC is who it says, and gets the profile of an order."""

    transaction_id: bytes
    eid: bytes
    matching_id: str
    iccid: bytes


@dataclass(frozen=True, slots=True)
class EuiccReportedError:
    """An eUICC answered AuthenticateServer or PrepareDownload with an error."""

    transaction_id: bytes
    function: str
    error_code: int


@dataclass(frozen=True, slots=True)
class PackageBound:
    """GetBoundProfilePackage was answered."""

    transaction_id: bytes
    eid: bytes
    iccid: bytes
    is_retry: bool
    """Whether the keys of an earlier binding were used again."""


@dataclass(frozen=True, slots=True)
class NotificationReceived:
    """A pending notification came in, verified or not."""

    raw: bytes
    event: str
    """install, enable, disable or delete; several joined by "+" where an eUICC set several bits."""
    is_verified: bool
    """Whether its signature, and the certificates that came with it, are right."""
    sequence_number: int
    address: str
    """The receiver that the eUICC named."""
    iccid: bytes | None
    eid: bytes
    """From the certificate; empty where none vouches for it."""
    transaction_id: bytes = b""
    """Of the download; empty for anything but an installation result."""
    error: tuple[int, int] | None = None
    """bppCommandId and errorReason of an installation that failed."""


@dataclass(frozen=True, slots=True)
class SessionCancelled:
    """CancelSession was answered."""

    transaction_id: bytes
    reason: int
    eid: bytes


@dataclass(frozen=True, slots=True)
class FunctionRefused:
    """A function ended with a status that is not success."""

    function: str
    status: StatusCode


@dataclass(frozen=True, slots=True)
class OrderMoved:
    """An ES2+ function was answered: the operator's order came to another state."""

    function: str
    iccid: bytes
    state: OrderState
    matching_id: str


@dataclass(frozen=True, slots=True)
class EventRegistered:
    """An SM-DS has an event of an order now."""

    smds_address: str
    matching_id: str
    eid: bytes


@dataclass(frozen=True, slots=True)
class EventDeleted:
    """An SM-DS was asked to forget the event of an order that is over."""

    smds_address: str
    matching_id: str
    failure: StatusCode | None
    """Why it still has it; None where it has not."""


@dataclass(frozen=True, slots=True)
class FaultInjected:
    """An answer was spoilt on purpose: nothing that follows from it is anybody's fault but the tester's."""

    function: str
    fault: str


Event = (
    SessionBegan
    | EuiccAuthenticated
    | EuiccReportedError
    | PackageBound
    | NotificationReceived
    | SessionCancelled
    | FunctionRefused
    | OrderMoved
    | EventRegistered
    | EventDeleted
    | FaultInjected
)
