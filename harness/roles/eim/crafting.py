"""Packages that a case makes for itself: each field as it should be, or as the case wants it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from harness.roles.eim import packages
from harness.roles.eim.context import Context
from harness.roles.eim.counters import GUARANTEED_COUNTER
from harness.roles.eim.packages import PackageFields
from harness.roles.eim.state import DELIVERED, PACKAGE, Device, EimState, Operation


@dataclass(frozen=True, slots=True)
class PackageChoice:
    """What a case chose; None leaves a field to the eIM."""

    eid: bytes
    commands: tuple[bytes, ...]
    commands_tag: int
    transaction_id: bytes | None
    """None: no eimTransactionId at all."""
    counter: int | None = None
    eim_id: str | None = None
    signing_key: EllipticCurvePrivateKey | None = None
    association_token: int | None = None


def craft(state: EimState, choice: PackageChoice, context: Context) -> tuple[EimState, bytes]:
    """The state in which the package has left, and the package.

    The counter counts as used where a card of the device could take it. A package without eimTransactionId is kept under
    a number of our own; its result is found by the counter.
    """
    rules, own = context.rules, context.identity
    device = state.devices.get(choice.eid) or Device(choice.eid)
    association = device.association
    counter = rules["next-counter"](association.counter) if choice.counter is None else choice.counter
    transaction = None if choice.transaction_id is None else rules["package-transaction-id"](choice.transaction_id)
    eim_id = own.eim_id if choice.eim_id is None else choice.eim_id
    fields = PackageFields(eim_id, choice.eid, counter, transaction, choice.commands)
    message = packages.package_request(
        packages.package_signed(fields, choice.commands_tag),
        association.token if choice.association_token is None else choice.association_token,
        choice.signing_key or own.key_named(association.key),
        rules,
    )
    operation = Operation(
        choice.transaction_id or context.new_transaction(),
        choice.eid,
        PACKAGE,
        DELIVERED,
        message,
        choice.commands,
        choice.commands_tag,
        counter,
    )
    state = state.with_operation(operation)
    if choice.eid in state.devices and association.counter < counter <= GUARANTEED_COUNTER:
        state = state.with_device(replace(device, association=replace(association, counter=counter)))
    return state, message
