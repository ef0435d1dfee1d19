"""A card in this process: no driver, no daemon, nothing between the harness and the simulated card."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Protocol

from harness.errors import DeviceSilent
from harness.links.apdu import DEFAULT_DEADLINE, LogicalChannel, checked_response
from harness.links.events import Direction, Interface, Observer, Observers


class Card(Protocol):
    """What a simulated card offers: bytes in, bytes out. It answers at once, so no deadline is needed."""

    def power_on(self) -> bytes:
        """Powers the card up, or resets it where it is up; returns the ATR."""

    def power_off(self) -> None:
        """Takes the power away."""

    def transmit(self, command: bytes) -> bytes:
        """One command APDU in, one response APDU with status word out; empty from a mute card."""


class MemoryLink:
    """The harness is the terminal of a card in its own process."""

    name = "memory"
    is_terminal = True

    def __init__(self, card: Card, observers: Iterable[Observer] = ()) -> None:
        self._card = card
        self._channels: weakref.WeakSet[LogicalChannel] = weakref.WeakSet()
        self._powered = False
        self.observers = Observers(observers)

    def reset(self) -> bytes:
        """A cold reset: power off, power on, ATR."""
        for channel in self._channels:
            channel.forget()
        self._card.power_off()
        atr = self._card.power_on()
        self._powered = True
        self.observers.tell(Interface.APDU, Direction.FROM_DEVICE, atr, {"link": self.name, "event": "reset"})
        return atr

    def transmit(self, command: bytes, *, deadline: float = DEFAULT_DEADLINE) -> bytes:
        """Sends one command APDU. The first one powers the card up."""
        if not self._powered:
            self.reset()
        self.observers.tell(Interface.APDU, Direction.TO_DEVICE, command)
        response = self._card.transmit(command)
        if not response:
            raise DeviceSilent("the card gave no answer", hint="reset the card")
        self.observers.tell(Interface.APDU, Direction.FROM_DEVICE, response)
        return checked_response(response)

    def open_channel(self, aid: bytes, *, deadline: float = DEFAULT_DEADLINE) -> LogicalChannel:
        """MANAGE CHANNEL, then SELECT. Raises ChannelRefused."""
        channel = LogicalChannel.open(lambda command, within: self.transmit(command, deadline=within), aid, deadline)
        self._channels.add(channel)
        return channel

    def close(self) -> None:
        """Powers the card off."""
        if self._powered:
            self._powered = False
            self._card.power_off()
