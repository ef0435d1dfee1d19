"""How a device on the bench reaches our servers: the names it knows them by, and the one port that all of them share.

    listen: {address: 0.0.0.0, port: 443}
    slots:
      desk-module:
        network: live
        reach: {eim_fqdn: eim.lab.example, smdp_fqdn: smdp.lab.example, ipv4: 203.0.113.7, via: public}

Rules of this room:
- SM-DP+ addresses are bare names, so that every server has to be found on port 443: who is meant is told by the name in
  the ClientHello (SNI), and one name belongs to one slot.
- Nothing listens beyond this host unless the lab file says where. A tunnel ends on this host, and passes TLS through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from harness.nodes import Value

VIA = ("public", "private-apn", "tunnel")
"""How packets of the device get to this host: over the internet, over an APN of the operator, or out of a tunnel's end."""
NETWORKS: Mapping[str, str] = {
    "none": "no network",
    "simulator": "a network simulator that knows the fixture subscribers",
    "live": "an operator's network",
}
"""What a device in a slot can attach to, in words."""
HTTPS_PORT = 443
ECHO_PORT = 7
"""RFC 862."""
LOOPBACK = "127.0.0.1"

_OF_APPLICATION = ("app_fqdn", "app_port", "pool")
_NAME = re.compile(
    r"(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


@dataclass(frozen=True, slots=True)
class Names:
    """What a device calls our servers: bare host names, all at port 443."""

    eims: tuple[str, ...]
    """Of the eIM of a case and of its other one; the second may be missing."""
    smdps: tuple[str, ...]
    """Of the SM-DP+ and of another operator's; the second may be missing."""
    app: str = ""
    """Of the application server that a device's own traffic goes to; it may be missing."""
    smds: str = ""
    """Of the SM-DS; it may be missing."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Those of HTTPS servers, all of them."""
        return (*self.eims, *self.smdps, *([self.smds] if self.smds else []))


OUR_NAMES = Names(
    ("eim.harness.test", "other-eim.harness.test"),
    ("smdp.harness.test", "other-smdp.harness.test"),
    "app.harness.test",
    "smds.harness.test",
)
"""What simulated devices call our servers."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How a real device reaches us."""

    names: Names
    ipv4: str = ""
    """Where the names lead, as the device sees it; empty: nowhere over IPv4."""
    ipv6: str = ""
    via: str = "public"
    """One of VIA."""
    app_port: int = ECHO_PORT
    """Where the application server listens, over TCP and UDP."""
    pool: IPv4Network | IPv6Network | None = None
    """Where the addresses are from that the network gives to devices; None: nobody said."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those that the names are to resolve to."""
        return tuple(address for address in (self.ipv4, self.ipv6) if address)

    @property
    def in_words(self) -> str:
        """For people."""
        led = " and ".join(self.addresses) or "whatever the names resolve to"
        return f"{', '.join(self.names.hosts)} at {led}, via {self.via}"


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the shared port is opened."""

    address: str = LOOPBACK
    port: int = HTTPS_PORT

    @property
    def is_local(self) -> bool:
        """Whether nothing outside of this host can connect."""
        return ip_address(self.address).is_loopback


def read_listen(value: Value) -> Listen:
    """The `listen` of a lab file; faults are noted."""
    keys = value.mapping(("address", "port"))
    address = keys["address"].text() if "address" in keys else LOOPBACK
    if address is not None and not _is_address(address):
        keys["address"].fault(f"{address!r} is no IP address", "write 127.0.0.1, 0.0.0.0, :: or one of this host's own")
        address = None
    port = keys["port"].integer(1, 65535) if "port" in keys else HTTPS_PORT
    return Listen(address or LOOPBACK, port or HTTPS_PORT)


def read_reach(value: Value) -> Reach | None:
    """The `reach` of a slot, or None with faults noted."""
    before = len(value.faults)
    keys = value.mapping(
        (
            *("eim_fqdn", "other_eim_fqdn", "smdp_fqdn", "other_smdp_fqdn", "smds_fqdn"),
            *("ipv4", "ipv6", "via", *_OF_APPLICATION),
        )
    )
    if not value.is_mapping:
        return None
    for key in ("eim_fqdn", "smdp_fqdn", "via"):
        if key not in keys:
            value.fault(f"{key!r} is missing")
    eims, smdps = _names(keys, "eim_fqdn", "other_eim_fqdn"), _names(keys, "smdp_fqdn", "other_smdp_fqdn")
    ipv4 = _address(keys.get("ipv4"), IPv4Address, "IPv4")
    ipv6 = _address(keys.get("ipv6"), IPv6Address, "IPv6")
    via = keys["via"].choice(*VIA) if "via" in keys else None
    app = _name(keys["app_fqdn"]) if "app_fqdn" in keys else ""
    smds = _name(keys["smds_fqdn"]) if "smds_fqdn" in keys else ""
    port = keys["app_port"].integer(1, 65535) if "app_port" in keys else ECHO_PORT
    pool = _pool(keys["pool"]) if "pool" in keys else None
    names = Names(eims, smdps, app, smds)
    hosts = [*names.hosts, *([app] if app else [])]
    if len(set(hosts)) < len(hosts):
        value.fault("a name stands for two servers", "the name is how a connection finds its server: give each its own")
    if via == "private-apn" and not (ipv4 or ipv6):
        value.fault("an APN leads to an address: 'ipv4' or 'ipv6' is missing")
    return None if len(value.faults) > before else Reach(names, ipv4, ipv6, via or VIA[0], port or ECHO_PORT, pool)


def check_together(reaches: Mapping[str, tuple[Value, Reach]], listen: Listen, said: Value | None) -> None:
    """Notes what is wrong between slots, and between them and where we listen."""
    owner: dict[str, str] = {}
    for slot, (value, reach) in reaches.items():
        for host in reach.names.hosts:
            if host in owner:
                value.fault(f"{host} is a name of the slot {owner[host]} too", "give each slot names of its own")
            owner[host] = slot
        if listen.is_local and reach.via != "tunnel":
            at = value if said is None else said
            at.fault(
                f"no device of {slot} reaches {listen.address} from outside",
                "write `listen: {address: 0.0.0.0}` at the top of the file, or `via: tunnel`",
            )


def _names(keys: Mapping[str, Value], *wanted: str) -> tuple[str, ...]:
    return tuple(name for key in wanted if key in keys for name in [_name(keys[key])] if name)


def _name(value: Value) -> str:
    word = (value.text() or "").lower()
    if word and not _NAME.fullmatch(word):
        value.fault(f"{word!r} is no host name", "write a bare name such as eim.lab.example: no port, no https://")
    return word


def _address(value: Value | None, kind: type[IPv4Address] | type[IPv6Address], what: str) -> str:
    if value is None or value.is_null:
        return ""
    word = value.text() or ""
    try:
        return str(kind(word))
    except AddressValueError:
        value.fault(f"{word!r} is no {what} address")
        return ""


def _pool(value: Value) -> IPv4Network | IPv6Network | None:
    word = value.text() or ""
    try:
        return ip_network(word)
    except ValueError:
        value.fault(f"{word!r} is no pool of addresses", "write it as 10.45.0.0/16")
        return None


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


def hosts_of(reaches: Iterable[Reach | None]) -> tuple[str, ...]:
    """Every name of these and of the simulation, for certificates."""
    return (*(host for reach in reaches if reach is not None for host in reach.names.hosts), *OUR_NAMES.hosts)
