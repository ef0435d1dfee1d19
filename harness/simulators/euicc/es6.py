"""ES6: what an operator does with its own profile over the air (SGP.22 §5.4, scripts of ETSI TS 102 226 §5).

Rules of this room:
- A script is command APDUs in a row; the first that fails ends it, and what went before it stays.
- Policy rules can be lifted here and never be set: what is stored and what is asked for are combined bit by bit.
- A field that this card's version does not have is an extension that it does not know, and is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.codec import DecodeError, decode, tlv
from harness.codec.tlv import Tlv
from harness.simulators.euicc import apdu
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.state import Profile, bit_string, bits_of
from harness.simulators.euicc.versions import version_of

UPDATE_METADATA = 0xBF2A
POLICY_RULES, FALLBACK_ALLOWED = 0x99, 0x9F67
_STORE_DATA = 0xE2
_LAST = 0x80
_REPLACED = (0x91, 0x92, 0x93, 0x94, 0xBF22)
"""Service provider, profile name, icon with its type, service specific data."""
_ORDER = (0x5A, 0x91, 0x92, 0x93, 0x94, 0x95, 0xB6, 0xB7, 0x99, 0xBF22, 0xBF23, 0x9F7B, 0x9F67, 0xBF64)
"""The fields of StoreMetadataRequest in their order."""
_UPDATE_CONTROL = 0


def executed(device: Device, profile: Profile, script: bytes) -> tuple[Profile, bytes]:
    """The profile after a script, and what is told of it: how many commands ran, and the last status word."""
    chain, count, sw = b"", 0, apdu.OK
    for command in _commands(script):
        count += 1
        if len(command) < 5 or len(command) != 5 + command[4]:
            sw = apdu.WRONG_LENGTH
        elif command[1] != _STORE_DATA:
            sw = apdu.UNKNOWN_INS
        elif not command[2] & _LAST:
            chain += command[5:]
            continue
        else:
            profile, sw = device.rules["UpdateMetadata"](device, profile, chain + command[5:])
            chain = b""
        if sw != apdu.OK:
            break
    return profile, bytes([count & 0xFF]) + sw.to_bytes(2, "big")


def update_metadata(device: Device, profile: Profile, octets: bytes) -> tuple[Profile, int]:
    """ES6.UpdateMetadata: the profile with what was asked for, and the status word."""
    try:
        request = tlv.parse(octets)
        if request.tag != UPDATE_METADATA:
            return profile, apdu.DATA_NOT_FOUND
        decode("UpdateMetadataRequest", octets, version=device.config.version)
    except DecodeError:
        return profile, apdu.WRONG_DATA
    changes = {field.tag: field.raw for field in request.children if field.tag in _REPLACED}
    for field in request.children:
        if field.tag == POLICY_RULES:
            asked = bits_of(field.value)
            if _UPDATE_CONTROL in asked:
                return profile, apdu.WRONG_DATA
            left = device.rules["policy-rules-left"](profile.policy_rules, asked)
            changes[field.tag] = tlv.build(POLICY_RULES, bit_string(left)) if left else b""
        elif field.tag == FALLBACK_ALLOWED and device.rules["fallback-allowed-updates"](device.config):
            changes[field.tag] = field.raw
    return device.rules["metadata-updated"](profile, changes), apdu.OK


def policy_rules_left(stored: Iterable[int], asked: Iterable[int]) -> frozenset[int]:
    """Only a rule that was set before and is asked for stays (SGP.22 §5.4.1)."""
    return frozenset(stored) & frozenset(asked)


def updates_fallback_allowed(config: CardConfig) -> bool:
    """Whether the card declares fallbackAllowedUpdateSupported."""
    return (
        "fallbackAllowedUpdateSupported" in version_of(config).iot_fields and config.fallback_allowed_update_supported
    )


def metadata_updated(profile: Profile, changes: Mapping[int, bytes]) -> Profile:
    """The profile with these fields of its metadata, whole TLVs, in place of what it had."""
    fields = {field.tag: field.raw for field in _fields(profile)} | dict(changes)
    return replace(profile, metadata=tlv.build(0xBF25, *(fields.get(tag, b"") for tag in _ORDER)))


def _fields(profile: Profile) -> tuple[Tlv, ...]:
    return tlv.parse(profile.metadata).children


def _commands(script: bytes) -> Iterable[bytes]:
    while script:
        size = 5 + script[4] if len(script) > 4 else len(script)
        yield script[:size]
        script = script[size:]
