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

from dataclasses import dataclass, replace

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.es10 import eims, notifications
from harness.simulators.euicc.es10.package import Package, readable_eim_id
from harness.simulators.euicc.es10.results import error_unsigned, result_head, result_signed, signed, terminated
from harness.simulators.euicc.state import CardState, Event, Profile, RollbackGrant, StoredResult
from harness.simulators.euicc.versions import version_of

INVALID_EID, REPLAY, COUNTER_OUT_OF_RANGE, SIZE_OVERFLOW, ECALL_ACTIVE, UNDEFINED_ERROR = 3, 4, 6, 15, 104, 127
RESULT_SIZE_OVERFLOW, UNKNOWN_OR_DAMAGED_COMMAND = 1, 2

CHECKS: tuple[tuple[str, int | None], ...] = (
    ("package-eim-is-known", None),
    ("package-signature-holds", None),
    ("package-eid-is-ours", INVALID_EID),
    ("package-counter-advances", REPLAY),
    ("package-counter-in-range", COUNTER_OUT_OF_RANGE),
    ("package-size-fits", SIZE_OVERFLOW),
    ("package-outside-emergency", ECALL_ACTIVE),
)
"""The checks in their order, with the error code of a signed refusal; None is refused unsigned."""


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
        package = device.rules["package-read"](device.state, request)
    except DecodeError:
        return Answer(error_unsigned(readable_eim_id(request), None, None))
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


def size_fits(device: Device, package: Package) -> bool:
    """The card can execute a package of this size."""
    return len(package.signed.raw) <= device.config.max_package_size


def outside_emergency(device: Device, _package: Package) -> bool:
    """No emergency call is under way."""
    return not device.rules["ecall-blocks"](device.state, "LoadEuiccPackage")


def refusal(device: Device, package: Package, code: int | None) -> Answer:
    """The error that a failed check ends in; nothing else happens."""
    if code is None:
        return Answer(error_unsigned(package.eim_id, package.transaction_id, package.eim))
    data = tlv.build(0x30, *_head(device, package), tlv.integer(0x02, code))
    return Answer(signed(device, 0xA1, data, package.eim, package.signature))


def _execute(device: Device, package: Package) -> Answer:
    run = Run(device.rules["package-begun"](device.rules["counter-taken"](device.state, package)))
    results = []
    for command in package.commands:
        outcome = _run_command(device, run, package, command)
        run = outcome.run
        results.append(outcome.result)
        if device.rules["command-ends-package"](outcome):
            break
    listed = device.rules["results-kept"](device.config, results)
    state, sequence = device.rules["next-sequence"](run.state)
    octets = result_signed(device, _head(device, package), sequence, listed, package.eim, package.signature)
    state = notifications.with_result(device, state, StoredResult(sequence, package.eim_id, octets))
    if run.rollback_iccid is not None and package.eim is not None:
        grant = RollbackGrant(
            run.rollback_iccid, sequence, package.eim, package.counter, package.transaction_id, package.signature
        )
        state = replace(state, rollback=device.rules["rollback-grant"](grant))
    for event, profile in run.events:
        state = notifications.with_notifications(device, state, profile, event)
    return Answer(octets, state, run.enabled is not None or run.disabled is not None)


def _run_command(device: Device, run: Run, package: Package, command: Tlv) -> Outcome:
    name, version = package.names.get(command.tag), version_of(device.config)
    if name is None or name in version.absent_commands:
        return device.rules["unknown-command"](run)  # type: ignore[no-any-return]
    try:
        outcome: Outcome = device.rules[name](device, run, command)
        return replace(outcome, result=version.result(outcome.result))
    except DecodeError:
        return Outcome(run, terminated(UNKNOWN_OR_DAMAGED_COMMAND), False)


def ends_package(outcome: Outcome) -> bool:
    """The first command that fails is the last that is executed."""
    return not outcome.succeeded


def unknown_command(run: Run) -> Outcome:
    """What a command comes to that this card does not know."""
    return Outcome(run, terminated(UNKNOWN_OR_DAMAGED_COMMAND), False)


def results_kept(config: CardConfig, results: list[bytes]) -> bytes:
    """The row of results; a single processingTerminated where they are too many to be kept."""
    listed = b"".join(results)
    return listed if len(listed) <= config.max_result_size else terminated(RESULT_SIZE_OVERFLOW)


def counter_taken(state: CardState, package: Package) -> CardState:
    """The state in which this package's counter is the last one taken from its eIM."""
    return state if package.eim is None else state.with_eim(replace(package.eim, counter=package.counter))


def begun(state: CardState) -> CardState:
    """The state that the commands of an accepted package begin with: whatever rollback was allowed before is so no more."""
    return replace(state, rollback=None)


def granted(grant: RollbackGrant) -> RollbackGrant | None:
    """The grant that the IPA may use once."""
    return grant


def _head(device: Device, package: Package) -> list[bytes]:
    return result_head(package.eim_id, package.counter, device.rules["echoed-transaction-id"](package.transaction_id))
