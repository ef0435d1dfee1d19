"""The reference eIM as cases and endpoints use it: a facade that holds one state and replaces it as a whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from harness.codec import tlv
from harness.crypto.entropy import Entropy
from harness.errors import DeviceSilent
from harness.roles.eim import data, downloads, esipa, identity, packages
from harness.roles.eim.commands import Command
from harness.roles.eim.context import Context, Outcome
from harness.roles.eim.crafting import PackageChoice, craft
from harness.roles.eim.events import Event
from harness.roles.eim.identity import EimIdentity
from harness.roles.eim.ports import AssociationStore, HttpPort
from harness.roles.eim.rules import CONFORMING
from harness.roles.eim.state import DATA, DOWNLOAD, PACKAGE, RAW, Association, Device, EimState, Operation
from harness.roles.eim.store import MemoryStore
from harness.rules import Rules


class _Auto:
    """The value that the eIM would choose itself."""

    def __repr__(self) -> str:
        return "AUTO"


AUTO = _Auto()


class Eim:
    """One eIM. Safe to use from the thread that serves and the thread that a case runs in."""

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
        """`store` keeps counters and tokens (default: this process). `http` is the way to SM-DP+s.

        `trusted_ci` are CI certificates (DER) against which eUICC certificates are checked.
        """
        self._context = Context(identity, rules, http, tuple(trusted_ci))
        self._entropy = entropy
        self._store = MemoryStore() if store is None else store
        self._known = dict(self._store.load(identity.eim_id))
        self._state = EimState()
        self._events: list[Event] = []
        self._changed = threading.Condition(threading.RLock())

    # What is

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
        return tuple(self._state.operations[transaction] for transaction in self.device(eid).queue)

    # Devices

    def configuration(
        self,
        *,
        certificate: bool = False,
        association_token: int | None = None,
        counter: int | None = None,
        **overrides: Any,
    ) -> dict[str, Any]:
        """The EimConfigurationData value for AddInitialEim or addEim; see `identity.configuration`.

        The raw public key by default; `association_token=-1` asks the eUICC for a token. `overrides` are ASN.1 names.
        """
        return identity.configuration(
            self.identity,
            certificate=certificate,
            association_token=association_token,
            counter=counter,
            overrides=overrides,
        )

    def associate(
        self,
        eid: bytes,
        *,
        euicc_certificate: bytes | None = None,
        eum_certificate: bytes | None = None,
        association_token: int | None = None,
        counter: int | None = None,
        version: str | None = None,
    ) -> Device:
        """Makes a device known, or changes what is known of it; what is not given stays.

        `counter` is the last one used; `version` is the SGP.32 version of the eUICC. Counter and token are kept in the
        store before this returns.
        """
        with self._changed:
            device = self._state.devices.get(eid) or Device(eid, self._known.get(eid, Association()))
            association = Association(
                device.association.counter if counter is None else counter,
                device.association.token if association_token is None else association_token,
            )
            device = replace(
                device,
                association=association,
                euicc_certificate=euicc_certificate or device.euicc_certificate,
                eum_certificate=eum_certificate or device.eum_certificate,
                version=version or device.version,
            )
            self._commit(self._state.with_device(device))
            return device

    # Packages and requests

    def package(
        self,
        *commands: Command | bytes,
        eid: bytes | None = None,
        counter: int | None = None,
        transaction_id: bytes | _Auto | None = AUTO,
        eim_id: str | None = None,
        signing_key: EllipticCurvePrivateKey | None = None,
        association_token: int | _Auto = AUTO,
        commands_tag: int | None = None,
    ) -> bytes:
        """A signed eUICC Package, BF51, to be brought to the card by other ways than a poll.

        What is not given is as it should be: the only device, the next counter, a new eimTransactionId (None leaves it
        out), this eIM's name, key and association token. A counter that is given and that an eUICC can take counts as
        used. `eid` may be any 16 octets. `commands_tag` A0 or A1 overrides the list that the commands belong into.
        """
        with self._changed:
            meant = self.device().eid if eid is None else eid
            known = self._state.devices.get(meant) or Device(meant)
            choice = PackageChoice(
                meant,
                packages.command_octets(commands, known.version),
                packages.list_tag(commands) if commands_tag is None else commands_tag,
                self._new_transaction() if isinstance(transaction_id, _Auto) else transaction_id,
                counter,
                eim_id,
                signing_key,
                None if isinstance(association_token, _Auto) else association_token,
            )
            state, message = craft(self._state, choice, self._new_transaction, self._context)
            self._commit(state)
            return message

    def queue_package(self, eid: bytes | None, *commands: Command | bytes) -> bytes:
        """Queues a package; returns its eimTransactionId. It is signed when it first leaves. None: the only device."""
        octets, tag = packages.command_octets(commands, self.device(eid).version), packages.list_tag(commands)
        return self._queue(eid, lambda one: replace(one, kind=PACKAGE, commands=octets, commands_tag=tag))

    def queue_data_request(
        self,
        eid: bytes | None = None,
        tags: bytes | Iterable[int] = data.EVERYTHING,
        *,
        ci_key_id: bytes | None = None,
        notification: tuple[str, Any] | None = None,
        result_sequence_number: int | None = None,
    ) -> bytes:
        """Queues a request for IpaEuiccData; returns its eimTransactionId."""

        def filled(operation: Operation) -> Operation:
            message = data.data_request(
                operation.transaction_id,
                tags,
                ci_key_id=ci_key_id,
                notification=notification,
                result_sequence_number=result_sequence_number,
            )
            return replace(operation, kind=DATA, message=message)

        return self._queue(eid, filled)

    def queue_download(
        self,
        eid: bytes | None = None,
        *,
        activation_code: str | None = None,
        default_smdp: bool = False,
        smds: str | bool = False,
        confirmation_code: str | None = None,
        is_told: bool = True,
    ) -> bytes:
        """Queues a profile download by one of three ways; returns its eimTransactionId.

        `smds` is an SM-DS address, or True for the eUICC's root SM-DS. `is_told=False` keeps the activation code here and
        sends an empty trigger, for an IPA with eimDownloadDataHandling. Raises ValueError for none or several ways.
        """
        order = downloads.ordered(activation_code, default_smdp, smds, confirmation_code, is_told)
        return self._queue(
            eid,
            lambda one: replace(one, kind=DOWNLOAD, message=downloads.trigger(order, one.transaction_id), order=order),
        )

    def queue_message(self, eid: bytes | None, message: bytes, transaction_id: bytes | None = None) -> bytes:
        """Queues any octets to be put into a GetEimPackageResponse; `transaction_id` is where their answer is looked for."""
        return self._queue(
            eid,
            lambda one: replace(one, kind=RAW, message=message, transaction_id=transaction_id or one.transaction_id),
        )

    # Messages

    def handle(self, message: bytes, now: float) -> bytes:
        """The ESipa answer to one message; empty where there is none. See `exchange`."""
        return self.exchange(message, now).reply

    def exchange(self, message: bytes, now: float) -> Outcome:
        """Handles one message. What it changed is in the store before this returns, so before any package leaves.

        Raises LabFault where the store cannot keep it; then nothing has changed.
        """
        with self._changed:
            outcome = esipa.handle(self._state, message, now, self._context)
            self._commit(outcome.state, outcome.events)
            return outcome

    def take_result(self, answer: bytes, eid: bytes | None = None, now: float = 0.0) -> Outcome:
        """Takes a card's BF51 answer as if an IPA had delivered it with ProvideEimPackageResult."""
        fields = tlv.build(0x5A, self.device(eid).eid), answer
        return self.exchange(tlv.build(0xBF50, *fields), now)

    def report(self, event: Event) -> None:
        """Adds an event that a binding saw."""
        with self._changed:
            self._commit(self._state, (event,))

    def wait_for(self, transaction_id: bytes, timeout: float = 10.0) -> Operation:
        """The operation once it is closed. `timeout` in real seconds; DeviceSilent when it passes."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self.operation(transaction_id).is_open, timeout):
                state = self.operation(transaction_id).state
                raise DeviceSilent(f"no result within {timeout:g} s: the operation is still {state}")
            return self.operation(transaction_id)

    # Inside

    def _queue(self, eid: bytes | None, filled: Callable[[Operation], Operation]) -> bytes:
        with self._changed:
            operation = filled(Operation(self._new_transaction(), self.device(eid).eid, RAW))
            self._commit(self._state.queued(operation))
            return operation.transaction_id

    def _new_transaction(self) -> bytes:
        return self._entropy.bytes(16)

    def _commit(self, state: EimState, events: tuple[Event, ...] = ()) -> None:
        changed = () if state.devices is self._state.devices else state.devices.items()
        for eid, device in changed:
            if self._known.get(eid) != device.association:
                self._store.save(self.identity.eim_id, eid, device.association)
                self._known[eid] = device.association
        self._state = state
        self._events.extend(events)
        self._changed.notify_all()
