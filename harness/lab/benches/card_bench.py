"""A slot that holds one eUICC: in memory, behind a private PC/SC daemon, or in a real reader."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError
from harness.lab.benches.bench import ObserverOf
from harness.lab.benches.cards import (
    card_memory,
    checked_eid,
    port_of,
    said_by_card,
    simulated_card,
)
from harness.lab.benches.slot_bench import CardSlotBench
from harness.lab.file.configuration import Hardware, Slot
from harness.lab.file.device import defects_of
from harness.lab.power.simulated import MemoryPower, ProcessPower
from harness.links.apdu import CardLink
from harness.links.events import Observer
from harness.links.memory import MemoryLink
from harness.roles.es10 import Es10

if TYPE_CHECKING:
    from harness.endpoints.card_process import CardProcess
    from harness.lab.rack import Rack
    from harness.simulators.euicc import CardConfig


class CardBench(CardSlotBench):
    """The card of one slot and the one link to it."""

    def __init__(
        self, rack: Rack, slot: Slot, name: str, defects: Sequence[str] | None, observer_of: ObserverOf
    ) -> None:
        super().__init__(rack, slot, name, defects, observer_of)
        self._link: CardLink | None = None
        self._restore: Callable[[bytes], None] | None = None

    @property
    def link(self) -> CardLink:
        """The open link."""
        assert self._link is not None, f"{self.name} is not open"
        return self._link

    def open(self) -> None:
        """Finds the card. Raises LabFault where it is not there, or is another one than the lab file says."""
        (way,) = self.slot.ways.apdu
        observer = self.observer_of(way)
        if self._mains is None:
            self._link = self._in_memory(observer) if way == "memory" else self._over_pcsc(observer)
        else:
            self._mains.restore(lambda: self._connect(observer))
        assert self._link is not None
        self._closing.callback(self._link.close)
        if isinstance(self.slot.device, Hardware):
            self._found_eid = checked_eid(self._link, self.slot, self.slot.device.eid)

    def close(self) -> None:
        """Gives the card back."""
        self._link = self._restore = self._power = None
        self._closing.close()

    def restore(self, snapshot: bytes) -> None:
        """Replaces everything that the simulated card remembers; it has to be reset before use."""
        assert self._restore is not None, f"{self.name} is not open, or holds a real card"
        self._restore(snapshot)

    def identity(self) -> Mapping[str, Any]:
        """The ATR and the EID, as far as the card tells them."""
        found: dict[str, Any] = {}
        es10 = Es10(port_of(self.link))
        with suppress(HarnessError):  # a card that cannot even say who it is gets its verdict from the cases
            found["atr"] = es10.reset().hex().upper()
            found["eid"] = es10.get_eid().hex()
            self._said_by_card = said_by_card(self.rack, self.slot, es10)
            found["sgp32_version"] = self._said_by_card.version_in_words
            es10.close()
        return found

    def answers(self, link: str) -> bool:
        """Resets the card and asks for its EID; where the lab has a switch, once more after a power cut."""
        es10 = Es10(port_of(self.link))
        try:
            es10.reset()
            es10.get_eid()
        except HarnessError:
            return self._answers_after_a_cut(es10)
        return True

    def _answers_after_a_cut(self, es10: Es10) -> bool:
        if self._mains is None:
            return False
        try:
            self._mains.off()
            self._mains.on(es10.reset)
            es10.get_eid()
        except HarnessError:
            return False
        return True

    def _connect(self, observer: Observer) -> None:
        self._link = self._over_pcsc(observer)

    def _in_memory(self, observer: Observer) -> CardLink:
        assert self.config is not None, "a real card is not in memory"
        card = simulated_card(self.rack, self.slot.name, self.config, self.defects, self.name)
        self._restore, self._power = card.restore, MemoryPower(card)
        return MemoryLink(card, [observer])

    def _over_pcsc(self, observer: Observer) -> CardLink:
        from harness.links.pcsc import PcscLink  # the [pcsc] extra may not be there

        pcsc = self.slot.ways.pcsc
        assert pcsc is not None
        if self.config is None:
            return PcscLink(pcsc.reader, serial=pcsc.serial or None, observers=[observer])
        card = self._virtual_card(self.config)
        return PcscLink(card.reader, observers=[observer], power_cycle=card.power_cycle)

    def _virtual_card(self, config: CardConfig) -> CardProcess:
        """A simulated card in the virtual reader of a daemon of ours."""
        from harness.endpoints.card_process import CardProcess
        from harness.endpoints.pcscd import PrivatePcscd
        from harness.lab.benches.card_factory import FACTORY, arguments_for

        daemon = PrivatePcscd()
        daemon.start()
        self._closing.callback(daemon.stop)
        memory = card_memory(self.rack, self.slot.name)
        if memory is None:
            folder = self._closing.enter_context(tempfile.TemporaryDirectory(prefix="sgp32-card-"))
            memory = Path(folder) / "memory.card"
        memory.parent.mkdir(parents=True, exist_ok=True)
        card = CardProcess(daemon, FACTORY, arguments_for(self.rack, config, memory, self.name))
        card.start()
        self._closing.callback(card.stop)
        if self.defects:
            card.set_defects(defects_of("euicc", self.defects))
        self._restore = card.restore

        def again() -> None:
            card.kill()
            card.restart()

        self._power = ProcessPower(card, again)
        return card
