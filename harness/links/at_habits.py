"""What a host has to know of a maker's modules beyond 27.007, as a table.

Rules of this room:
- A dialect named here is what a lab file calls it. What is not known of a maker's modules is as 27.007 has it, and what
  27.007 leaves open is found out from the module itself where that is possible.
- How a vendor's IPA is paused is public of none of them: a lab that knows says so in its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

_LARGEST_BLOCK = 255


@dataclass(frozen=True, slots=True)
class Habits:
    """How to deal with one kind of module."""

    makers: tuple[str, ...] = ()
    """What its answer to +CGMI begins with, in capitals: by this an unnamed module is recognised."""
    models: tuple[str, ...] = ()
    """What its answer to +CGMM holds, in capitals, where the maker's other modules do something else."""
    start: tuple[str, ...] = ()
    """What it wants to be told after each boot before it works."""
    iccid: str = "AT+CCID"
    """The command that tells the ICCID."""
    reach_card: tuple[str, ...] = ()
    """What opens the way to the card, where it is not always open."""
    leave_card: tuple[str, ...] = ()
    """What ends that."""
    block_size: int = _LARGEST_BLOCK
    """The most octets of command data that its APDUs may hold."""
    pause_ipa: str = ""
    """The command after which its own IPA leaves the card alone; empty: none is known."""
    resume_ipa: str = ""
    poll: str = ""
    """The command that makes its IPA poll; empty: none is known."""
    sockets: str = ""
    """Its commands for sockets, one of `harness.links.at_sockets.SOCKETS`; empty: none are known."""

    def told(self, *, pause_ipa: str = "", resume_ipa: str = "", poll: str = "") -> Habits:
        """These habits with what a lab file knows better."""
        return replace(
            self,
            pause_ipa=pause_ipa or self.pause_ipa,
            resume_ipa=resume_ipa or self.resume_ipa,
            poll=poll or self.poll,
        )


_FLIGHT, _FULL = "AT+CFUN=4", "AT+CFUN=1"

HABITS: Mapping[str, Habits] = {
    "3gpp": Habits(),
    "harness": Habits(
        makers=("SGP.32 HARNESS",), pause_ipa="AT%IPA=0", resume_ipa="AT%IPA=1", poll="AT%IPA=2", sockets="u-blox"
    ),
    "quectel": Habits(makers=("QUECTEL",), iccid="AT+QCCID", sockets="quectel"),
    "telit": Habits(makers=("TELIT",), iccid="AT#CCID"),
    "u-blox": Habits(makers=("U-BLOX",), sockets="u-blox"),
    "simcom-lpwa": Habits(makers=("SIMCOM",), models=("SIM7070", "SIM7080", "SIM7090"), sockets="simcom-lpwa"),
    "simcom": Habits(makers=("SIMCOM",), iccid="AT+CICCID", sockets="simcom"),
    "nordic": Habits(makers=("NORDIC",), start=(_FULL,), iccid="AT%XICCID", sockets="nordic"),
    "sealed": Habits(pause_ipa="AT%IPA=0", resume_ipa="AT%IPA=1", poll="AT%IPA=2"),
    "flight-mode": Habits(reach_card=(_FLIGHT,), leave_card=(_FULL,), pause_ipa=_FLIGHT, resume_ipa=_FULL),
    "registered": Habits(),
    "helpful": Habits(block_size=128),
    "restless": Habits(),
}
"""By dialect. Those without a maker are named by a lab file and never recognised."""

PLAIN = HABITS["3gpp"]


def recognised(manufacturer: str, model: str = "") -> str:
    """The dialect of a module, by what +CGMI and +CGMM say; `3gpp` for a maker that nobody knows."""
    maker, kind = manufacturer.strip().upper(), model.upper()
    for name, habits in HABITS.items():
        is_makers = bool(habits.makers) and maker.startswith(habits.makers)
        if is_makers and (not habits.models or any(known in kind for known in habits.models)):
            return name
    return "3gpp"
