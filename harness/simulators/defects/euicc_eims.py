"""Defects of an eUICC in whom it obeys: AddInitialEim, eIM configuration, listing and resetting of eIMs."""

from __future__ import annotations

from typing import Any

from harness.codec import tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, answering, around, with_rule
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.es10.packages import Outcome, Run
from harness.simulators.euicc.es10.reset import EIM_RESET_NOT_SUPPORTED
from harness.simulators.euicc.state import CardState, EimAssociation, fields_of

_EIM_ID_ROOM = 128
_CERTIFICATE = 0xA1
_ID_TYPE, _TLS_TRUST, _PROTOCOLS = 0x82, 0xA6, 0x87
_FQDN = b"\x02"
_HTTPS_ALONE = tlv.build(_PROTOCOLS, b"\x07\x80")
_FACTORY_EIM = tlv.build(0x30, tlv.build(0x80, b"factory.example.com"))


def _with_factory_eim(inner: Any, entries: list[bytes]) -> bytes:
    return inner(entries or [_FACTORY_EIM])  # type: ignore[no-any-return]


def _not_kept(device: Device, _state: CardState) -> CardState:
    return device.state


def _raw_keys_only(inner: Any, key_data: bytes) -> bool:
    return tlv.parse(key_data).children[0].tag != _CERTIFICATE and inner(key_data)


def _no_token(state: CardState) -> tuple[CardState, None]:
    return state, None


def _with_counter(inner: Any, eim: EimAssociation) -> bytes:
    fields = tlv.parse(inner(eim)).children
    front = [field.raw for field in fields if field.tag < 0x83]
    return tlv.build(0x30, *front, tlv.integer(0x83, eim.counter), *(f.raw for f in fields if f.tag > 0x83))


def _any_length(inner: Any, octets: bytes) -> dict[str, Any]:
    eim_id, *others = tlv.parse(octets).children
    short = tlv.build(eim_id.tag, eim_id.value[:_EIM_ID_ROOM])
    value = inner(tlv.build(0x30, short, *(field.raw for field in others)))
    return {**value, "eimId": eim_id.value.decode(errors="replace")}


def _first_only(inner: Any, eims: tuple[EimAssociation, ...]) -> list[bytes]:
    return inner(eims[:1])  # type: ignore[no-any-return]


def _all_of_type(kind: bytes) -> Any:
    """Wraps what is listed of eIMs: each is of this type."""

    def wrapper(inner: Any, eims: tuple[EimAssociation, ...]) -> list[bytes]:
        listed = [tlv.parse(entry) for entry in inner(eims)]
        typed = [(field for field in entry.children if field.tag != _ID_TYPE) for entry in listed]
        return [tlv.build(0x30, *(field.raw for field in fields), tlv.build(_ID_TYPE, kind)) for fields in typed]

    return wrapper


def _shown_without_pinned_key(inner: Any, eim: EimAssociation) -> bytes:
    fields = tlv.parse(inner(eim)).children
    return tlv.build(0x30, *(f.raw for f in fields if f.tag != _TLS_TRUST or f.children[0].tag == _CERTIFICATE))


def _shown_for_https(inner: Any, eim: EimAssociation) -> bytes:
    fields = tlv.parse(inner(eim)).children
    return tlv.build(0x30, *(_HTTPS_ALONE if f.tag == _PROTOCOLS else f.raw for f in fields))


def _every_type(eims: tuple[EimAssociation, ...]) -> list[bytes]:
    entries = []
    for eim in eims:
        kind = fields_of(eim.fields).get(0x82)
        entries.append(tlv.build(0x30, tlv.build(0x80, eim.eim_id.encode()), kind.raw if kind else b""))
    return entries


def _reset_in_words(_device: Device, state: CardState) -> tuple[CardState, int]:
    return state, 0


def _reset_in_secret(inner: Any, device: Device, state: CardState) -> tuple[CardState, int]:
    changed, _ = inner(device, state)
    return changed, EIM_RESET_NOT_SUPPORTED


def _deleted_in_words(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
    outcome: Outcome = inner(device, run, command)
    return Outcome(run, outcome.result, outcome.succeeded)


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "ships-with-an-eim",
        "A virgin card lists an eIM.",
        around("eim-list", _with_factory_eim),
    ),
    _define(
        "forgets-initial-eim",
        "AddInitialEim answers ok and stores nothing.",
        with_rule("initial-eims-kept", _not_kept),
    ),
    _define(
        "refuses-eim-certificate",
        "An eIM is taken only with a raw public key.",
        around("eim-key-usable", _raw_keys_only),
    ),
    _define(
        "gives-no-association-token",
        "A request for an association token is answered without one.",
        with_rule("association-token", _no_token),
    ),
    _define(
        "lets-a-second-initial-eim-in",
        "AddInitialEim works while an eIM is associated.",
        answering("initial-eim-allowed", True),
    ),
    _define(
        "tells-its-counter",
        "GetEimConfigurationData tells counterValue.",
        around("eim-shown", _with_counter),
    ),
    _define(
        "takes-too-long-eim-id",
        "An eimId above 128 characters is taken.",
        around("eim-configuration-read", _any_length),
    ),
    _define(
        "keeps-deleted-eim",
        "deleteEim answers as if the eIM were gone, and it stays associated.",
        around("eco-deleteEim", _deleted_in_words),
    ),
    _define(
        "lists-first-eim-only",
        "listEim names one eIM, however many there are.",
        around("eims-listed", _first_only),
    ),
    _define(
        "shows-proprietary-eim-type",
        "listEim names the type of a proprietary eimId.",
        with_rule("eims-listed", _every_type),
    ),
    _define(
        "calls-every-eim-id-an-fqdn",
        "listEim gives every eIM the type FQDN.",
        around("eims-listed", _all_of_type(_FQDN)),
    ),
    _define(
        "forgets-pinned-key-of-eim",
        "Of what an IPA is to trust of an eIM, a certificate is kept and a raw key is not.",
        around("eim-shown", _shown_without_pinned_key),
    ),
    _define(
        "knows-no-protocol-but-https",
        "Every eIM is listed as one to be polled by HTTPS.",
        around("eim-shown", _shown_for_https),
    ),
    _define(
        "says-eim-reset-but-keeps-it",
        "The reset of the eIM configuration answers ok and changes nothing.",
        with_rule("eims-reset", _reset_in_words),
    ),
    _define(
        "denies-eim-reset-that-it-makes",
        "The reset of the eIM configuration is not supported, and the eIMs are gone.",
        around("eims-reset", _reset_in_secret),
    ),
)
