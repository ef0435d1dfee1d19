"""The ways to a device, as a lab file names them: to the card, to the modem, to a server."""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.file.device import Device, Hardware
from harness.nodes import Value

AT_WAYS = ("at-cgla", "at-csim")


@dataclass(frozen=True, slots=True)
class Pcsc:
    """A PC/SC reader. Without a name: a virtual reader of a private daemon, with the slot's simulated card in it."""

    reader: str = ""
    serial: str = ""


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A module's AT port. Without a path: the pty of the slot's simulated module."""

    port: str = ""
    baud: int = 115200


@dataclass(frozen=True, slots=True)
class Ways:
    """All ways to one device. `names` are the links that verdicts are given on."""

    apdu: tuple[str, ...] = ()
    """Ways to the card, each one of `memory`, `pcsc`, `at-cgla`, `at-csim`."""
    pcsc: Pcsc | None = None
    at: SerialPort | None = None
    https: bool = False
    """Whether it speaks ESipa, ES9+ or ES11 to us over HTTPS. A module whose IPA cannot reach us is not judged as one."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every link of the slot, ways to the card first."""
        return self.apdu + (("at",) if self.at else ()) + (("https",) if self.https else ())


KEYS = {"euicc": ("apdu",), "module": ("apdu", "at", "esipa"), "eim": ("esipa",), "smdp": ("es9",), "smds": ("es11",)}


def read_ways(kind: str, device: Device | None, value: Value) -> Ways:
    """The ways of a slot of this kind; faults are noted."""
    keys = value.mapping(KEYS[kind])
    for key in KEYS[kind][:1] if kind != "module" else ("at",):
        if value.is_mapping and key not in keys:
            value.fault(f"{key!r} is missing")
    hardware = isinstance(device, Hardware)
    for key in ("esipa", "es9", "es11"):
        if key in keys:
            keys[key].choice("https")
    if kind == "euicc":
        name, pcsc = _card_way(keys["apdu"], hardware) if "apdu" in keys else ("", None)
        return Ways(apdu=(name,), pcsc=pcsc)
    if kind == "module":
        apdu = tuple(item.choice(*AT_WAYS) or "" for item in keys["apdu"].items()) if "apdu" in keys else ()
        if len(set(apdu)) < len(apdu):
            keys["apdu"].fault("a way is named twice")
        at = _serial(keys["at"], hardware) if "at" in keys else None
        return Ways(apdu=apdu, at=at, https="esipa" in keys)
    return Ways(https=True)


def _card_way(value: Value, hardware: bool) -> tuple[str, Pcsc | None]:
    if not value.is_mapping:
        word = value.choice("memory")
        if word and hardware:
            value.fault("a real card is not in memory", 'write `{pcsc: {reader: "…"}}`')
        return word or "", None
    inner = value.mapping(("pcsc",)).get("pcsc")
    if inner is None:
        return "", None
    if inner.is_text:
        if inner.choice("private") and hardware:
            inner.fault("the private daemon holds simulated cards only", 'write `{reader: "…"}`')
        return "pcsc", Pcsc()
    keys = inner.mapping(("reader", "serial"))
    if "reader" not in keys:
        inner.fault("'reader' is missing", "`sgp32 lab check` lists the readers of this host")
    if not hardware:
        inner.fault("a simulated card cannot sit in a named reader", "write `{pcsc: private}`")
    reader = (keys["reader"].text() if "reader" in keys else None) or ""
    serial = (keys["serial"].text() if "serial" in keys else None) or ""
    return "pcsc", Pcsc(reader, serial)


def _serial(value: Value, hardware: bool) -> SerialPort | None:
    if value.is_text:
        if value.choice("pty") and hardware:
            value.fault("a real module is not on a pty", "write `{port: /dev/serial/by-id/…}`")
        return SerialPort()
    keys = value.mapping(("port", "baud"))
    if "port" not in keys:
        value.fault("'port' is missing")
        return None
    if not hardware:
        value.fault("a simulated module cannot sit at a real port", "write `pty`")
    baud = keys["baud"].integer(300, 4_000_000) if "baud" in keys else 115200
    port = keys["port"].text()
    return None if port is None else SerialPort(port, baud or 115200)
