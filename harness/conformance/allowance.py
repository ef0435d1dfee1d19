"""What a case would lastingly do to a real card, and whether the lab allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.conformance.applicability import acts_on_card
from harness.conformance.case import Case
from harness.lab.file.configuration import Slot
from harness.lab.file.effects import FUZZ, IN_WORDS

if TYPE_CHECKING:
    from harness.lab.ledger import Ledger

_CLEARING = ("removes-eim", "removes-profile")
"""What reaching a state does on a card that is the lab's own: its memory is reset."""


def effects_on(case: Case, slot: Slot) -> tuple[str, ...]:
    """All lasting effects that the case has in this slot: its own, and those of reaching its state."""
    clears = acts_on_card(case) and slot.ways.apdu and not slot.trust.keeps_card
    return tuple(dict.fromkeys((*case.effects, *(_CLEARING if clears else ()))))


def forbidden(case: Case, slot: Slot) -> str:
    """Why the lab does not allow the case in this slot; empty where it does."""
    if slot.sparing is None:
        return ""
    missing = [effect for effect in effects_on(case, slot) if effect not in slot.sparing.allow]
    if not missing:
        return ""
    said = "; ".join(
        f"{effect}: {'the case' if effect in case.effects else 'reaching the state of the case'} {IN_WORDS[effect]}"
        for effect in missing
    )
    options = " ".join("--allow-fuzz" if effect == FUZZ else f"--allow {effect}" for effect in missing)
    in_file = "" if missing == [FUZZ] else ", or name it under `allow` of the slot"
    return f"not allowed on this card: {said} (run with {options}{in_file})"


def exhausted(case: Case, slot: Slot, ledger: Ledger | None) -> str:
    """Which budget of the card is used up, so that no case acts on it any more; empty where none is."""
    if slot.sparing is None or ledger is None or not acts_on_card(case):
        return ""
    used = slot.sparing.exhausted(ledger.counts)
    return f"the card's budget is used up: {used} (raise `budget` of the slot)" if used else ""
