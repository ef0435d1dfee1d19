"""What an IPA works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.roles.es10 import Es10
from harness.roles.ipa.ports import HttpPort, ModemPort
from harness.roles.ipa.settings import IpaSettings
from harness.roles.ipa.versions import Forms
from harness.rules import Rules


@dataclass(frozen=True)
class Device:
    """The card, the ways out of the device, and how this IPA is made."""

    card: Es10
    http: HttpPort
    modem: ModemPort
    settings: IpaSettings
    rules: Rules
    told: dict[str, frozenset[int]] = field(default_factory=dict)
    """By eimId: the data objects that this eIM has had of the card since the boot."""
    relayed: dict[str, frozenset[bytes]] = field(default_factory=dict)
    """By eimId: the SM-DP+'s transactionIds of downloads that went through this eIM since the boot."""

    @property
    def forms(self) -> Forms:
        """How ESipa is spoken."""
        forms: Forms = self.rules["esipa-forms"](self.settings)
        return forms

    def note_relayed(self, eim_id: str, transaction_id: bytes) -> None:
        """A download went through this eIM, which has seen all that the SM-DP+ said in it."""
        self.relayed[eim_id] = self.relayed.get(eim_id, frozenset()) | {transaction_id}

    def settle(self) -> None:
        """Has a card that wants a reset after a change of profile reset, so that the modem meets the profile of now."""
        self.card.get_eid()

    def reconnects(self) -> bool:
        """Brings the data path up again over the profile that is enabled now; whether it is up."""
        self.settle()
        return bool(self.rules["reconnects"](self.modem))
