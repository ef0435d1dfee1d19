"""A device's whole life as messages: what crossed each interface, and beside each message its receiver just before it.

The receivers are copies that can be fed a changed message as often as wanted, each time from the same moment.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest import mock

from harness.crypto.entropy import Entropy
from harness.roles.eim import Eim
from harness.roles.eim.commands import add_eim, delete, delete_eim, disable, enable, list_profile_info
from harness.roles.smdp import Smdp
from harness.simulators.euicc import SimulatedEuicc, VolatileMemory
from tests.roles.ipa.world import World, profile


@dataclass(frozen=True)
class ToCard:
    """One command APDU."""

    card: SimulatedEuicc
    command: bytes

    def receiver(self) -> SimulatedEuicc:
        return twin_of_card(self.card)

    @property
    def is_store_data(self) -> bool:
        return self.command[1] == 0xE2

    @property
    def is_last_block(self) -> bool:
        return bool(self.command[2] & 0x80)


@dataclass(frozen=True)
class ToEim:
    """One ESipa message, and what the SM-DP+ behind the eIM remembered."""

    eim: Eim
    message: bytes
    smdp: Smdp
    smdp_state: Any

    def receiver(self) -> Eim:
        self.smdp._state = self.smdp_state
        return twin_of_eim(self.eim)


@dataclass(frozen=True)
class ToSmdp:
    """One ES9+ call."""

    smdp: Smdp
    state: Any
    path: str
    body: bytes

    def receiver(self) -> Smdp:
        return Smdp(self.smdp.identity, Entropy("smdp"), state=self.state)


@dataclass
class Life:
    """All messages of one life, in order, by who received them."""

    to_card: list[ToCard] = field(default_factory=list)
    to_eim: list[ToEim] = field(default_factory=list)
    to_smdp: list[ToSmdp] = field(default_factory=list)
    from_eim: list[bytes] = field(default_factory=list)

    def requests(self, tag: bytes) -> list[list[ToCard]]:
        """The STORE DATA chains whose data begins with this tag."""
        chains: list[list[ToCard]] = [[]]
        for sent in (sent for sent in self.to_card if sent.is_store_data):
            chains[-1].append(sent)
            if sent.is_last_block:
                chains.append([])
        return [chain for chain in chains if chain and chain[0].command[5:].startswith(tag)]


def twin_of_card(card: SimulatedEuicc) -> SimulatedEuicc:
    """The same card once more, with its memory and in the middle of the same session."""
    twin, device = copy.copy(card), copy.copy(card._device)
    device.memory = VolatileMemory(device.memory.load())
    device.session = _copied(device.session)
    twin._device = device
    return twin


def twin_of_eim(eim: Eim) -> Eim:
    """The same eIM once more. Its state is one value, so only what is added to has to be copied."""
    twin = copy.copy(eim)
    twin._events, twin._known = list(eim._events), dict(eim._known)
    return twin


def _copied(session: Any) -> Any:
    """A session copied down to its containers; keys and other values that never change are shared."""
    copied = copy.copy(session)
    copied.channels = {number: copy.copy(channel) for number, channel in session.channels.items()}
    for channel in copied.channels.values():
        channel.chain = bytearray(channel.chain)
    copied.proactive = copy.copy(session.proactive)
    copied.installation = copy.deepcopy(session.installation)
    return copied


@cache
def life(*, indirect: bool) -> Life:
    """From a card without any eIM to its deletion, with the profile fetched directly or through the eIM."""
    with _recording() as recorded:
        world = World(indirect=indirect)
        iccid = profile("operational-a").iccid
        world.eim.queue_data_request(world.eid)
        world.wake()
        world.install("bootstrap")
        world.install("operational-a")
        world.eim.queue_package(world.eid, list_profile_info(), enable(profile("bootstrap").iccid))
        world.wake()
        other = {**world.eim.configuration(), "eimId": "other.harness.test"}
        for commands in (
            (enable(iccid, rollback=True),),
            (add_eim(other),),
            (delete_eim("other.harness.test"),),
            (disable(iccid),),
            (delete(iccid),),
        ):
            world.eim.queue_package(world.eid, *commands)
            world.wake()
    assert iccid not in [info.iccid for info in world.es10.get_profiles_info()]
    return recorded


@contextmanager
def _recording() -> Iterator[Life]:
    found = Life()
    transmit, exchange, handle = SimulatedEuicc.transmit, Eim.exchange, Smdp.handle

    def noting_transmit(card: SimulatedEuicc, command: bytes) -> bytes:
        found.to_card.append(ToCard(twin_of_card(card), command))
        return transmit(card, command)

    def noting_exchange(eim: Eim, message: bytes, now: float) -> Any:
        smdp = eim._context.http._smdp  # type: ignore[union-attr]
        found.to_eim.append(ToEim(twin_of_eim(eim), message, smdp, smdp.state))
        outcome = exchange(eim, message, now)
        found.from_eim.append(outcome.reply)
        return outcome

    def noting_handle(smdp: Smdp, path: str, body: bytes, now: Any) -> Any:
        found.to_smdp.append(ToSmdp(smdp, smdp.state, path, body))
        return handle(smdp, path, body, now)

    with (
        mock.patch.object(SimulatedEuicc, "transmit", noting_transmit),
        mock.patch.object(Eim, "exchange", noting_exchange),
        mock.patch.object(Smdp, "handle", noting_handle),
    ):
        yield found
