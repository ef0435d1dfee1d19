"""The eIMs this card obeys: AddInitialEim (SGP.32 v1.2 §5.9.4), GetEimConfigurationData (§5.9.18), and what eCOs share.

Rules of this room:
- Configuration data is kept as received. What is given back is cut from it, with the generated token and without the
  counter.
- A list is taken entirely or not at all.
"""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from harness.codec import DecodeError, decode, encode, findings, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.errors import CryptoError
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.state import CardState, EimAssociation

COUNTER, TOKEN, KEY_DATA = 0x83, 0x84, 0xA5
TOKEN_WANTED = -1


class EimError(IntEnum):
    """Result codes shared by AddInitialEim, addEim and updateEim."""

    OK = 0
    INSUFFICIENT_MEMORY = 1
    ALREADY_EXISTS = 2
    CI_UNKNOWN = 3
    INVALID_TOKEN = 5
    COUNTER_OUT_OF_RANGE = 6
    COMMAND_ERROR = 7


class EimRefused(Exception):
    """Configuration data that is not taken. Never leaves the card."""

    def __init__(self, code: EimError) -> None:
        super().__init__(code.name)
        self.code = code


def add_initial_eim(device: Device, request: Tlv) -> Answer:
    """BF57: stores the first eIMs. Refused as soon as one is associated."""
    state = device.state
    entries: list[tuple[str, int | None]] = []
    try:
        if not device.rules["initial-eim-allowed"](state):
            raise EimRefused(EimError.ALREADY_EXISTS)
        listed = request.get(0xA0).children
        if not listed:
            raise EimRefused(EimError.COMMAND_ERROR)
        for data in listed:
            state, eim = device.rules["eim-added"](device, state, data)
            entries.append(("addOk", None) if eim.token is None else ("associationToken", eim.token))
    except EimRefused as refusal:
        answer = encode("AddInitialEimResponse", ("addInitialEimError", int(refusal.code)))
        return Answer(answer, device.rules["initial-eims-refused"](state))
    return Answer(
        encode("AddInitialEimResponse", ("addInitialEimOk", entries)), device.rules["initial-eims-kept"](device, state)
    )


def initial_eim_allowed(state: CardState) -> bool:
    """Nobody takes over a card that an eIM already manages."""
    return not state.eims


def initial_eims_refused(_state: CardState) -> CardState | None:
    """What is committed of a list that is refused: nothing, however far it was read."""
    return None


def initial_eims_kept(_device: Device, state: CardState) -> CardState:
    """The state that AddInitialEim commits."""
    return state


def added(device: Device, state: CardState, data: Tlv) -> tuple[CardState, EimAssociation]:
    """The state with one more eIM, and that eIM. Raises EimRefused; `data` has the children of EimConfigurationData."""
    value = _decoded(device, data)
    eim_id = value["eimId"]
    if not device.rules["eim-is-new"](state, eim_id):
        raise EimRefused(EimError.ALREADY_EXISTS)
    if not device.rules["eim-has-room"](device.config, state):
        raise EimRefused(EimError.INSUFFICIENT_MEMORY)
    if not device.rules["eim-has-key"](value):
        raise EimRefused(EimError.COMMAND_ERROR)
    token = value.get("associationToken")
    if not device.rules["eim-token-is-open"](token):
        raise EimRefused(EimError.INVALID_TOKEN)
    if token == TOKEN_WANTED:
        state, token = device.rules["association-token"](state)
    eim = EimAssociation(eim_id, value.get("counterValue", 0), token, _kept(data))
    return state.with_eim(eim), eim


def is_new(state: CardState, eim_id: str) -> bool:
    """No associated eIM has this eimId, nor has one before it in the same list."""
    return state.eim(eim_id) is None


def has_room(config: CardConfig, state: CardState) -> bool:
    """There is memory for one more association."""
    return len(state.eims) < config.max_eims


def has_key(value: dict[str, Any]) -> bool:
    """Without a key no package of this eIM could be verified."""
    return "eimPublicKeyData" in value


def token_is_open(token: int | None) -> bool:
    """A token is made by the card: an eIM asks for one, or does without."""
    return token in (None, TOKEN_WANTED)


def next_token(state: CardState) -> tuple[CardState, int]:
    """A token that this card never gave before: they are numbered from 1."""
    state = replace(state, tokens_given=state.tokens_given + 1)
    return state, state.tokens_given


def updated(device: Device, eim: EimAssociation, data: Tlv) -> EimAssociation:
    """An association with the given fields replaced. Raises EimRefused.

    The token stays; the counter goes down only together with a new key (SGP.32 v1.2 §3.5.1).
    """
    value = _decoded(device, data)
    if "associationToken" in value or len(value) < 2:
        raise EimRefused(EimError.COMMAND_ERROR)
    counter = value.get("counterValue", eim.counter)
    if counter < eim.counter and "eimPublicKeyData" not in value:
        raise EimRefused(EimError.COUNTER_OUT_OF_RANGE)
    fields = {field.tag: field.raw for field in tlv.parse_all(eim.fields)}
    fields.update((field.tag, field.raw) for field in data.children if field.tag not in (COUNTER, TOKEN))
    return replace(eim, counter=counter, fields=b"".join(fields[tag] for tag in sorted(fields, key=_order)))


def get_eim_configuration_data(device: Device, request: Tlv) -> Answer:
    """BF55: all eIMs, or the one asked for; an empty list where there is none."""
    criterion = decode("GetEimConfigurationDataRequest", request.raw).get("searchCriteria")
    found = device.rules["eims-found"](device.state.eims, None if criterion is None else criterion[1])
    return Answer(device.rules["eim-list"]([device.rules["eim-shown"](eim) for eim in found]))


def eims_found(eims: tuple[EimAssociation, ...], eim_id: str | None) -> list[EimAssociation]:
    """The eIMs that a search means; all without one."""
    return [eim for eim in eims if eim_id in (None, eim.eim_id)]


def listed(entries: list[bytes]) -> bytes:
    """GetEimConfigurationDataResponse; the list is there even when it is empty."""
    return tlv.build(0xBF55, tlv.build(0xA0, *entries))


def shown(eim: EimAssociation) -> bytes:
    """EimConfigurationData without counterValue, with the token that this card generated."""
    fields = {field.tag: field.raw for field in tlv.parse_all(eim.fields)}
    if eim.token is not None:
        fields[TOKEN] = tlv.integer(TOKEN, eim.token)
    return tlv.build(0x30, *(fields[tag] for tag in sorted(fields, key=_order)))


def public_key(eim: EimAssociation) -> EllipticCurvePublicKey | None:
    """The key that its packages are verified with."""
    return None if eim.key_data is None else key_of(eim.key_data.raw)


@lru_cache(maxsize=32)
def key_of(key_data: bytes) -> EllipticCurvePublicKey | None:
    """The key in eimPublicKeyData (A5), given raw or in a certificate; None where this card cannot use it."""
    try:
        inner = tlv.parse(key_data).children[0]
        whole = tlv.build(0x30, inner.value)
        return Certificate(whole).public_key if inner.tag == 0xA1 else ecdsa.load_public_key_info(whole)
    except (DecodeError, CryptoError, IndexError):
        return None


def _decoded(device: Device, data: Tlv) -> dict[str, Any]:
    """The fields of configuration data, checked one by one. Raises EimRefused."""
    try:
        value: dict[str, Any] = device.rules["eim-configuration-read"](tlv.build(0x30, data.value))
    except DecodeError:
        raise EimRefused(EimError.COMMAND_ERROR) from None
    if not device.rules["eim-counter-in-range"](device.config, value.get("counterValue", 0)):
        raise EimRefused(EimError.COUNTER_OUT_OF_RANGE)
    if not device.rules["eim-ci-is-known"](device, value.get("euiccCiPKId")):
        raise EimRefused(EimError.CI_UNKNOWN)
    if "eimPublicKeyData" in value and not device.rules["eim-key-usable"](data.get(KEY_DATA).raw):
        raise EimRefused(EimError.COMMAND_ERROR)
    return value


def counter_in_range(config: CardConfig, counter: int) -> bool:
    """The counter is one that the card can keep."""
    return 0 <= counter <= config.max_counter


def ci_is_known(device: Device, ci_key_id: bytes | None) -> bool:
    """The card can sign under the CI that the eIM names; under one of its own choice where it names none."""
    return device.identity(ci_key_id) is not None


def configuration_read(octets: bytes) -> dict[str, Any]:
    """The value of EimConfigurationData; whatever its schema allows, an eimId of 1 to 128 characters among it.

    Raises DecodeError for what is not DER too: the card gives back what it keeps, and its answers are DER.
    """
    value: dict[str, Any] = decode("EimConfigurationData", octets)
    faults = findings("EimConfigurationData", octets)
    if faults:
        raise DecodeError(faults[0])
    return value


def key_usable(key_data: bytes) -> bool:
    """Whether packages can be verified with this key."""
    return key_of(key_data) is not None


def _kept(data: Tlv) -> bytes:
    return b"".join(field.raw for field in data.children if field.tag not in (COUNTER, TOKEN))


def _order(tag: int) -> int:
    """Position of a field in EimConfigurationData: its context tag number."""
    return tag & 0x1F
