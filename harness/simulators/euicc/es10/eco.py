"""eIM configuration operations in a package (SGP.32 v1.2 §2.11.1.1.2, §3.5.1)."""

from __future__ import annotations

from dataclasses import replace

from harness.codec import decode, tlv
from harness.codec.tlv import Tlv
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.es10.eims import EimError, EimRefused
from harness.simulators.euicc.es10.packages import Outcome, Run
from harness.simulators.euicc.state import EimAssociation, fields_of

EIM_NOT_FOUND = 1
LAST_EIM_DELETED = 2
_SHOWN_TYPES = (b"\x01", b"\x02")
"""An eimId of type OID or FQDN is listed with its type; a proprietary one without."""


def add_eim(device: Device, run: Run, command: Tlv) -> Outcome:
    """Associates one more eIM; the answer is its generated token, or a code."""
    try:
        state, eim = device.rules["eim-added"](device, run.state, command)
    except EimRefused as refusal:
        return Outcome(run, tlv.build(0xA8, tlv.integer(0x02, refusal.code)), False)
    result = tlv.integer(0x02, EimError.OK) if eim.token is None else tlv.integer(0x84, eim.token)
    return Outcome(replace(run, state=state), tlv.build(0xA8, result))


def update_eim(device: Device, run: Run, command: Tlv) -> Outcome:
    """Replaces fields of an association."""
    eim = run.state.eim(command.get(0x80).value.decode(errors="replace"))
    if eim is None:
        return Outcome(run, tlv.integer(0x8A, EIM_NOT_FOUND), False)
    try:
        changed = device.rules["eim-updated"](device, eim, command)
    except EimRefused as refusal:
        return Outcome(run, tlv.integer(0x8A, refusal.code), False)
    return Outcome(replace(run, state=run.state.with_eim(changed)), tlv.integer(0x8A, EimError.OK))


def delete_eim(device: Device, run: Run, command: Tlv) -> Outcome:
    """Ends an association, also that of the sender: its result is still signed for it. The last one is a warning."""
    eim_id = decode("Eco", command.raw)[1]["eimId"]
    if run.state.eim(eim_id) is None:
        return Outcome(run, tlv.integer(0x89, EIM_NOT_FOUND), False)
    left = tuple(eim for eim in run.state.eims if eim.eim_id != eim_id)
    code = EimError.OK if left else LAST_EIM_DELETED
    return Outcome(replace(run, state=replace(run.state, eims=left)), tlv.integer(0x89, code))


def list_eim(device: Device, run: Run, command: Tlv) -> Outcome:
    """All associated eIMs."""
    decode("Eco", command.raw)
    entries = device.rules["eims-listed"](run.state.eims)
    return Outcome(run, tlv.build(0xAB, tlv.build(0xA0, *entries)))


def listed(eims: tuple[EimAssociation, ...]) -> list[bytes]:
    """One EimIdInfo for each eIM."""
    return [_entry(eim) for eim in eims]


def _entry(eim: EimAssociation) -> bytes:
    kind = fields_of(eim.fields).get(0x82)
    shown = b"" if kind is None or kind.value not in _SHOWN_TYPES else kind.raw
    return tlv.build(0x30, tlv.build(0x80, eim.eim_id.encode()), shown)
