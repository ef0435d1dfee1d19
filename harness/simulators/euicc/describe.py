"""A card put into words, for a person who wonders what state it is in."""

from __future__ import annotations

from collections.abc import Iterator

from harness.simulators.euicc.device import Device
from harness.simulators.euicc.session import Session
from harness.simulators.euicc.state import CardState, Event, ProfileClass


def description(device: Device) -> str:
    """One line a fact, the state first, then what a reset would end."""
    return "\n".join(["EID " + device.config.eid.hex(), *_state(device.state), *_session(device.session)])


def _state(state: CardState) -> Iterator[str]:
    if state.default_smdp_address:
        yield f"default SM-DP+ {state.default_smdp_address}"
    for profile in state.profiles:
        yield (
            f"profile {profile.iccid.hex().upper()} {'enabled' if profile.enabled else 'disabled'}, "
            f"{ProfileClass(profile.profile_class).name.lower()}, {profile.size} octets"
            + (", fallback" if profile.fallback else "")
        )
        for keyset in profile.domain.keysets if profile.domain else ():
            yield f"  its security domain: keys {keyset.version}, counter {keyset.counter}"
    for eim in state.eims:
        yield f"eIM {eim.eim_id!r}, counter {eim.counter}, token {'none' if eim.token is None else eim.token}"
    for notification in state.notifications:
        kind = Event(notification.event).name.lower()
        yield f"notification {notification.sequence}: {kind} {notification.iccid.hex().upper()} to {notification.address}"
    for result in state.results:
        yield f"result {result.sequence} for {result.eim_id!r}, {len(result.octets)} octets"
    if state.rollback:
        yield f"rollback to {state.rollback.previous_iccid.hex().upper()} is allowed"
    if state.emergency:
        yield "an emergency call is under way"
    if state.immediate.allowed:
        yield "immediate enabling is allowed"


def _session(session: Session) -> Iterator[str]:
    for number, channel in sorted(session.channels.items()):
        selected = "ISD-R" if channel.isdr_selected else channel.path.hex().upper() or "MF"
        waiting = f", {len(channel.response)} octets to fetch" if channel.response else ""
        blocks = f", {channel.next_block} blocks of a command" if channel.next_block else ""
        yield f"channel {number}: {selected}{waiting}{blocks}"
    if session.proactive:
        yield f"proactive command {session.proactive.command.hex().upper()}" + (
            " fetched" if session.proactive.fetched else " waiting"
        )
    if session.refuses_es10:
        yield "ES10 waits for a reset"
    if session.download:
        yield f"download {session.download.transaction_id.hex().upper()} from {session.download.server_address}"
