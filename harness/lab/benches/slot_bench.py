"""What benches of every kind begin with, and what those with a card know of it before anybody asks it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from harness.lab.benches.bench import ObserverOf
from harness.lab.benches.cards import SaidByCard, card_config
from harness.lab.file.configuration import Hardware, Remote, Simulated, Slot
from harness.lab.file.features import Lacks
from harness.lab.file.reach import OUR_NAMES, Names
from harness.lab.power.mains import Mains
from harness.lab.power.simulated import WriteSwitch
from harness.lab.power.switches import switch_of
from harness.links.events import Observers

if TYPE_CHECKING:
    from harness.lab.rack import Rack
    from harness.simulators.euicc import CardConfig


class SlotBench:
    """A slot that is to be opened. `defects` replace those that the lab file names; None keeps them."""

    def __init__(
        self, rack: Rack, slot: Slot, name: str, defects: Sequence[str] | None, observer_of: ObserverOf
    ) -> None:
        self.rack = rack
        self.slot = slot
        self.name = name
        self.observer_of = observer_of
        named = () if isinstance(slot.device, Hardware | Remote) else slot.device.defects
        self.defects: tuple[str, ...] = named if defects is None else tuple(defects)
        self._closing = ExitStack()
        self.farewell: Callable[[], None] | None = None
        """Takes off the device what cases put there; whoever puts something there sets it."""

    def leave(self) -> None:
        """What `farewell` does, once."""
        farewell, self.farewell = self.farewell, None
        if farewell is not None:
            farewell()


class CardSlotBench(SlotBench):
    """A slot with a card in it, by itself or inside a module."""

    def __init__(
        self, rack: Rack, slot: Slot, name: str, defects: Sequence[str] | None, observer_of: ObserverOf
    ) -> None:
        super().__init__(rack, slot, name, defects, observer_of)
        self._found_eid = ""
        self._power: WriteSwitch | None = None
        self._said_by_card = SaidByCard()
        wiring = slot.power
        self._mains = None if wiring is None else Mains(switch_of(wiring), wiring, Observers([observer_of("power")]))

    @property
    def names(self) -> Names:
        """What the device calls our servers."""
        return OUR_NAMES if self.slot.reach is None else self.slot.reach.names

    @property
    def power(self) -> WriteSwitch | None:
        """The power of a simulated card, which goes at a write; None for a real one."""
        return self._power

    @property
    def mains(self) -> Mains | None:
        """The switch that a real card hangs on; None where the lab has none."""
        return self._mains

    def boot(self) -> None:
        """Makes the way to the card usable after its power came back, as far as that is not the card's own reset."""

    @property
    def config(self) -> CardConfig | None:
        """What the simulated card is made like; None for a real one."""
        device = self.slot.device
        return card_config(self.rack, self.slot.name, device) if isinstance(device, Simulated) else None

    @property
    def lacks(self) -> Lacks:
        """What the card lacks, as far as the lab file says so or a real card did when it was identified."""
        return {**self._said_by_card.lacks, **self.slot.lacks}

    @property
    def version(self) -> str:
        """The SGP.32 version of the card: as the lab file says of a simulated one, as a real one said when identified."""
        device = self.slot.device
        return device.version if isinstance(device, Simulated) else self._said_by_card.version

    @property
    def ipa_version(self) -> str:
        """The SGP.32 version of the IPA before the card: the card's own, unless the lab file says another."""
        return self.slot.said_ipa_version or self.version

    @property
    def ipa_version_in_words(self) -> str:
        """The same for the record, with who says so: an IPA itself never does."""
        return f"v{self.ipa_version} ({'lab file' if self.slot.said_ipa_version else 'its card is of it'})"

    @property
    def takes_snapshots(self) -> bool:
        """Whether a case's state is put into the card rather than reached by its functions."""
        return isinstance(self.slot.device, Simulated) and self.slot.device.prepare == "snapshot"

    @property
    def known_eid(self) -> bytes | None:
        """The EID that the card has, and must keep; None behind a real module that does not show its card."""
        if self.config is not None:
            return self.config.eid
        return bytes.fromhex(self._found_eid) or None

    @property
    def device_name(self) -> str:
        """What the lab's memory calls the device: the EID of a real one, the slot's name for a simulated one."""
        return self._found_eid or self.name
