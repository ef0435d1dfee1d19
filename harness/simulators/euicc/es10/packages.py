"""eUICC Packages: what the card does with a signed package from an eIM (SGP.32 v1.2 §3.3.1, §5.9.1).

Rules of this room:
- The checks run in the order of CHECKS. Each is one entry of the rule table; the first that does not hold refuses the
  package, and a refused package changes nothing.
- An unknown eIM or a bad signature is refused unsigned, everything later signed.
- Commands run in their order on a state of their own until one fails. Counter, effects, stored result and notifications
  are committed together, once, after the result is signed.
- Signatures cover octets as received, or as about to be sent, followed by the association token as TLV 84.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.es10 import eims, notifications
from harness.simulators.euicc.state import CardState, EimAssociation, Event, Profile, RollbackGrant, StoredResult

INVALID_EID, REPLAY, COUNTER_OUT_OF_RANGE, UNDEFINED_ERROR = 3, 4, 6, 127
RESULT_SIZE_OVERFLOW, UNKNOWN_OR_DAMAGED_COMMAND = 1, 2

CHECKS: tuple[tuple[str, int | None], ...] = (
    ("package-eim-is-known", None),
    ("package-signature-holds", None),
    ("package-eid-is-ours", INVALID_EID),
    ("package-counter-advances", REPLAY),
    ("package-counter-in-range", COUNTER_OUT_OF_RANGE),
)
"""The checks in their order, with the error code of a signed refusal; None is refused unsigned."""

PSMOS: Mapping[int, str] = {
    0xA3: "psmo-enable",
    0xA4: "psmo-disable",
    0xA5: "psmo-delete",
    0xA6: "psmo-getRAT",
    0xA7: "psmo-configureImmediateEnable",
    0xA8: "psmo-setFallbackAttribute",
    0xA9: "psmo-unsetFallbackAttribute",
    0xBF2D: "psmo-listProfileInfo",
    0xBF65: "psmo-setDefaultDpAddress",
}
ECOS: Mapping[int, str] = {0xA8: "eco-addEim", 0xA9: "eco-deleteEim", 0xAA: "eco-updateEim", 0xAB: "eco-listEim"}
_LISTS = {0xA0: PSMOS, 0xA1: ECOS}
_EIM_ID_LENGTH = 128


@dataclass(frozen=True)
class Package:
    """An EuiccPackageRequest taken apart without trusting it."""

    signed: Tlv
    signature: bytes
    eim_id: str
    eid: bytes
    counter: int
    transaction_id: bytes | None
    commands: tuple[Tlv, ...]
    names: Mapping[int, str]
    """Rule names of the commands that may stand in this kind of package, by tag."""
    eim: EimAssociation | None
    """The association that eimId names, before this package."""

    @property
    def token(self) -> int:
        return token_of(self.eim)


@dataclass(frozen=True, slots=True)
class Run:
    """What the commands of a package have come to so far."""

    state: CardState
    events: tuple[tuple[Event, Profile], ...] = ()
    enabled: bytes | None = None
    """ICCID of the profile that this package enables."""
    disabled: bytes | None = None
    """ICCID of the profile that a disable command of this package named."""
    deleted: bool = False
    rollback_iccid: bytes | None = None
    """The profile that a rollback would return to."""

    @property
    def changed_profiles(self) -> bool:
        return self.enabled is not None or self.disabled is not None or self.deleted


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one command comes to."""

    run: Run
    result: bytes
    """One EuiccResultData."""
    succeeded: bool = True
    """A command that failed ends the package."""


def load_euicc_package(device: Device, request: Tlv) -> Answer:
    """BF51. Raises DecodeError only where not even the eimId can be read."""
    try:
        package = _package(device.state, request)
    except DecodeError:
        return Answer(error_unsigned(_readable_eim_id(request), None, None))
    for check, code in CHECKS:
        if not device.rules[check](device, package):
            return device.rules["package-refusal"](device, package, code)  # type: ignore[no-any-return]
    return _execute(device, package)


def eim_is_known(_device: Device, package: Package) -> bool:
    """The eimId is that of an associated eIM, octet by octet."""
    return package.eim is not None


def signature_holds(device: Device, package: Package) -> bool:
    """eimSignature is 64 octets that verify with the eIM's key over the signed part and its association token."""
    key = None if package.eim is None else eims.public_key(package.eim)
    if key is None:
        return False
    message = device.rules["package-signing-input"](package.signed.raw, package.token)
    return ecdsa.verify(key, package.signature, message)


def eid_is_ours(device: Device, package: Package) -> bool:
    """The package is for this card."""
    return package.eid == device.config.eid


def counter_advances(_device: Device, package: Package) -> bool:
    """The counter is above the last one taken from this eIM."""
    return package.eim is not None and package.counter > package.eim.counter


def counter_in_range(device: Device, package: Package) -> bool:
    """The counter is one that the card can keep."""
    return package.counter <= device.config.max_counter


def refusal(device: Device, package: Package, code: int | None) -> Answer:
    """The error that a failed check ends in; nothing else happens."""
    if code is None:
        return Answer(error_unsigned(package.eim_id, package.transaction_id, package.eim))
    data = tlv.build(0x30, *_head(device, package), tlv.integer(0x02, code))
    return Answer(_signed(device, 0xA1, data, package.eim))


def error_unsigned(eim_id: str, transaction_id: bytes | None, eim: EimAssociation | None) -> bytes:
    """EuiccPackageErrorUnsigned (BF51/A2), with the association token where the eIM has one."""
    return tlv.build(
        0xBF51,
        tlv.build(
            0xA2,
            tlv.build(0x80, eim_id.encode()),
            b"" if transaction_id is None else tlv.build(0x82, transaction_id),
            b"" if eim is None or eim.token is None else tlv.integer(0x84, eim.token),
        ),
    )


def _execute(device: Device, package: Package) -> Answer:
    run = Run(replace(device.rules["counter-taken"](device.state, package), rollback=None))
    results = []
    for command in package.commands:
        outcome = _run_command(device, run, package, command)
        run = outcome.run
        results.append(outcome.result)
        if not outcome.succeeded:
            break
    listed = b"".join(results)
    if len(listed) > device.config.max_result_size:
        listed = terminated(RESULT_SIZE_OVERFLOW)
    state, sequence = device.rules["next-sequence"](run.state)
    octets = result_signed(device, _head(device, package), sequence, listed, package.eim)
    state = notifications.with_result(device, state, StoredResult(sequence, package.eim_id, octets))
    if run.rollback_iccid is not None and package.eim is not None:
        grant = RollbackGrant(run.rollback_iccid, sequence, package.eim, package.counter, package.transaction_id)
        state = replace(state, rollback=device.rules["rollback-grant"](grant))
    for event, profile in run.events:
        state = notifications.with_notifications(device, state, profile, event)
    return Answer(octets, device.rules["package-commit"](state), run.enabled is not None or run.disabled is not None)


def _run_command(device: Device, run: Run, package: Package, command: Tlv) -> Outcome:
    name = package.names.get(command.tag)
    if name is None:
        return Outcome(run, terminated(UNKNOWN_OR_DAMAGED_COMMAND), False)
    try:
        return device.rules[name](device, run, command)  # type: ignore[no-any-return]
    except DecodeError:
        return Outcome(run, terminated(UNKNOWN_OR_DAMAGED_COMMAND), False)


def counter_taken(state: CardState, package: Package) -> CardState:
    """The state in which this package's counter is the last one taken from its eIM."""
    return state if package.eim is None else state.with_eim(replace(package.eim, counter=package.counter))


def granted(grant: RollbackGrant) -> RollbackGrant | None:
    """The grant that the IPA may use once."""
    return grant


def package_commit(state: CardState) -> CardState:
    """The state that a package commits, result and effects together."""
    return state


def terminated(reason: int) -> bytes:
    """processingTerminated."""
    return tlv.integer(0x02, reason)


def result_signed(
    device: Device, head: list[bytes], sequence: int, results: bytes, eim: EimAssociation | None
) -> bytes:
    """A signed EuiccPackageResult (BF51/A0) around a row of EuiccResultData."""
    data = tlv.build(0x30, *head, tlv.integer(0x83, sequence), tlv.build(0x30, results))
    return _signed(device, 0xA0, data, eim)


def result_head(eim_id: str, counter: int, transaction_id: bytes | None) -> list[bytes]:
    """The fields that results and signed errors begin with."""
    echoed = [] if transaction_id is None else [tlv.build(0x82, transaction_id)]
    return [tlv.build(0x80, eim_id.encode()), tlv.integer(0x81, counter), *echoed]


def signing_input(data: bytes, token: int) -> bytes:
    """What is signed on both ways: the octets on the wire, then the association token, 0 where there is none."""
    return data + tlv.integer(0x84, token)


def token_of(eim: EimAssociation | None) -> int:
    """The association token that signatures cover; 0 where none was given."""
    return 0 if eim is None or eim.token is None else eim.token


def _head(device: Device, package: Package) -> list[bytes]:
    return result_head(package.eim_id, package.counter, device.rules["echoed-transaction-id"](package.transaction_id))


def echoed(transaction_id: bytes | None) -> bytes | None:
    """The eimTransactionId of the package stands in its result; absent where it was absent."""
    return transaction_id


def _signed(device: Device, tag: int, data: bytes, eim: EimAssociation | None) -> bytes:
    message = device.rules["result-signing-input"](data, token_of(eim))
    return tlv.build(0xBF51, tlv.build(tag, data, device.signature(message, eim.ci_key_id if eim else None)))


def _package(state: CardState, request: Tlv) -> Package:
    """Takes a package apart. Raises DecodeError for what its schema does not allow, unknown commands excepted."""
    parts = request.children
    if [part.tag for part in parts[:2]] != [0x30, 0x5F37]:
        raise DecodeError("a package is a SEQUENCE and a signature", offset=request.offset)
    signed, signature = parts[0], parts[1].value
    fields = list(signed.children)
    tags = [field.tag for field in fields]
    expected = [0x80, 0x5A, 0x81, 0x82] if 0x82 in tags else [0x80, 0x5A, 0x81]
    if tags[: len(expected)] != expected or len(tags) == len(expected):
        raise DecodeError("fields of the signed part are missing or out of order", offset=signed.offset)
    listed = fields[len(expected)]
    if listed.tag not in _LISTS or any(tag in _LISTS for tag in tags[len(expected) + 1 :]):
        raise DecodeError("a package has either PSMOs or eCOs", offset=listed.offset)
    transaction_id = fields[3].value if len(expected) == 4 else None
    if len(fields[1].value) != 16 or (transaction_id is not None and not 1 <= len(transaction_id) <= 16):
        raise DecodeError("a field of the signed part has a wrong size", offset=signed.offset)
    if not tlv.is_minimal_integer(fields[2].value):
        raise DecodeError("counterValue is no INTEGER in its shortest form", offset=fields[2].offset)
    eim_id = _eim_id(fields[0])
    return Package(
        signed=signed,
        signature=signature,
        eim_id=eim_id,
        eid=fields[1].value,
        counter=int.from_bytes(fields[2].value, "big", signed=True),
        transaction_id=transaction_id,
        commands=listed.children,
        names=_LISTS[listed.tag],
        eim=state.eim(eim_id),
    )


def _eim_id(field: Tlv) -> str:
    try:
        eim_id = field.value.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("eimId is no UTF-8 text", offset=field.offset) from error
    if not 1 <= len(eim_id) <= _EIM_ID_LENGTH:
        raise DecodeError("eimId has a wrong size", offset=field.offset)
    return eim_id


def _readable_eim_id(request: Tlv) -> str:
    return _eim_id(request.get(0x30, 0x80))
