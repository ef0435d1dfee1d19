"""What every side of the eIM has in common: one state, replaced as a whole, and a store that is written first."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from harness.crypto.entropy import Entropy
from harness.roles.eim.context import Context
from harness.roles.eim.events import Event
from harness.roles.eim.identity import EimIdentity
from harness.roles.eim.ports import AssociationStore, HttpPort
from harness.roles.eim.rules import CONFORMING
from harness.roles.eim.state import Device, EimState, Operation
from harness.roles.eim.store import MemoryStore
from harness.rules import Rules


class Holder:
    """One eIM's state and events. Safe to use from the thread that serves and the thread that a case runs in."""

    def __init__(
        self,
        identity: EimIdentity,
        entropy: Entropy,
        rules: Rules = CONFORMING,
        store: AssociationStore | None = None,
        *,
        http: HttpPort | None = None,
        trusted_ci: Iterable[bytes] = (),
    ) -> None:
        """`store` keeps counters and tokens (default: this process). `http` is the way to SM-DP+s and SM-DSs.

        `trusted_ci` are CI certificates (DER) against which eUICC certificates are checked.
        """
        self._entropy = entropy
        self._context = Context(identity, rules, self._new_transaction, http, tuple(trusted_ci))
        self._store = MemoryStore() if store is None else store
        self._known = dict(self._store.load(identity.eim_id))
        self._state = EimState()
        self._events: list[Event] = []
        self._changed = threading.Condition(threading.RLock())

    @property
    def identity(self) -> EimIdentity:
        return self._context.identity

    @property
    def rules(self) -> Rules:
        return self._context.rules

    @property
    def state(self) -> EimState:
        """The state as of now; it never changes, the eIM takes another one."""
        return self._state

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened, oldest first."""
        return tuple(self._events)

    def events_from(self, position: int) -> Sequence[Event]:
        """What happened after the first `position` events, oldest first."""
        return self._events[position:]

    def device(self, eid: bytes | None = None) -> Device:
        """One associated device; without an EID the only one. Raises LookupError."""
        devices = self._state.devices
        if eid is not None:
            return devices[eid]
        if len(devices) != 1:
            raise LookupError(f"{len(devices)} devices are associated with {self.identity.eim_id}: name one by its EID")
        return next(iter(devices.values()))

    def operation(self, transaction_id: bytes) -> Operation:
        """One operation as it stands. Raises KeyError."""
        return self._state.operations[transaction_id]

    def queue(self, eid: bytes | None = None) -> tuple[Operation, ...]:
        """What waits for a device or for its answer, in order."""
        return tuple(self._state.named(self.device(eid).queue))

    def report(self, event: Event) -> None:
        """Adds an event that a binding saw."""
        with self._changed:
            self._commit(self._state, (event,))

    def _new_transaction(self) -> bytes:
        return self._entropy.bytes(16)

    def _commit(self, state: EimState, events: tuple[Event, ...] = ()) -> None:
        """Takes another state. What must survive is in the store before anybody sees it; raises LabFault where it cannot be."""
        for eid in state.touched.devices:
            device = state.devices.get(eid)
            if device is not None and self._known.get(eid) != device.association:
                kept = self.rules["kept-association"](device.association)
                self._store.save(self.identity.eim_id, eid, kept)
                self._known[eid] = device.association
        self._state = state.kept()
        self._events.extend(events)
        self._changed.notify_all()
