"""Defects of an eUICC in what it checks of a package from an eIM, and in how it signs and keeps its result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from harness.codec import tlv
from harness.crypto import ecdsa
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, all_of, answering, around, with_rule
from harness.simulators.defects.euicc_signatures import signing_with_another_key
from harness.simulators.euicc.device import Answer, Device, Purpose
from harness.simulators.euicc.es10 import eims
from harness.simulators.euicc.es10.package import Package
from harness.simulators.euicc.es10.packages import COUNTER_OUT_OF_RANGE, REPLAY
from harness.simulators.euicc.state import CardState


def _not_below(_device: Device, package: Package) -> bool:
    return package.eim is not None and package.counter >= package.eim.counter


def _replay_unsigned(inner: Any, device: Device, package: Package, code: int | None) -> Answer:
    return inner(device, package, None if code == REPLAY else code)  # type: ignore[no-any-return]


def _replay_for_range(inner: Any, device: Device, package: Package, code: int | None) -> Answer:
    return inner(device, package, REPLAY if code == COUNTER_OUT_OF_RANGE else code)  # type: ignore[no-any-return]


def _one_more(state: CardState, package: Package) -> CardState:
    return _with_counter(state, package, 0 if package.eim is None else package.eim.counter + 1)


def _two_octets(state: CardState, package: Package) -> CardState:
    return _with_counter(state, package, package.counter & 0xFFFF)


def _for_all(state: CardState, package: Package) -> CardState:
    return replace(state, eims=tuple(replace(eim, counter=package.counter) for eim in state.eims))


def _unsigned(counter: int) -> int:
    return counter if counter >= 0 else counter + (1 << 8 * max(1, (counter.bit_length() + 8) // 8))


def _unsigned_is_above(_device: Device, package: Package) -> bool:
    return package.eim is not None and _unsigned(package.counter) > package.eim.counter


def _unsigned_kept(state: CardState, package: Package) -> CardState:
    return _with_counter(state, package, _unsigned(package.counter))


def _with_counter(state: CardState, package: Package, counter: int) -> CardState:
    return state if package.eim is None else state.with_eim(replace(package.eim, counter=counter))


def _or_nobody(inner: Any, device: Device, package: Package) -> bool:
    return package.eim is None or inner(device, package)


def _counter_spent(inner: Any, device: Device, package: Package, code: int | None) -> Answer:
    answer: Answer = inner(device, package, code)
    if code is not None or package.eim is None or package.counter <= package.eim.counter:
        return answer
    return replace(answer, state=_with_counter(device.state, package, package.counter))


def _with_or_without_token(inner: Any, device: Device, package: Package) -> bool:
    key = None if package.eim is None else eims.public_key(package.eim)
    untied = package.signed.raw + tlv.integer(0x84, 0)
    return inner(device, package) or (key is not None and ecdsa.verify(key, package.signature, untied))


def _half(_device: Device, package: Package) -> bool:
    """Looks whether r is a possible one, and at nothing else."""
    r = int.from_bytes(package.signature[:32], "big")
    return len(package.signature) == ecdsa.SIGNATURE_SIZE and 0 < r < ecdsa.Curve.NIST.order


def _bare(inner: Any, device: Device, request: tlv.Tlv) -> Answer:
    answer: Answer = inner(device, request)
    return replace(answer, response=tlv.build(0xBF51, tlv.parse(answer.response).children[0].value))


def _der_too(inner: Any, device: Device, package: Package) -> bool:
    try:
        r, s = decode_dss_signature(package.signature)
        plain = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except (ValueError, OverflowError):
        return inner(device, package)  # type: ignore[no-any-return]
    return inner(device, replace(package, signature=plain))  # type: ignore[no-any-return]


def _of_anybody(inner: Any, device: Device, package: Package) -> bool:
    """Tries the key of every associated eIM."""
    tried = (
        replace(package, eim=replace(package.eim, fields=other.fields)) for other in device.state.eims if package.eim
    )
    return any(inner(device, attempt) for attempt in tried)


def _over_eim_signature(data: bytes, _token: int, eim_signature: bytes) -> bytes:
    return data + tlv.build(0x5F37, eim_signature)


def _without_results(state: CardState) -> CardState:
    return replace(state, results=())


def _without_counters(state: CardState) -> CardState:
    return replace(state, eims=tuple(replace(eim, counter=0) for eim in state.eims))


def _results_stay(inner: Any, state: CardState, sequence: int) -> CardState | None:
    left: CardState | None = inner(state, sequence)
    return None if left is None else replace(left, results=state.results)


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "accepts-replayed-counter",
        "A package with the stored counter is executed again.",
        with_rule("package-counter-advances", _not_below),
    ),
    _define(
        "refuses-replay-unsigned",
        "A replayed package is refused without a signature.",
        around("package-refusal", _replay_unsigned),
    ),
    _define(
        "stores-counter-plus-one-only",
        "After a package the stored counter is one higher, however far the package's was ahead.",
        with_rule("counter-taken", _one_more),
    ),
    _define(
        "keeps-two-octets-of-counter",
        "Only the last two octets of a counter are stored.",
        with_rule("counter-taken", _two_octets),
    ),
    _define(
        "accepts-counter-out-of-range",
        "A counter of any size is taken.",
        answering("package-counter-in-range", True),
    ),
    _define(
        "calls-every-counter-a-replay",
        "A counter that cannot be kept is refused with replayError.",
        around("package-refusal", _replay_for_range),
    ),
    _define(
        "reads-counter-unsigned",
        "A negative counter is read as a positive one.",
        all_of(
            with_rule("package-counter-advances", _unsigned_is_above),
            with_rule("counter-taken", _unsigned_kept),
        ),
    ),
    _define(
        "shares-one-counter-between-eims",
        "A package moves the counters of all eIMs.",
        with_rule("counter-taken", _for_all),
    ),
    _define(
        "ignores-eid-of-package",
        "A package for another EID is executed.",
        answering("package-eid-is-ours", True),
    ),
    _define(
        "executes-for-unknown-eim",
        "A package under an eimId that is not associated is executed.",
        all_of(
            answering("package-eim-is-known", True),
            around("package-signature-holds", _or_nobody),
            around("package-counter-advances", _or_nobody),
        ),
    ),
    _define(
        "spends-counter-on-bad-signature",
        "A package with a bad signature is refused, and its counter stored.",
        around("package-refusal", _counter_spent),
    ),
    _define(
        "answers-packages-unwrapped",
        "Package results are sent without A0, A1 or A2.",
        around("LoadEuiccPackage", _bare),
    ),
    _define(
        "drops-eim-transaction-id",
        "Results carry no eimTransactionId.",
        answering("echoed-transaction-id", None),
    ),
    _define(
        "ignores-association-token-of-eim",
        "A package signed as if there were no association token is taken.",
        around("package-signature-holds", _with_or_without_token),
    ),
    _define(
        "checks-half-of-the-signature",
        "Of eimSignature only r is looked at.",
        with_rule("package-signature-holds", _half),
    ),
    _define(
        "accepts-der-coded-signature",
        "An eimSignature in DER is taken like a plain one.",
        around("package-signature-holds", _der_too),
    ),
    _define(
        "accepts-signature-of-any-eim",
        "A package is taken when any associated eIM signed it.",
        around("package-signature-holds", _of_anybody),
    ),
    _define(
        "signs-result-over-eim-signature",
        "Results are signed over data and eimSignature, as in v1.0.",
        with_rule("result-signing-input", _over_eim_signature),
    ),
    _define(
        "signs-with-another-key",
        "Everything is signed with a key that no certificate of the card is for.",
        signing_with_another_key(*Purpose),
    ),
    _define(
        "forgets-results-at-reset",
        "Stored results are lost at a reset.",
        with_rule("state-at-power-on", _without_results),
    ),
    _define(
        "forgets-counter-at-reset",
        "The counters of all eIMs begin again at a reset.",
        with_rule("state-at-power-on", _without_counters),
    ),
    _define(
        "keeps-acknowledged-result",
        "A result that was removed is still there.",
        around("acknowledged", _results_stay),
    ),
)
