"""The operator's side of the eIM: devices, what is queued for them, and the eIM's own key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from harness.roles.eim import data_requests, downloads, identity, packages
from harness.roles.eim.commands import Command, update_eim
from harness.roles.eim.events import OperationEnded
from harness.roles.eim.holding import Holder
from harness.roles.eim.identity import key_name
from harness.roles.eim.state import (
    CANCELLED,
    DATA,
    DOWNLOAD,
    PACKAGE,
    RAW,
    Association,
    Device,
    Operation,
)
from harness.roles.eim.versions import VERSIONS


class Operating(Holder):
    """What an operator does with an eIM."""

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
        ipa_version: str | None = None,
    ) -> Device:
        """Makes a device known, or changes what is known of it; what is not given stays.

        `counter` is the last one used; `version` is the SGP.32 version of the eUICC, `ipa_version` that of the IPA, which
        is the eUICC's until another one is told. Counter and token are kept in the store before this returns. Raises
        ValueError for a version that no device has.
        """
        for given in (version, ipa_version):
            if given is not None and given not in VERSIONS:
                raise ValueError(f"{given!r} is no version of SGP.32 that devices are known of: {', '.join(VERSIONS)}")
        with self._changed:
            device = self._state.devices.get(eid) or Device(eid, self._known.get(eid, Association()))
            association = Association(
                device.association.counter if counter is None else counter,
                device.association.token if association_token is None else association_token,
                device.association.key,
            )
            device = replace(
                device,
                association=association,
                euicc_certificate=euicc_certificate or device.euicc_certificate,
                eum_certificate=eum_certificate or device.eum_certificate,
                version=version or device.version,
                ipa_version=ipa_version or device.ipa_version,
            )
            self._commit(self._state.with_device(device))
            return device

    def allow_policy_rules(self, *numbers: int) -> None:
        """Which profile policy rules (1, 2) a profile may have that is downloaded through this eIM; all by default."""
        with self._changed:
            self._context = replace(self._context, allowed_policy_rules=frozenset(numbers))

    def dissociate(self, eid: bytes) -> None:
        """Forgets a device, as far as this process goes: its counter and token stay in the store. Raises KeyError."""
        with self._changed:
            self._commit(self._state.without_device(self.device(eid).eid))

    def take_new_key(self, key: EllipticCurvePrivateKey, certificate: bytes | None = None) -> None:
        """Makes another signing key this eIM's own. Devices keep the old one until `queue_new_key` has told them.

        Keep the key on disk before: an eUICC that was told it obeys no other.
        """
        with self._changed:
            old = key_name(self.identity.signing_key)
            for eid, association in self._known.items():
                if not association.key:
                    self._known[eid] = named = replace(association, key=old)
                    self._store.save(self.identity.eim_id, eid, named)
            state = self._state
            for device in state.devices.values():
                if not device.association.key:
                    state = state.with_device(replace(device, association=replace(device.association, key=old)))
            self._context = replace(self._context, identity=self.identity.with_new_key(key, certificate))
            self._commit(state)

    # What is asked of them

    def queue_package(self, eid: bytes | None, *commands: Command | bytes, expires_at: float | None = None) -> bytes:
        """Queues a package; returns its eimTransactionId. It is signed when it first leaves. None: the only device.

        `expires_at`, here and below, is when it may no longer be delivered, in seconds of the lab's clock.
        """
        octets, tag = packages.command_octets(commands, self.device(eid).version), packages.list_tag(commands)
        return self._queue(eid, lambda one: replace(one, kind=PACKAGE, commands=octets, commands_tag=tag), expires_at)

    def queue_new_key(self, eid: bytes | None = None, *, counter: int | None = None) -> bytes:
        """Queues an updateEim that tells a device the present signing key; returns its eimTransactionId.

        It is signed with the key that the eUICC knows, and packages after its result with the new one. `counter` is where
        the eUICC's counter begins anew, for one that is nearly used up.
        """
        change = {"eimId": self.identity.eim_id, "eimPublicKeyData": ("eimPublicKey", self.identity.public_key_info)}
        return self.queue_package(eid, update_eim(change if counter is None else {**change, "counterValue": counter}))

    def queue_data_request(
        self,
        eid: bytes | None = None,
        tags: bytes | Iterable[int] = data_requests.EVERYTHING,
        *,
        ci_key_id: bytes | None = None,
        notification: tuple[str, Any] | None = None,
        result_sequence_number: int | None = None,
        expires_at: float | None = None,
    ) -> bytes:
        """Queues a request for IpaEuiccData; returns its eimTransactionId.

        Tags and criteria are those of v1.2, the request is in the version of the device's IPA; octets leave as they are.
        Raises EncodeError for what that version cannot ask for.
        """
        version = self.rules["data-request-version"](self.device(eid))

        def filled(operation: Operation) -> Operation:
            message = data_requests.data_request(
                operation.transaction_id,
                tags,
                ci_key_id=ci_key_id,
                notification=notification,
                result_sequence_number=result_sequence_number,
                version=version,
            )
            return replace(operation, kind=DATA, message=message)

        return self._queue(eid, filled, expires_at)

    def queue_download(
        self,
        eid: bytes | None = None,
        *,
        activation_code: str | None = None,
        default_smdp: bool = False,
        smds: str | bool = False,
        confirmation_code: str | None = None,
        is_told: bool = True,
        expires_at: float | None = None,
    ) -> bytes:
        """Queues a profile download by one of three ways; returns its eimTransactionId.

        `smds` is an SM-DS address, or True for the eUICC's root SM-DS. `is_told=False` keeps the activation code here and
        sends an empty trigger, for an IPA with eimDownloadDataHandling. Raises ValueError for none or several ways.
        """
        order = downloads.ordered(activation_code, default_smdp, smds, confirmation_code, is_told)
        return self._queue(
            eid,
            lambda one: replace(one, kind=DOWNLOAD, message=downloads.trigger(order, one.transaction_id), order=order),
            expires_at,
        )

    def queue_message(self, eid: bytes | None, message: bytes, transaction_id: bytes | None = None) -> bytes:
        """Queues any octets to be put into a GetEimPackageResponse; `transaction_id` is where their answer is looked for."""
        return self._queue(
            eid,
            lambda one: replace(one, kind=RAW, message=message, transaction_id=transaction_id or one.transaction_id),
        )

    def cancel(self, transaction_id: bytes, now: float = 0.0) -> Operation:
        """Takes an operation back, which is then never delivered again; one that is closed stays as it is.

        What was delivered before cannot be taken back: a result that still comes closes the operation as ever. Raises
        KeyError.
        """
        with self._changed:
            operation = self.operation(transaction_id)
            if not operation.is_open:
                return operation
            cancelled = replace(operation, state=CANCELLED)
            ended = OperationEnded(now, operation.eid, transaction_id, CANCELLED)
            self._commit(self.rules["after-cancelling"](self._state, cancelled), (ended,))
            return self.operation(transaction_id)

    def _queue(
        self,
        eid: bytes | None,
        filled: Callable[[Operation], Operation],
        expires_at: float | None = None,
    ) -> bytes:
        with self._changed:
            operation = filled(Operation(self._new_transaction(), self.device(eid).eid, RAW, expires_at=expires_at))
            self._commit(self._state.queued(operation))
            return operation.transaction_id
