"""Defects of a module in its life with a card, a network, a clock and an IPA."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, around, with_rule
from harness.simulators.module.grammar import SET, AtCommand
from harness.simulators.module.modem import FULL, SEARCHING, Modem
from harness.simulators.module.sim import Sim

_OTHER_EID = "89049032000000000000000000000000"
_cached: WeakKeyDictionary[Modem, dict[tuple[str, ...], list[str]]] = WeakKeyDictionary()
_first_profile: WeakKeyDictionary[Modem, str] = WeakKeyDictionary()


def _another_eid(modem: Modem, command: AtCommand) -> list[str]:
    return [_OTHER_EID]


def _only_enabled(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    return [line for line in inner(modem, command) if '",1,"' in line]


def _only_said(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    """A default SM-DP+ address is taken, and never written to the card."""
    if command.form == SET:
        return []
    answered: list[str] = inner(modem, command)
    return answered


def _former_identity(inner: Any, sim: Sim) -> tuple[str | None, str | None]:
    """Once a SIM was read, it is not read again before it loses its power."""
    if sim.iccid is not None:
        return sim.iccid, sim.imsi
    read: tuple[str | None, str | None] = inner(sim)
    return read


def _from_cache(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    files = _cached.setdefault(modem, {})
    if command.parameters not in files:
        files[command.parameters] = inner(modem, command)
    return files[command.parameters]


def _for_one_profile(inner: Any, modem: Modem) -> bool:
    """The context that was set up for the first profile is all that there will be."""
    if not modem.sim.iccid or modem.sim.iccid != _first_profile.setdefault(modem, modem.sim.iccid):
        return False
    has_path: bool = inner(modem)
    return has_path


def _detached(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    """Back from flight mode the module registers, and never attaches for data again."""
    before = modem.functionality
    answered: list[str] = inner(modem, command)
    if before != FULL and modem.functionality == FULL:
        modem.attach_wanted = False
    return answered


def _gone_for_good(inner: Any, modem: Modem, is_in: bool) -> None:
    if not is_in:
        inner(modem, is_in)


def _awake_only(inner: Any, modem: Modem) -> bool:
    has_path: bool = inner(modem)
    return has_path and not modem.sleeping.psm


def _poll_ignored(inner: Any, modem: Modem, command: AtCommand) -> list[str]:
    if command.parameters == ("2",):
        return []
    answered: list[str] = inner(modem, command)
    return answered


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "tells-another-eid", "module", "+CGEUICCID tells an EID of its own.", with_rule("AT+CGEUICCID", _another_eid)
    ),
    Defect(
        "lists-only-the-enabled-profile",
        "module",
        "+CEUICCPMETAI leaves out profiles that are disabled.",
        around("AT+CEUICCPMETAI", _only_enabled),
    ),
    Defect(
        "keeps-the-smdp-address-to-itself",
        "module",
        "+CEUICCSMDPA takes an address and does not write it to the card.",
        around("AT+CEUICCSMDPA", _only_said),
    ),
    Defect(
        "keeps-the-old-identity-after-refresh",
        "module",
        "After a REFRESH the module goes on with the ICCID and the IMSI that it knew.",
        around("identity-after-reset", _former_identity),
    ),
    Defect(
        "serves-files-from-its-cache",
        "module",
        "+CRSM gives what the file held when it was first read.",
        around("AT+CRSM", _from_cache),
    ),
    Defect(
        "searches-for-ever",
        "module",
        "The module says that it searches for a network, whatever it has found.",
        answering("registration-reported", SEARCHING),
    ),
    Defect(
        "stays-without-data-after-a-switch",
        "module",
        "Another profile than the first one never gets a context.",
        around("data-path", _for_one_profile),
    ),
    Defect(
        "stays-offline-after-flight-mode",
        "module",
        "After +CFUN=4 or 0 the module never attaches for data again.",
        around("AT+CFUN", _detached),
    ),
    Defect(
        "never-sees-the-sim-again",
        "module",
        "A SIM that was taken out and put in again is not found.",
        around("sim-detection", _gone_for_good),
    ),
    Defect(
        "sleeps-through-its-polls",
        "module",
        "In power saving mode there is no data path for the IPA.",
        around("data-path", _awake_only),
    ),
    Defect(
        "ignores-its-poll-command",
        "module",
        "The maker's command that asks for a poll says OK, and nothing follows.",
        around("AT%IPA", _poll_ignored),
    ),
    Defect(
        "trusts-certificates-at-any-time",
        "module",
        "Certificates are not checked at the time that the module's clock tells.",
        answering("certificate-time", 0.0),
    ),
)
