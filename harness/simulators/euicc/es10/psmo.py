"""Profile state management operations in a package (SGP.32 v1.2 §2.11.1.1, §3.4.1 to §3.4.7).

Each takes what the package has come to so far and returns an Outcome. Nothing leaves the package before it ends: until
then a profile is "to be enabled" or "to be disabled" in the run's own state.
"""

from __future__ import annotations

from dataclasses import replace

from harness.codec import decode, encode, tlv
from harness.codec.tlv import Tlv
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.es10 import addresses, profiles
from harness.simulators.euicc.es10.immediate import configured
from harness.simulators.euicc.es10.packages import Outcome, Run
from harness.simulators.euicc.es10.switching import switched
from harness.simulators.euicc.state import Event

OK = 0
ICCID_NOT_FOUND = 1
WRONG_STATE = 2
DISALLOWED_BY_POLICY = 3
CAT_BUSY = 5
ROLLBACK_NOT_AVAILABLE = 20
RETURN_FALLBACK_PROFILE = 21
UNDEFINED_ERROR = 127
FALLBACK_NOT_ALLOWED = 2
NO_FALLBACK_ATTRIBUTE = 2
FALLBACK_PROFILE_ENABLED = 3
PPR2_NO_DELETION = 2
COMMAND_ERROR = 7
CONFIGURE_IMMEDIATE_ENABLE = 0x87
ENABLE, DISABLE, DELETE, SET_FALLBACK, UNSET_FALLBACK = 0x83, 0x84, 0x85, 0x8D, 0x8E


def enable(device: Device, run: Run, command: Tlv) -> Outcome:
    """Enables a disabled profile, disabling the enabled one (§3.4.1)."""
    wanted = decode("Psmo", command.raw)[1]
    code = device.rules["enable-result"](device, run, wanted["iccid"], "rollbackFlag" in wanted)
    if code != OK:
        return _outcome(run, ENABLE, code)
    rollback = (run.state.enabled.iccid if run.state.enabled else run.disabled) if "rollbackFlag" in wanted else None
    state, events = switched(device, run.state, wanted["iccid"])
    changed = replace(run, state=state, events=run.events + events, enabled=wanted["iccid"], rollback_iccid=rollback)
    return _outcome(changed, ENABLE, OK)


def enable_result(device: Device, run: Run, iccid: bytes, rollback: bool) -> int:
    """What speaks against enabling a profile. One enable a package."""
    profile, current = run.state.profile(iccid), run.state.enabled
    if profile is None:
        return ICCID_NOT_FOUND
    if profile.enabled:
        return WRONG_STATE
    if run.enabled is not None:
        return UNDEFINED_ERROR
    if current is not None and not device.rules["may-be-disabled"](current):
        return DISALLOWED_BY_POLICY
    if device.rules["cat-is-busy"](device):
        return CAT_BUSY
    if rollback and not device.rules["rollback-is-possible"](run):
        return ROLLBACK_NOT_AVAILABLE
    return OK


def rollback_is_possible(run: Run) -> bool:
    """A rollback needs a profile to return to: one that is enabled, or that this package disables."""
    return run.state.enabled is not None or run.disabled is not None


def disable(device: Device, run: Run, command: Tlv) -> Outcome:
    """Disables the enabled profile (§3.4.2)."""
    iccid = decode("Psmo", command.raw)[1]["iccid"]
    code = device.rules["disable-result"](device, run, iccid)
    profile = run.state.profile(iccid)
    if code != OK or profile is None:
        return _outcome(run, DISABLE, code)
    state = device.rules["disabled"](run.state, profile)
    events = (*run.events, (Event.DISABLE, profile))
    return _outcome(replace(run, state=state, events=events, disabled=iccid), DISABLE, OK)


def disable_result(device: Device, run: Run, iccid: bytes) -> int:
    """What speaks against disabling a profile. Not behind an enable in the same package."""
    profile = run.state.profile(iccid)
    if profile is None:
        return ICCID_NOT_FOUND
    if not profile.enabled:
        return WRONG_STATE
    if run.enabled is not None or run.disabled is not None:
        return UNDEFINED_ERROR
    if not device.rules["may-be-disabled"](profile):
        return DISALLOWED_BY_POLICY
    if device.rules["cat-is-busy"](device):
        return CAT_BUSY
    return OK


def delete(device: Device, run: Run, command: Tlv) -> Outcome:
    """Deletes a disabled profile (§3.4.3)."""
    iccid = decode("Psmo", command.raw)[1]["iccid"]
    code = device.rules["delete-result"](run, iccid)
    profile = run.state.profile(iccid)
    if code != OK or profile is None:
        return _outcome(run, DELETE, code)
    state = device.rules["deleted"](run.state, profile)
    events = (*run.events, (Event.DELETE, profile))
    return _outcome(replace(run, state=state, events=events, deleted=True), DELETE, OK)


def delete_result(run: Run, iccid: bytes) -> int:
    """What speaks against deleting a profile."""
    profile = run.state.profile(iccid)
    if profile is None:
        return ICCID_NOT_FOUND
    if profile.enabled:
        return WRONG_STATE
    if PPR2_NO_DELETION in profile.policy_rules:
        return DISALLOWED_BY_POLICY
    if iccid == run.rollback_iccid:
        return ROLLBACK_NOT_AVAILABLE
    if iccid == run.state.return_iccid:
        return RETURN_FALLBACK_PROFILE
    return OK


def list_profile_info(device: Device, run: Run, command: Tlv) -> Outcome:
    """The profiles, unless this package already changed one (§5.13.4)."""
    if run.changed_profiles:
        return Outcome(run, profiles.list_error(profiles.PROFILE_CHANGE_ONGOING), False)
    listed = device.rules["profile-list"](device, run.state, command)
    return Outcome(run, listed, tlv.parse(listed).find(0xA0) is not None)


def get_rat(device: Device, run: Run, command: Tlv) -> Outcome:
    """The Rules Authorisation Table (§5.13.5)."""
    decode("Psmo", command.raw)
    return Outcome(run, encode("EuiccResultData", ("getRATResult", device.rules["authorisation-table"](device.config))))


def configure_immediate_enable(device: Device, run: Run, command: Tlv) -> Outcome:
    """Allows or forbids immediate enabling (§3.4.4)."""
    wanted = decode("Psmo", command.raw)[1]
    if not device.config.immediate_enable_supported:
        return _outcome(run, CONFIGURE_IMMEDIATE_ENABLE, COMMAND_ERROR)
    state = replace(run.state, immediate=configured(wanted))
    return _outcome(replace(run, state=state), CONFIGURE_IMMEDIATE_ENABLE, OK)


def set_default_dp_address(device: Device, run: Run, command: Tlv) -> Outcome:
    """Replaces the default SM-DP+ address."""
    result, state = device.rules["default-address-set"](run.state, command)
    octets = tlv.build(0xBF65, tlv.integer(0x80, result))
    return Outcome(replace(run, state=state), octets, result == addresses.OK)


def set_fallback_attribute(_device: Device, run: Run, command: Tlv) -> Outcome:
    """Gives the fallback attribute to one profile, taking it from any other (§3.4.6)."""
    iccid = decode("Psmo", command.raw)[1]["iccid"]
    profile, allowed = run.state.profile(iccid), None
    if profile is None:
        return _outcome(run, SET_FALLBACK, ICCID_NOT_FOUND)
    allowed = profile.field(0x9F67)
    if allowed is None or allowed.value == b"\x00":
        return _outcome(run, SET_FALLBACK, FALLBACK_NOT_ALLOWED)
    if profile.fallback:
        return _outcome(run, SET_FALLBACK, OK)
    if any(other.fallback and other.enabled for other in run.state.profiles):
        return _outcome(run, SET_FALLBACK, FALLBACK_PROFILE_ENABLED)
    marked = tuple(replace(other, fallback=other.iccid == iccid) for other in run.state.profiles)
    return _outcome(replace(run, state=replace(run.state, profiles=marked)), SET_FALLBACK, OK)


def unset_fallback_attribute(_device: Device, run: Run, command: Tlv) -> Outcome:
    """Takes the fallback attribute away (§3.4.7)."""
    decode("Psmo", command.raw)
    holder = next((profile for profile in run.state.profiles if profile.fallback), None)
    if holder is None:
        return _outcome(run, UNSET_FALLBACK, NO_FALLBACK_ATTRIBUTE)
    if holder.enabled:
        return _outcome(run, UNSET_FALLBACK, FALLBACK_PROFILE_ENABLED)
    state = run.state.with_profile(replace(holder, fallback=False))
    return _outcome(replace(run, state=state), UNSET_FALLBACK, OK)


def _outcome(run: Run, tag: int, code: int) -> Outcome:
    return Outcome(run, tlv.integer(tag, code), code == OK)
