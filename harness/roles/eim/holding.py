"""What every side of the eIM has in common: one state, replaced as a whole, and a store that is written first."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from harness.crypto.entropy import Entropy
from harness.roles.eim.context import Context
from harness.roles.eim.events import Event
from harness.roles.eim.identity import EimIdentity
from harness.roles.eim.ports import AssociationStore, HttpPort, StateStore
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
        remembers: int | None = None,
    ) -> None:
        """`store` keeps counters and tokens (default: this process). `http` is the way to SM-DP+s and SM-DSs.

        `trusted_ci` are CI certificates (DER) against which eUICC certificates are checked. `remembers` is how many
        events are held here at least, None for all of them: a store that keeps whole states has the others.
        """
        self._entropy = entropy
        self._context = Context(identity, rules, self._new_transaction, http, tuple(trusted_ci))
        self._store = MemoryStore() if store is None else store
        self._known = dict(self._store.load(identity.eim_id))
        self._keeper = self._store if isinstance(self._store, StateStore) else None
        self._state = EimState() if self._keeper is None else self._keeper.load_state(identity.eim_id)
        self._events: list[Event] = []
        self._remembers = remembers
        self._forgotten = 0
        self._changed = threading.Condition(threading.RLock())

    @property
    def identity(self) -> EimIdentity:
        return self._context.identity

    @property
    def rules(self) -> Rules:
        return self._context.rules

    @property
    def checks_server_names(self) -> bool:
        """Whether the way to RSP servers that this eIM is given has to look at the name in their TLS certificates."""
        return bool(self.rules["checks-server-names"]())

    @property
    def state(self) -> EimState:
        """The state as of now; it never changes, the eIM takes another one."""
        return self._state

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened and is remembered, oldest first."""
        return tuple(self._events)

    def events_from(self, position: int) -> Sequence[Event]:
        """What happened after the first `position` events, oldest first."""
        return self._events[max(0, position - self._forgotten) :]

    @property
    def remembered(self) -> frozenset[bytes]:
        """The EIDs that it has ever been associated with, as far as its store goes back."""
        return frozenset(self._known)

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
        if self._keeper is not None:
            self._keeper.keep(self.identity.eim_id, state, events)
            self._known |= {eid: one.association for eid in state.touched.devices if (one := state.devices.get(eid))}
            self._take(state, events)
            return
        for eid in state.touched.devices:
            device = state.devices.get(eid)
            if device is not None and self._known.get(eid) != device.association:
                kept = self.rules["kept-association"](device.association)
                self._store.save(self.identity.eim_id, eid, kept)
                self._known[eid] = device.association
        self._take(state, events)

    def _take(self, state: EimState, events: Iterable[Event]) -> None:
        self._state = state.kept()
        self._events.extend(events)
        if self._remembers is not None and len(self._events) > 2 * self._remembers:
            self._forgotten += len(self._events) - self._remembers
            del self._events[: -self._remembers]
        self._changed.notify_all()
