"""What results and notifications tell about a device: its profiles, and which key and counter its eUICC knows.

Rules of this room:
- Only what an eUICC signed is believed. Results stand in the order of the package's commands; the first that failed is the
  last one.
- Enabling a profile disables the one that was enabled, whether or not the package says so: one profile is enabled at most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.errors import CryptoError
from harness.roles.eim import reading
from harness.roles.eim.events import Event, KeyTaken, ProfilesChanged
from harness.roles.eim.identity import EimIdentity, key_name, key_name_of
from harness.roles.eim.results import succeeded
from harness.roles.eim.state import Device, Operation

Profiles = Mapping[bytes, bool]

_ICCID, _EIM_ID, _COUNTER, _KEY_DATA = 0x5A, 0x80, 0x83, 0xA5
_UPDATE_EIM = 0xAA
_NOTIFIED = ((0x80, False), (0x40, True), (0x20, False))
"""First octets of notificationInstall, -Enable and -Disable in profileManagementOperation; the rest is notificationDelete."""
_DELETED = 0x10


def profiles_after(profiles: Profiles, commands: tuple[bytes, ...], results: tuple[tuple[str, Any], ...]) -> Profiles:
    """The profiles' states after these results of these commands."""
    for octets, (name, value) in zip(commands, results, strict=False):
        change = _CHANGES.get(name)
        if change is not None and succeeded(name, value):
            profiles = change(dict(profiles), tlv.parse(octets), value)
    return profiles


def _enabled(profiles: dict[bytes, bool], command: Tlv, _value: Any) -> Profiles:
    return {**dict.fromkeys(profiles, False), command.get(_ICCID).value: True}


def _disabled(profiles: dict[bytes, bool], command: Tlv, _value: Any) -> Profiles:
    return {**profiles, command.get(_ICCID).value: False}


def _deleted(profiles: dict[bytes, bool], command: Tlv, _value: Any) -> Profiles:
    profiles.pop(command.get(_ICCID).value, None)
    return profiles


def _listed(profiles: dict[bytes, bool], command: Tlv, value: Any) -> Profiles:
    """A whole list replaces what was known; a search or a list without states only adds to it."""
    found = {
        entry["iccid"]: entry["profileState"] == 1 for entry in value[1] if "iccid" in entry and "profileState" in entry
    }
    is_whole = command.find(0xA0) is None and len(found) == len(value[1])
    return found if is_whole else {**profiles, **found}


_CHANGES: Mapping[str, Callable[[dict[bytes, bool], Tlv, Any], Profiles]] = {
    "enableResult": _enabled,
    "disableResult": _disabled,
    "deleteResult": _deleted,
    "listProfileInfoResult": _listed,
}


def after_package(
    device: Device, operation: Operation, identity: EimIdentity, now: float
) -> tuple[Device, list[Event]]:
    """What is known of a device after the results in a closed operation, and what there is to tell. Raises DecodeError."""
    profiles = profiles_after(device.profiles, operation.commands, operation.results)
    events = _told(device, profiles, now)
    association = device.association
    for octets, (name, value) in zip(operation.commands, operation.results, strict=False):
        command = tlv.parse(octets)
        if name == "updateEimResult" and value == 0 and command.find(_EIM_ID) is not None:
            if reading.text(command.get(_EIM_ID)) != identity.eim_id:
                continue
            key = _own_key(command, identity)
            counter = reading.optional_integer(command, _COUNTER)
            association = replace(
                association,
                key=key or association.key,
                counter=association.counter if counter is None else counter,
            )
            events += [KeyTaken(now, device.eid, operation.transaction_id, key)] if key else []
    undone = any(name == "rollbackResult" for name, _ in operation.results)
    device = replace(device, profiles=profiles, association=association, is_stale=device.is_stale or undone)
    return device, events


def gives_new_key(operation: Operation, identity: EimIdentity) -> bool:
    """Whether an operation is a package that tells the eUICC another key of this eIM."""
    updates = (octets for octets in operation.commands if octets[:1] == bytes([_UPDATE_EIM]))
    try:
        return any(_own_key(tlv.parse(octets), identity) for octets in updates)
    except DecodeError:
        return False


def _own_key(command: Tlv, identity: EimIdentity) -> str:
    """The name of the key in an updateEim, where it is one of this eIM's; else empty."""
    field = command.find(_KEY_DATA)
    if field is None:
        return ""
    inner = reading.only_child(field)
    whole = tlv.build(0x30, inner.value)
    try:
        info = ecdsa.public_key_info(Certificate(whole).public_key) if inner.tag == 0xA1 else whole
    except CryptoError:
        return ""
    name = key_name_of(info)
    known = [key_name(key) for key in (*identity.earlier_keys, identity.signing_key)]
    return name if name in known else ""


def after_notification(device: Device, metadata: Tlv, now: float) -> tuple[Device, list[Event]]:
    """What is known after a notification's metadata, BF2F. One that names no profile tells nothing."""
    iccid, event = metadata.find(_ICCID), metadata.find(0x81)
    if iccid is None or event is None or len(event.value) < 2:
        return device, []
    bits = event.value[1]
    profiles = dict(device.profiles)
    if bits & _DELETED:
        profiles.pop(iccid.value, None)
    else:
        enabled = next((state for bit, state in _NOTIFIED if bits & bit), False)
        if enabled:
            profiles = dict.fromkeys(profiles, False)
        profiles[iccid.value] = enabled
    return replace(device, profiles=profiles), _told(device, profiles, now)


def _told(device: Device, after: Profiles, now: float) -> list[Event]:
    changed = [(iccid, state) for iccid, state in after.items() if device.profiles.get(iccid) != state]
    gone: list[tuple[bytes, bool | None]] = [(iccid, None) for iccid in device.profiles if iccid not in after]
    return [ProfilesChanged(now, device.eid, (*changed, *gone))] if changed or gone else []
