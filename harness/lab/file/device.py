"""What sits in a slot: a simulated device, a real one, or a reference role of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness import resources
from harness.crypto.eid import is_eid, valid_check_digits
from harness.lab.file.features import ESIPA_LACKING_IN, FEATURES, LACKING_IN
from harness.lab.file.habits import NAMES, Habits, read_habits
from harness.lab.file.ipa import USUAL_IPA, SimulatedIpa, read_ipa
from harness.lab.queueing.wiring import Queueing, read_queueing
from harness.links.at_habits import HABITS
from harness.nodes import Value, meant

BREAKABLE = {
    "euicc": ("euicc",),
    "module": ("euicc", "ipa", "module"),
    "eim": ("eim",),
    "smdp": ("smdp",),
    "smds": ("smds",),
}
"""Whose rules a defect may break, by kind of slot: a module holds a card and an IPA."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated eUICC, alone or inside a simulated module."""

    version: str = "1.2"
    eid: str = ""
    """32 digits; empty: one of the lab's own."""
    prepare: str = "snapshot"
    """How a case's state is reached: by a `snapshot`, or as on hardware by the standard's `functions`."""
    lacks: tuple[str, ...] = ()
    """Features of `harness.lab.file.features` that the card is made without."""
    dialect: str = "harness"
    """How a simulated module speaks at its AT port: one of HABITS."""
    habits: Habits = ()
    """Room, limits and habits of the card, where they are not those of CardConfig."""
    ipa: SimulatedIpa = USUAL_IPA
    """What the IPA of a simulated module is like."""
    meets: Mapping[str, str] = field(default_factory=dict)
    """How the network treats a fixture profile, by its name: one of TREATMENTS. Others find their home network."""
    defects: tuple[str, ...] = ()
    """Qualified: `euicc.accepts-replayed-counter`. A lab file may leave the device out."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """A real device. `eid` is what it must say it is: 32 digits; empty: whatever is there."""

    eid: str = ""
    lacks: tuple[str, ...] = ()
    """Features of `harness.lab.file.features` that its card is known not to have."""
    dialect: str = ""
    """How a module is to be dealt with at its AT port: one of HABITS; empty: as its answer to +CGMI suggests."""
    pause_ipa: str = ""
    """The AT command that makes a module's own IPA leave the card alone; empty: as its dialect has it."""
    resume_ipa: str = ""
    poll: str = ""
    """The AT command that makes a module's own IPA poll."""
    ipa_version: str = ""
    """The SGP.32 version of a module's own IPA; empty: its card's."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference role of this harness as the device under test."""

    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remote:
    """A server of somebody else as the device under test, reached by its address."""

    address: str
    """A host name, perhaps with a port: `eim.example:8443`."""
    ca: Path | None = None
    """The certificate, PEM or DER, that its TLS chain leads to; None: the CI of the lab."""
    queueing: Queueing | None = None
    """How something is queued at it; None: not at all."""


Device = Simulated | Hardware | Reference | Remote

_ADDRESS = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")


def read_device(kind: str, value: Value, folder: Path = Path()) -> Device | None:
    """The device of a slot of this kind, or None with faults noted. Paths in it are relative to `folder`."""
    away = ("address", "ca", "queue") if kind == "eim" else ()
    at = ("dialect", "pause_ipa", "resume_ipa", "poll", "ipa") if kind == "module" else ()
    keys = dict(value.mapping(("simulated", "reference", "eid", "lacks", *at, *away)))
    if not value.is_mapping:
        return None
    ca, queue = keys.pop("ca", None), keys.pop("queue", None)
    for said in (ca, queue):
        if said is not None and "address" not in keys:
            said.fault("this is for a server that is given by its `address`")
    lacks = keys.pop("lacks", None)
    of_modem = {key: keys.pop(key) for key in at if key in keys}
    if len(keys) != 1:
        value.fault("exactly one of `simulated`, `reference` or `eid` says what is in the slot")
        return None
    ((form, inner),) = keys.items()
    if form == "address":
        return _remote(inner, ca, queue, folder)
    card = kind in ("euicc", "module")
    if card == (form == "reference"):
        hint = '`simulated: {}` or `eid: "…"`' if card else "`reference: {}`"
        value.fault(f"{form!r} cannot be the device of a slot of kind {kind!r}", f"write {hint}")
        return None
    if lacks is not None and form != "eid":
        lacks.fault("this says what a real card lacks", "write it inside `simulated`")
    for key, said in of_modem.items():
        if form != "eid":
            said.fault(f"{key!r} says how a real module is", "`dialect` and `ipa` go inside `simulated`")
    if form == "eid":
        return Hardware(_eid(inner) or "", _lacks(lacks), **_modem(of_modem))
    if form == "reference":
        return Reference(_defects(kind, inner.mapping(("defects",)).get("defects")))
    of_module = ("dialect", "ipa", "meets") if kind == "module" else ()
    options = inner.mapping(("version", "eid", "prepare", "lacks", "defects", *NAMES, *of_module))
    version = (options["version"].choice(*LACKING_IN) if "version" in options else None) or "1.2"
    eid = _eid(options["eid"]) if "eid" in options else ""
    prepare = options["prepare"].choice("snapshot", "functions") if "prepare" in options else "snapshot"
    defects = _defects(kind, options.get("defects"))
    without = _lacks(options.get("lacks"))
    dialect = options["dialect"].choice(*HABITS) if "dialect" in options else "harness"
    ipa = read_ipa(options["ipa"], version) if "ipa" in options else replace(USUAL_IPA, version=version)
    return Simulated(
        version,
        eid or "",
        prepare or "snapshot",
        without,
        dialect or "harness",
        read_habits(options),
        ipa,
        _meets(options["meets"]) if "meets" in options else {},
        defects,
    )


def _remote(value: Value, authority: Value | None, queue: Value | None, folder: Path) -> Remote | None:
    address = value.text()
    if address is not None and not _ADDRESS.fullmatch(address):
        value.fault(f"{address!r} is no server address", "write it without https://, as `eim.example:8443`")
        return None
    word = None if authority is None else authority.text()
    ca = None if word is None else (folder / word).expanduser()
    if authority is not None and ca is not None and not ca.is_file():
        authority.fault(f"{str(ca)!r} is not a file", "name the certificate that the server's TLS chain leads to")
    queueing = None if queue is None else read_queueing(queue, folder)
    return None if address is None else Remote(address, ca, queueing)


TREATMENTS = ("home", "roaming", "denied", "no-coverage", "no-data", "no-names", "no-route", "other-pool", "wrong-time")
"""How a network may treat a profile."""


def _meets(value: Value) -> dict[str, str]:
    known = sorted(file.stem for file in resources.path("fixtures/profiles").glob("*.yaml"))
    return {name: treatment.choice(*TREATMENTS) or "" for name, treatment in value.mapping(known).items()}


def _modem(said: Mapping[str, Value]) -> dict[str, str]:
    found = {key: value.text() or "" for key, value in said.items() if key not in ("dialect", "ipa")}
    for key, command in found.items():
        if command and not command.upper().startswith("AT"):
            said[key].fault(f"{command!r} is no AT command", "write it whole, as `AT+CFUN=4`")
    if "pause_ipa" in found and "resume_ipa" not in found:
        said["pause_ipa"].fault("nothing says how the IPA is resumed", "write `resume_ipa` too")
    if "dialect" in said:
        found["dialect"] = said["dialect"].choice(*HABITS) or ""
    if "ipa" in said:
        of_ipa = said["ipa"].mapping(("version",))
        found["ipa_version"] = (of_ipa["version"].choice(*ESIPA_LACKING_IN) if "version" in of_ipa else None) or ""
    return found


def _lacks(value: Value | None) -> tuple[str, ...]:
    if value is None or value.is_null:
        return ()
    words = (item.choice(*FEATURES) for item in value.items())
    return tuple(word for word in words if word is not None)


def _eid(value: Value) -> str | None:
    if value.is_null:
        return ""
    word = value.text()
    if word is None:
        return None
    if not is_eid(word):
        value.fault("an EID has 32 digits", "write it in quotation marks")
        return None
    if not valid_check_digits(word):
        value.fault("the check digits of this EID do not hold", "compare it with what is printed on the card")
        return None
    return word


def _defects(kind: str, value: Value | None) -> tuple[str, ...]:
    if value is None or value.is_null:
        return ()
    from harness.simulators.defects import defects_for  # the simulators behind it are not needed to read a sound lab

    known = [(device, name) for device in BREAKABLE[kind] for name in defects_for(device)]
    named = []
    for item in value.items():
        word = item.text()
        if word is None:
            continue
        found = [qualified(device, name) for device, name in known if word in (name, qualified(device, name))]
        if found:
            named.append(found[0])
        else:
            item.fault(f"no defect of this device is called {word!r}", meant(word, [name for _, name in known]))
    return tuple(named)


def qualified(device: str, name: str) -> str:
    """A defect's name with the device it breaks: a module's card and its IPA may share a name."""
    return f"{device}.{name}"


def defects_of(device: str, names: Iterable[str]) -> tuple[str, ...]:
    """The plain names of those qualified defects that break this device."""
    return tuple(name.partition(".")[2] for name in names if name.startswith(f"{device}."))
