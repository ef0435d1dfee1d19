"""A lab file: which slots a rack has, what is in them, and the ways to it.

A slot is one device under test. `read_lab` reports every mistake of a file at once, each with its line; what it returns
needs no further checking, except that the hardware is really there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import ConfigurationError
from harness.lab.file.accounts import Account, read_accounts
from harness.lab.file.declared import Declared, read_declared
from harness.lab.file.device import Device, Hardware, Reference, Remote, Simulated, read_device
from harness.lab.file.effects import Sparing, read_sparing
from harness.lab.file.features import Lacks, of_esipa_version, of_version
from harness.lab.file.reach import NETWORKS, Listen, Reach, check_together, read_listen, read_reach
from harness.lab.file.trust import OWN_CARD, CardTrust, read_trust
from harness.lab.file.ways import Ways, read_ways
from harness.lab.power.wiring import Wiring, read_wiring
from harness.lab.programs import read_words
from harness.nodes import Value, read

KINDS = ("euicc", "module", "eim", "smdp", "smds")
OF_MODULE = ("declares", "sms", "soak")
"""Keys of a slot that holds a real module."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One device under test and the ways to it."""

    name: str
    kind: str
    """One of KINDS."""
    device: Device
    ways: Ways
    optional: bool = False
    """Whether the lab is whole without it: a missing one is then reported in one line and changes no exit status."""
    trust: CardTrust = OWN_CARD
    """What the lab may do with the card in it."""
    sparing: Sparing | None = None
    """What may lastingly be done to the card in it; None: anything, as with a simulated one."""
    power: Wiring | None = None
    """The switch of a real device's supply; None where the lab has none."""
    network: str = "simulator"
    """What the device can attach to: one of `harness.lab.file.reach.NETWORKS`."""
    reach: Reach | None = None
    """How a real device reaches our servers; None: not at all, or in the simulation."""
    said_by_maker: Declared = field(default_factory=dict)
    """What the lab file says that the maker of a real device declares."""
    sms: tuple[str, ...] = ()
    """The program that sends a real device the SMS that wakes it."""
    soak: bool = False
    """Whether cases may take a day of real time."""

    @property
    def declared(self) -> Declared:
        """What the maker of the device declares of it; a simulated one declares what it has."""
        if isinstance(self.device, Simulated) and self.kind == "module":
            return self.device.ipa.declared
        return self.said_by_maker

    @property
    def is_hardware(self) -> bool:
        """Whether a real device sits in it."""
        return isinstance(self.device, Hardware | Remote)

    @property
    def lacks(self) -> Lacks:
        """What the lab file says that the device in it lacks, or the card in that."""
        if isinstance(self.device, Reference | Remote):
            return {}
        by_version = of_version(self.device.version) if isinstance(self.device, Simulated) else {}
        of_ipa = self.device.ipa.lacks if isinstance(self.device, Simulated) and self.kind == "module" else ()
        by_ipa = of_esipa_version(self.said_ipa_version) if self.said_ipa_version else {}
        return {**by_version, **by_ipa, **dict.fromkeys((*self.device.lacks, *of_ipa), "the lab file")}

    @property
    def said_ipa_version(self) -> str:
        """The SGP.32 version of the IPA of a module as the lab file has it; empty where nothing is said of it."""
        if self.kind != "module":
            return ""
        if isinstance(self.device, Simulated):
            return self.device.ipa.version
        return self.device.ipa_version if isinstance(self.device, Hardware) else ""


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab file, checked."""

    name: str
    file: Path
    clock: str = "virtual"
    """`virtual`: moved by the cases; `real`: the host's."""
    pki: Path | None = None
    """A folder with a certificate set; None: minted."""
    state: Path | None = None
    """Where the lab keeps what a device never forgets; None: fresh in every run."""
    accounts: tuple[Account, ...] = ()
    """Activation codes of real SM-DP+s, each good for one download."""
    slots: Mapping[str, Slot] = field(default_factory=dict)
    listen: Listen = field(default_factory=Listen)
    """Where devices outside of this host find our servers, if any slot has such a device."""

    @property
    def is_hardware(self) -> bool:
        """Whether any slot holds a real device."""
        return any(slot.is_hardware for slot in self.slots.values())

    def allowing(self, effects: Iterable[str]) -> Lab:
        """The same lab with these effects allowed in every slot too."""
        effects = tuple(effects)
        slots = {
            name: slot if slot.sparing is None else replace(slot, sparing=slot.sparing.allowing(effects))
            for name, slot in self.slots.items()
        }
        return replace(self, slots=slots)


def read_lab(path: Path) -> Lab:
    """The lab of this file. Raises ConfigurationError with every fault of it."""
    whole = read(path)
    keys = whole.mapping(("lab", "clock", "pki", "state", "listen", "smdp_accounts", "slots"))
    for key in ("lab", "slots"):
        if whole.is_mapping and key not in keys:
            whole.fault(f"{key!r} is missing")
    slots: dict[str, Slot] = {}
    reaches: dict[str, tuple[Value, Reach]] = {}
    for name, value in keys["slots"].mapping().items() if "slots" in keys else ():
        slot = _read_slot(name, value, path.parent)
        if slot is not None:
            slots[name] = slot
        if slot is not None and slot.reach is not None:
            reaches[name] = value.mapping()["reach"], slot.reach
    listen = read_listen(keys["listen"]) if "listen" in keys else Listen()
    check_together(reaches, listen, keys.get("listen"))
    if "slots" in keys and not slots and not whole.faults:
        keys["slots"].fault("a lab has at least one slot")
    hardware = any(slot.is_hardware for slot in slots.values())
    clock = keys["clock"].choice("virtual", "real") if "clock" in keys else ("real" if hardware else "virtual")
    if clock == "virtual" and hardware and "clock" in keys:
        keys["clock"].fault("a real device keeps real time", "write `clock: real`")
    name = (keys["lab"].text() if "lab" in keys else None) or path.stem
    lab = Lab(
        name=name,
        file=path,
        clock=clock or "virtual",
        pki=_pki(keys.get("pki"), path),
        state=_state(keys.get("state"), path, default=Path(".lab-state") / name if hardware else None),
        accounts=read_accounts(keys["smdp_accounts"], path.parent) if "smdp_accounts" in keys else (),
        slots=slots,
        listen=listen,
    )
    if lab.accounts and lab.state is None:
        keys["smdp_accounts"].fault("which codes are used is kept in the lab's state", "name a folder as `state`")
    if whole.faults:
        raise ConfigurationError(sorted(whole.faults, key=lambda fault: fault.line))
    return lab


def _read_slot(name: str, value: Value, folder: Path) -> Slot | None:
    before = len(value.faults)
    keys = value.mapping(
        ("kind", "device", "links", "optional", "trust", "allow", "budget", "power", "network", "reach", *OF_MODULE)
    )
    if not value.is_mapping:
        return None
    if not name.replace("-", "").replace("_", "").isalnum():
        value.fault("a slot's name has letters, digits, hyphens and underscores only", "it names a folder of the run")
    missing = [key for key in ("kind", "device", "links") if key not in keys]
    for key in missing:
        value.fault(f"{key!r} is missing")
    kind = keys["kind"].choice(*KINDS) if "kind" in keys else None
    optional = keys["optional"].boolean() if "optional" in keys else False
    if missing or kind is None:
        return None
    device = read_device(kind, keys["device"], folder)
    ways = read_ways(kind, device, keys["links"])
    trust = _trust(keys["trust"], device, folder) if "trust" in keys else OWN_CARD
    sparing = _sparing(keys, device)
    power = _power(keys["power"], device) if "power" in keys else None
    network = _network(keys.get("network"), kind, device)
    reach = _reach(keys, kind, device, ways)
    for key in OF_MODULE:
        if key in keys and not (kind == "module" and isinstance(device, Hardware)):
            keys[key].fault("this is for a real module", "a simulated one declares what it has, and has what it needs")
    declared = read_declared(keys["declares"]) if "declares" in keys else {}
    sms = read_words(keys["sms"]) if "sms" in keys else ()
    soak = bool(keys["soak"].boolean()) if "soak" in keys else False
    if len(value.faults) > before or device is None:
        return None
    return Slot(name, kind, device, ways, bool(optional), trust, sparing, power, network, reach, declared, sms, soak)


def _network(value: Value | None, kind: str, device: Device | None) -> str:
    """A simulated module brings its network along; what a real device can attach to is for the lab file to say."""
    if value is None:
        return "none" if isinstance(device, Hardware) else "simulator"
    if kind != "module":
        value.fault("only a module attaches to a network")
    word = value.choice(*NETWORKS)
    if word == "live" and isinstance(device, Simulated):
        value.fault("a simulated module meets a simulated network only", "write `simulator` or `none`")
    return word or "none"


def _reach(keys: Mapping[str, Value], kind: str, device: Device | None, ways: Ways) -> Reach | None:
    """How a real module reaches us: said if, and only if, it is to be judged as an IPA."""
    value = keys.get("reach")
    if value is None:
        if kind == "module" and isinstance(device, Hardware) and ways.https:
            keys["links"].fault("a real module has to be told how to reach our servers: `reach` is missing")
        return None
    if kind != "module" or not isinstance(device, Hardware):
        value.fault("this is for a real module", "a simulated one is told where our servers are")
        return None
    if not ways.https:
        value.fault("nothing is to be reached without `esipa: https` among the links")
    return read_reach(value)


def _sparing(keys: Mapping[str, Value], device: Device | None) -> Sparing | None:
    """A real card is spared; one that is simulated only where the lab file treats it like a real one, and says so."""
    said = [keys[key] for key in ("allow", "budget") if key in keys]
    if not isinstance(device, Hardware):
        if not said or device is None:
            return None
        if isinstance(device, Remote):
            for value in said:
                value.fault("this is for a card", "leave it out: a server has nothing to be spared")
        elif isinstance(device, Reference) or device.prepare != "functions":
            for value in said:
                value.fault("a simulated device allows everything", "leave it out: this is for real devices")
    return read_sparing(keys.get("allow"), keys.get("budget"))


def _power(value: Value, device: Device | None) -> Wiring | None:
    if device is not None and not isinstance(device, Hardware):
        value.fault("the power of a simulated device is its process", "leave it out: this is for real devices")
    return read_wiring(value)


def _trust(value: Value, device: Device | None, folder: Path) -> CardTrust:
    if isinstance(device, Reference | Remote):
        value.fault("a server is no card to be trusted by")
    elif isinstance(device, Simulated) and device.prepare != "functions":
        value.fault("a simulated card is the lab's own", "write `prepare: functions` to treat it like a real one")
    return read_trust(value, folder)


def _pki(value: Value | None, lab_file: Path) -> Path | None:
    word = value.text() if value is not None and not value.is_null else None
    if value is None or word is None or word == "mint":
        return None
    folder = (lab_file.parent / word).expanduser()
    if not folder.is_dir():
        value.fault(f"{str(folder)!r} is not a folder", "write `mint`, or the folder of a certificate set")
    return folder


def _state(value: Value | None, lab_file: Path, default: Path | None) -> Path | None:
    if value is None:
        return default
    if value.is_null:
        return None
    word = value.text()
    return default if word is None else (lab_file.parent / word).expanduser()


__all__ = ["KINDS", "Device", "Hardware", "Lab", "Reference", "Remote", "Simulated", "Slot", "Ways", "read_lab"]
