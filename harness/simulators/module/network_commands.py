"""Commands about registration and the packet domain (27.007 §7.2, §7.3, §10.1)."""

from __future__ import annotations

from harness.simulators.module.grammar import (
    INCORRECT_PARAMETERS,
    OPERATION_NOT_ALLOWED,
    READ,
    SET,
    TEST,
    AtCommand,
    AtError,
)
from harness.simulators.module.modem import Modem

_LTE = 7


def registration(modem: Modem, command: AtCommand) -> list[str]:
    """+CREG, +CGREG, +CEREG."""
    if command.form == READ:
        found = modem.rules["registration-reported"](modem)
        return [f"{command.name}: {modem.registration_reports[command.name]},{found}"]
    if command.form == TEST:
        return [f"{command.name}: (0-2)"]
    level = command.number(0, 0)
    if level > 2:
        raise AtError(INCORRECT_PARAMETERS)
    modem.registration_reports[command.name] = level
    return []


def operator(modem: Modem, command: AtCommand) -> list[str]:
    """+COPS: the network registered in, always in numeric form."""
    if command.form != READ:
        return []
    plmn = modem.plmn()
    return ["+COPS: 0"] if plmn is None else [f'+COPS: 0,2,"{plmn}",{_LTE}']


def define_context(modem: Modem, command: AtCommand) -> list[str]:
    """+CGDCONT."""
    if command.form == READ:
        return [f'+CGDCONT: {cid},"{kind}","{apn}","",0,0' for cid, (kind, apn) in sorted(modem.contexts.items())]
    if command.form == TEST:
        return ['+CGDCONT: (1-8),"IP",,,(0),(0)']
    cid = command.number(0)
    if not 1 <= cid <= 8:
        raise AtError(INCORRECT_PARAMETERS)
    if len(command.parameters) == 1:
        modem.contexts.pop(cid, None)
    else:
        apn = command.parameters[2] if len(command.parameters) > 2 else ""
        modem.contexts[cid] = (command.parameters[1], apn)
    return []


def attach(modem: Modem, command: AtCommand) -> list[str]:
    """+CGATT."""
    if command.form == READ:
        return [f"+CGATT: {int(modem.attach_wanted and modem.plmn() is not None)}"]
    if command.form == TEST:
        return ["+CGATT: (0,1)"]
    modem.attach_wanted = command.number(0) == 1
    if modem.attach_wanted and modem.plmn() is None:
        raise AtError(OPERATION_NOT_ALLOWED)
    return []


def activate(modem: Modem, command: AtCommand) -> list[str]:
    """+CGACT."""
    if command.form == READ:
        up = modem.has_data_path()
        active = modem.rules["contexts-up"](modem)
        return [f"+CGACT: {cid},{int(up and cid in active)}" for cid in sorted(modem.contexts)]
    if command.form == TEST:
        return ["+CGACT: (0,1)"]
    state, cid = command.number(0), command.number(1, 1)
    if cid not in modem.contexts or state > 1:
        raise AtError(INCORRECT_PARAMETERS)
    if state and not modem.has_data_path():
        raise AtError(OPERATION_NOT_ALLOWED)
    (modem.active_contexts.add if state else modem.active_contexts.discard)(cid)
    return []


def address(modem: Modem, command: AtCommand) -> list[str]:
    """+CGPADDR."""
    if command.form == TEST:
        return ["+CGPADDR: (1)"]
    wanted = [command.number(0)] if command.form == SET else sorted(modem.contexts)
    found = {cid: modem.rules["context-address"](modem, cid) for cid in wanted if _is_up(modem, cid)}
    return [f'+CGPADDR: {cid},"{given}"' if given else f"+CGPADDR: {cid}" for cid, given in found.items()]


def dynamic_parameters(modem: Modem, command: AtCommand) -> list[str]:
    """+CGCONTRDP: of contexts that are active, with the APN that the network knows."""
    if command.form == TEST:
        return ["+CGCONTRDP: (1)"]
    wanted = [command.number(0)] if command.form == SET else sorted(modem.contexts)
    return [f'+CGCONTRDP: {cid},5,"{modem.rules["apn-in-use"](modem, cid)}"' for cid in wanted if _is_up(modem, cid)]


def _is_up(modem: Modem, cid: int) -> bool:
    return modem.has_data_path() and cid in modem.contexts and cid in modem.rules["contexts-up"](modem)


def contexts_up(modem: Modem) -> set[int]:
    """The contexts that are active as long as there is a data path."""
    return modem.active_contexts


def apn_in_use(modem: Modem, cid: int) -> str:
    """The APN that a context was defined with, else the one that the operator gives."""
    return modem.contexts[cid][1] or modem.network.apns.get(modem.sim.iccid or "", "")


def context_address(modem: Modem, cid: int) -> str:
    """The address that the network gave to an active context."""
    return f"{modem.network_met().pool}{cid}"
