"""Cards in slots: the simulated one in this process, the one behind a reader, and the way each becomes a CardPort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.crypto.eid import octets_of, with_check_digits
from harness.lab.device import Simulated
from harness.links.apdu import CardLink, Channel
from harness.roles.es10 import Terminal
from harness.roles.es10.ports import APDU_DEADLINE, CardPort, SessionPort
from harness.simulators.defects import broken
from harness.simulators.euicc import CONFORMING, CardConfig, FileMemory, SimulatedEuicc, VolatileMemory

if TYPE_CHECKING:
    from harness.lab.rack import Rack

_EID_PREFIX = "890490321234512345123456789"
"""Inside the range of the SGP.26 test EUM."""


def card_config(rack: Rack, slot_name: str, device: Simulated) -> CardConfig:
    """The card of a slot. Each slot of a lab has an EID of its own, the same in every run."""
    eid = device.eid or slot_eid(list(rack.lab.slots).index(slot_name))
    after_enable: Any = device.after_enable
    return CardConfig(eid=octets_of(eid), version=device.version, after_enable=after_enable)


def slot_eid(position: int) -> str:
    """The EID of the simulated card in the slot at this position of the lab file."""
    return with_check_digits(f"{_EID_PREFIX}{position + 1:03}")


def card_memory(rack: Rack, slot_name: str) -> Path | None:
    """The file that a simulated card keeps its state in; None where the lab starts fresh."""
    return None if rack.lab.state is None else rack.lab.state / "cards" / f"{slot_name}.card"


def simulated_card(
    rack: Rack, slot_name: str, config: CardConfig, defects: Sequence[str], label: str
) -> SimulatedEuicc:
    """A card in this process, its keys from the lab's PKI, its chance from the lab's under `label`."""
    file = card_memory(rack, slot_name)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    return SimulatedEuicc(
        config,
        rack.pki.euicc_identities(config.eid),
        VolatileMemory() if file is None else FileMemory(file),
        rack.entropy.child(label),
        broken(CONFORMING, "euicc", defects),
    )


def conforming_card(rack: Rack, config: CardConfig) -> SimulatedEuicc:
    """A card like the one in the slot that breaks no rule and remembers nothing: snapshots are made with it."""
    label = f"conforming/{config.eid.hex()}"
    return SimulatedEuicc(
        config, rack.pki.euicc_identities(config.eid), VolatileMemory(), rack.entropy.child(label), CONFORMING
    )


class LentChannels:
    """A modem's way to the card as ES10 wants it: channels have numbers, whatever the modem calls them."""

    def __init__(self, link: CardLink) -> None:
        self._link = link
        self._channels: dict[int, Channel] = {}

    def reset(self) -> bytes:
        """Resets the card through the modem; every channel is gone."""
        self._channels.clear()
        return self._link.reset()

    def on_reset(self, forget: Callable[[], None]) -> None:
        """Calls `forget` when the card was reset by other hands."""
        if isinstance(self._link, SessionPort):
            self._link.on_reset(forget)

    def transmit(self, command: bytes, *, deadline: float = APDU_DEADLINE) -> bytes:
        """One command APDU on whatever channel its class byte says."""
        return self._link.transmit(command, deadline=deadline)

    def open_channel(self, aid: bytes) -> int:
        """Opens a channel through the modem and returns its number."""
        channel = self._link.open_channel(aid)
        self._channels[channel.number] = channel
        return channel.number

    def transmit_on(self, channel: int, command: bytes, *, deadline: float = APDU_DEADLINE) -> bytes:
        """One command APDU on an open channel."""
        return self._channels[channel].transmit(command, deadline=deadline)

    def close_channel(self, channel: int) -> None:
        """Closes it."""
        self._channels.pop(channel).close()


def port_of(link: CardLink) -> CardPort:
    """What ES10 talks to: the harness's own terminal where it is one, else the modem."""
    if link.is_terminal:
        return Terminal(link)
    return LentChannels(link) if link.name == "at-cgla" else link
