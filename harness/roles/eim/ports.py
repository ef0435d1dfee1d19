"""What the eIM needs from outside: a way to an SM-DP+, and a place that outlives it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, runtime_checkable

from harness.roles.eim.events import Event
from harness.roles.eim.state import Association, EimState


class HttpAnswer(Protocol):
    """The answer to one HTTP request."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def body(self) -> bytes:
        """The whole body, decoded from its transfer coding."""


class HttpPort(Protocol):
    """A way to HTTPS servers. Raises HarnessError where no complete answer comes."""

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> HttpAnswer:
        """One request to an absolute https URL and its answer, of any status."""
        ...


class AssociationStore(Protocol):
    """Keeps counters and association tokens where a real card keeps them too: for ever.

    `save` returns only when the values would survive a power cut; it is called before a package leaves.
    """

    def load(self, eim_id: str) -> Mapping[bytes, Association]:
        """What is known of every eUICC (by EID) associated with this eIM."""
        ...

    def save(self, eim_id: str, eid: bytes, association: Association) -> None:
        """Replaces what is known of one eUICC."""
        ...


@runtime_checkable
class StateStore(AssociationStore, Protocol):
    """Keeps all of an eIM: its devices, what is queued for them, and what happened."""

    def load_state(self, eim_id: str) -> EimState:
        """What was kept, with nothing touched."""
        ...

    def keep(self, eim_id: str, state: EimState, events: Iterable[Event]) -> None:
        """Writes what is touched in the state and what happened. Returns only when it would survive a power cut."""
        ...
