"""Defects of an eUICC that let an attacker in: trust that is given too early, names and tokens compared too loosely."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.codec import encode, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, all_of, around
from harness.simulators.euicc import apdu
from harness.simulators.euicc.apdu import Command, Refused, Reply
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.es10 import eims
from harness.simulators.euicc.es10.eims import EimError, EimRefused
from harness.simulators.euicc.es10.package import Package
from harness.simulators.euicc.es10.packages import INVALID_EID, Outcome, Run
from harness.simulators.euicc.state import EimAssociation

_EIM_ID = 0x80
_PATIENCE = 8


def _once_is_enough(inner: Any, device: Device, package: Package) -> bool:
    return (package.eim is not None and package.eim.counter > 0) or inner(device, package)


def _signed_over(device: Device, package: Package, ending: bytes) -> bool:
    key = None if package.eim is None else eims.public_key(package.eim)
    return key is not None and ecdsa.verify(key, package.signature, package.signed.raw + ending)


def _without_token(inner: Any, device: Device, package: Package) -> bool:
    return inner(device, package) or _signed_over(device, package, b"")


def _token_of_any(inner: Any, device: Device, package: Package) -> bool:
    tokens = {eim.token for eim in device.state.eims if eim.token is not None}
    return inner(device, package) or any(
        _signed_over(device, package, tlv.integer(eims.TOKEN, token)) for token in tokens
    )


def _named_like(normal: Callable[[str], str]) -> Change:
    """An eIM is found whose eimId is the same in a normal form."""

    def found(device: Device, package: Package) -> Package:
        similar = (eim for eim in device.state.eims if normal(eim.eim_id) == normal(package.eim_id))
        return package if package.eim is not None else replace(package, eim=next(similar, None))

    def check(inner: Any, device: Device, package: Package) -> bool:
        return inner(device, found(device, package))  # type: ignore[no-any-return]

    names = ("package-eim-is-known", "package-signature-holds", "package-counter-advances")
    return all_of(*(around(name, check) for name in names))


def _counter_of_other_eid(inner: Any, device: Device, package: Package, code: int | None) -> Answer:
    answer: Answer = inner(device, package, code)
    if code != INVALID_EID or package.eim is None or package.counter <= package.eim.counter:
        return answer
    return replace(answer, state=device.state.with_eim(replace(package.eim, counter=package.counter)))


def _counted_refusal(inner: Any, device: Device, package: Package, code: int | None) -> Answer:
    """Counts the refusals in the sequence numbers that notifications and results are given."""
    answer: Answer = inner(device, package, code)
    return replace(answer, state=replace(device.state, sequence=device.state.sequence + 1))


def _patient(inner: Any, device: Device, package: Package) -> bool:
    results = len(device.state.results) + len(device.state.notifications)
    return device.state.sequence - results < _PATIENCE and inner(device, package)


def _update_of_sender(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    if run.state.eim(command.get(_EIM_ID).value.decode(errors="replace")) is None:
        return inner(device, run, command)  # type: ignore[no-any-return]
    others = (field.raw for field in command.children if field.tag != _EIM_ID)
    first = tlv.build(_EIM_ID, run.state.eims[0].eim_id.encode())
    return inner(device, run, tlv.parse(tlv.build(command.tag, first, *others)))  # type: ignore[no-any-return]


def _empty_signature(inner: Any, device: Device, package: Package) -> bool:
    return not package.signature or inner(device, package)


def _known_ones_updated(inner: Any, device: Device, request: Tlv) -> Answer:
    state, listed = device.state, request.get(0xA0).children
    known = [state.eim(data.get(_EIM_ID).value.decode(errors="replace")) for data in listed]
    if not listed or None in known:
        return inner(device, request)  # type: ignore[no-any-return]
    try:
        for eim, data in zip(known, listed, strict=True):
            if eim is not None:
                state = state.with_eim(device.rules["eim-updated"](device, eim, data))
    except EimRefused:
        return inner(device, request)  # type: ignore[no-any-return]
    entries = [("addOk", None)] * len(listed)
    return Answer(encode("AddInitialEimResponse", ("addInitialEimOk", entries)), state)


def _locked_at_the_end(inner: Any, device: Device, eim: EimAssociation, data: Tlv) -> EimAssociation:
    if eim.counter >= device.config.max_counter:
        raise EimRefused(EimError.COUNTER_OUT_OF_RANGE)
    return inner(device, eim, data)  # type: ignore[no-any-return]


def _always_ok(inner: Any, device: Device, command: Command) -> Reply:
    try:
        return inner(device, command)  # type: ignore[no-any-return]
    except Refused as refusal:
        if refusal.sw == apdu.WRONG_DATA:
            return Reply()
        raise


def _lost(inner: Any, device: Device, command: Command) -> Reply:
    try:
        return inner(device, command)  # type: ignore[no-any-return]
    except Refused as refusal:
        device.session.refuses_es10 = device.session.refuses_es10 or refusal.sw == apdu.WRONG_DATA
        raise


def _lost_below_zero(inner: Any, device: Device, request: Tlv) -> Answer:
    number = request.find(0x80)
    if number is not None and number.value[:1] >= b"\x80":
        device.session.refuses_es10 = True
    return inner(device, request)  # type: ignore[no-any-return]


def _one_chain(inner: Any, device: Device, command: Command) -> Reply:
    """Moves a chain that is open on another channel to this one."""
    here = device.session.channels[command.channel]
    for other in device.session.channels.values():
        if other is not here and other.chain:
            here.chain, here.next_block = bytearray(other.chain), other.next_block
            other.drop_chain()
    return inner(device, command)  # type: ignore[no-any-return]


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "trusts-eim-after-first-package",
        "Once an eIM had a package executed, its signatures are no longer looked at.",
        around("package-signature-holds", _once_is_enough),
    ),
    _define(
        "takes-signature-without-token",
        "A package that is signed without any association token is taken.",
        around("package-signature-holds", _without_token),
    ),
    _define(
        "takes-token-of-any-eim",
        "A package that is signed over the token of another association is taken.",
        around("package-signature-holds", _token_of_any),
    ),
    _define(
        "ignores-case-of-eim-id",
        "An eimId in capitals is that of the same eIM.",
        _named_like(str.casefold),
    ),
    _define(
        "trims-eim-id",
        "Spaces around an eimId are not looked at.",
        _named_like(str.strip),
    ),
    _define(
        "spends-counter-on-wrong-eid",
        "A package for another EID is refused, and its counter stored.",
        around("package-refusal", _counter_of_other_eid),
    ),
    _define(
        "locks-eim-after-refusals",
        "After some refused packages no package is taken any more.",
        all_of(
            around("package-refusal", _counted_refusal),
            around("package-signature-holds", _patient),
        ),
    ),
    _define(
        "updates-sender-instead-of-named-eim",
        "updateEim changes the first eIM, whichever is named.",
        around("eco-updateEim", _update_of_sender),
    ),
    _define(
        "takes-package-with-empty-signature",
        "A package with an empty signature is executed.",
        around("package-signature-holds", _empty_signature),
    ),
    _define(
        "updates-known-eim-at-add-initial-eim",
        "AddInitialEim in the name of an associated eIM gives it another key.",
        around("AddInitialEim", _known_ones_updated),
    ),
    _define(
        "locks-eim-at-highest-counter",
        "An eIM whose counter is at its end cannot be updated any more.",
        around("eim-updated", _locked_at_the_end),
    ),
    _define(
        "says-ok-to-malformed-command",
        "A command that cannot be decoded is answered with 9000 and nothing else.",
        around("STORE DATA", _always_ok),
    ),
    _define(
        "is-lost-after-malformed-command",
        "After a command that cannot be decoded the card refuses ES10 until it is reset.",
        around("STORE DATA", _lost),
    ),
    _define(
        "is-lost-after-negative-sequence-number",
        "After a notification with a negative number was to be removed the card refuses ES10 until it is reset.",
        around("RemoveNotificationFromList", _lost_below_zero),
    ),
    _define(
        "shares-one-chain-between-channels",
        "A command that was begun on one logical channel is ended on another.",
        around("STORE DATA", _one_chain),
    ),
)
