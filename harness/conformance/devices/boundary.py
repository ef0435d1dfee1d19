"""Does traffic flow over the profile that is enabled now? Layer by layer, from the SIM to an application and back.

Rules of this room:
- The first layer that is broken is named, and with it whose it is: the device's, the network's or the lab's, or that of
  whoever issued the profile. Only the first is a verdict on the device.
- What nobody doubts counts: where the device's own IPA has reached our eIM over this profile, registration, context, name
  and route are there, and a module that denies one of them denies what it uses.
- What a module shows no way to see is said not to be seen, and never guessed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from harness.conformance.devices.expectations import imsi_of
from harness.conformance.devices.module import ModuleUnderTest
from harness.errors import DeviceFault, DeviceSilent, LabFault, Unsupported
from harness.lab.benches.module_bench import ModuleBench
from harness.links.at_grammar import AtRefused
from harness.links.at_sockets import SOCKETS, TCP, UDP, Socket, Sockets, exchange
from harness.profiles.package import ProfilePackage

DEVICE, NETWORK, PROFILE = "the device's", "the network's, or the lab's", "the profile's, or the SM-DP+'s"
_HINTS = {
    NETWORK: "look at the core network's log: coverage, data path, address pool, name server, and the way to this host",
    PROFILE: "is this subscriber provisioned in the network? `sgp32 lab subscribers` writes those of the fixture profiles",
}
SIMULATED_POOL = ip_network("10.0.0.0/24")
REGISTERED, DENIED, SEARCHING = (1, 5), 3, 2
CONTEXT = 1
MESSAGE = "sgp32-harness/round-trip/0123456789"
BLOCK = MESSAGE * 20
_ECHO_PORT = 7
_REGISTRATION_DEADLINE = 120.0
_COMES_BACK_WITHIN = 20.0
_SIMULATED_WITHIN = 2.0
"""Seconds from a message until its echo is not counted as coming any more."""
_ARRIVES_WITHIN = 1.0
"""Seconds after which a connection is not counted as made any more."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one layer looks like."""

    seen: str
    broken: str = ""
    """Whose fault it is that it does not hold: DEVICE, NETWORK or PROFILE; empty where it holds."""

    def __str__(self) -> str:
        return f"{self.seen}: that is {self.broken}" if self.broken else self.seen

    def holds(self, layer: str) -> bool:
        """Whether nothing is broken that is the device's. Raises LabFault where something is, and is somebody else's."""
        if self.broken in ("", DEVICE):
            return not self.broken
        raise LabFault(f"the layer {layer} is broken, and that is {self.broken}: {self.seen}", hint=_HINTS[self.broken])


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: what is looked at, what is expected there, and how to look."""

    name: str
    expect: str
    look: Callable[[], Look]


class Boundary:
    """The way of a module's traffic over one profile. `carried`: whether its IPA reached our eIM over it."""

    def __init__(self, bench: ModuleBench, profile: ProfilePackage, *, carried: bool) -> None:
        self._bench = bench
        self._module = ModuleUnderTest(bench)
        self._profile = profile
        self._carried = carried
        self._address = ""
        self._sockets = SOCKETS.get(bench.habits.sockets)

    def layers(self) -> Iterator[Layer]:
        """Those that can be seen at this module, from below."""
        apn, pool = self._apn, self._pool
        yield Layer("SIM", f"the IMSI of {self._profile.name}", self._sim)
        yield Layer("registration", "registered, at home or roaming", self._registration)
        yield Layer("context", f"active, with APN {apn}" if apn else "active", self._context)
        yield Layer("address", f"one of {pool}" if pool else "one that is none of this host's own", self._addressed)
        host = self._bench.names.app
        if self._sockets is not None and self._bench.application is not None:
            yield Layer("DNS", f"an address for {host}", lambda: self._resolved(host))
            for transport in (TCP, UDP):
                expected = f"{len(MESSAGE)} octets to the application server, and the same back"
                yield Layer(f"route and application over {transport.upper()}", expected, self._trip(transport))

    @property
    def not_seen(self) -> str:
        """Which layers this module shows no way to look at, and why; empty where all are seen."""
        if self._bench.application is None:
            return "DNS, route and application: the device has no name for an application server of ours"
        if self._sockets is None:
            return "DNS, route and application: nothing is known of this module's commands for sockets"
        return ""

    @property
    def _apn(self) -> str:
        told = self._profile.description
        return "" if told is None or told.subscription is None else told.subscription.apn

    @property
    def _pool(self) -> IPv4Network | IPv6Network | None:
        reach = self._bench.slot.reach
        return SIMULATED_POOL if self._bench.simulated is not None else reach.pool if reach is not None else None

    def application(self) -> tuple[str, int]:
        """Address and port of the application server, as the module's network has them. Raises Unsupported, LabFault."""
        return self.address_of(
            self._bench.names.app
        ), _ECHO_PORT if self._bench.slot.reach is None else self._bench.slot.reach.app_port

    def address_of(self, host: str) -> str:
        """The address of a name, as the module's network has it. Raises Unsupported, LabFault."""
        if self.not_seen:
            raise Unsupported(self.not_seen)
        found = self._resolved(host)
        if not found.holds("DNS"):
            raise LabFault(found.seen)
        return self._address

    def application_was_reached(self) -> int:
        """How many connections the application server took so far."""
        assert self._bench.application is not None
        return self._bench.application.seen[0]

    def connected(self) -> tuple[Sockets, ModuleBench, Socket, float]:
        """A connection over TCP, what drives it, and the seconds that an echo may take. Raises AtRefused, LabFault."""
        assert self._sockets is not None
        address, port = self.application()
        socket = self._sockets.open(self._bench.engine, TCP, address, port)
        return self._sockets, self._bench, socket, _patience(self._bench)

    def _sim(self) -> Look:
        found = self._module.imsi()
        return Look(found, "" if found == imsi_of(self._profile) else DEVICE)

    def _registration(self) -> Look:
        state = 0

        def is_registered() -> bool:
            nonlocal state
            state = self._module.registration()
            return state in REGISTERED

        patience = 0.0 if self._bench.simulated is not None else _REGISTRATION_DEADLINE
        if self._module.wait_until(is_registered, deadline=patience):
            return Look(f"+CEREG {state}, {'at home' if state == REGISTERED[0] else 'roaming'}")
        if self._carried:
            return Look(f"+CEREG {state}, although the eIM was reached over this profile", DEVICE)
        whose = {DENIED: PROFILE, SEARCHING: NETWORK}.get(state, DEVICE)
        return Look(f"+CEREG {state}", whose)

    def _context(self) -> Look:
        states = self._module.at("AT+CGACT?").checked().lines
        if not any(re.fullmatch(rf"\+CGACT:\s*{CONTEXT}\s*,\s*1\s*", line) for line in states):
            seen = " / ".join(states) or "no context"
            if self._carried:
                return Look(f"{seen}, although the eIM was reached over this profile", DEVICE)
            raised = self._module.at(f"AT+CGACT=1,{CONTEXT}", deadline=_REGISTRATION_DEADLINE)
            return Look(f"{seen}; asked for it: {raised.final}", DEVICE if raised.ok else NETWORK)
        if not self._apn:
            return Look("active; nobody said which APN it should have")
        answer = self._module.at(f"AT+CGCONTRDP={CONTEXT}")
        match = re.search(rf"\+CGCONTRDP:\s*{CONTEXT}\s*,\s*\d*\s*,\s*\"?([^\",]*)", " ".join(answer.lines))
        if not answer.ok or match is None:
            return Look("active; the module does not tell the APN in use (+CGCONTRDP)")
        apn = match[1].lower()
        if apn == self._apn or apn.startswith(f"{self._apn}.mnc"):
            return Look(f"active, APN {apn}")
        return Look(f"active, APN {apn} instead of {self._apn}", self._who_chose(apn))

    def _who_chose(self, apn: str) -> str:
        """A network that is asked for no APN gives the one it likes; a module that names one has chosen it."""
        defined = " ".join(self._module.at("AT+CGDCONT?").checked().lines).lower()
        network_gave_it = f'{CONTEXT},"ip","{self._apn}"' in defined.replace(": ", ":").replace(" ", "")
        return NETWORK if network_gave_it else DEVICE

    def _addressed(self) -> Look:
        lines = self._module.at(f"AT+CGPADDR={CONTEXT}").checked().lines
        found = re.search(rf"\+CGPADDR:\s*{CONTEXT}\s*,\s*\"?([0-9A-Fa-f.:]+)", " ".join(lines))
        if found is None:
            return Look("no address, although the context is active", DEVICE)
        try:
            address = ip_address(found[1])
        except ValueError:
            return Look(f"{found[1]} is no address", DEVICE)
        if self._pool is None:
            return Look(f"{address}; nobody said which pool it should be from")
        return Look(str(address), "" if address in self._pool else NETWORK)

    def _resolved(self, host: str) -> Look:
        assert self._sockets is not None
        try:
            self._address = self._sockets.resolve(self._bench.engine, host)
        except DeviceSilent:
            raise
        except DeviceFault as fault:
            if self._carried:
                return Look(f"{fault}, although the eIM was found by its name over this profile", DEVICE)
            return Look(str(fault), NETWORK)
        return Look(f"{host} is {self._address}")

    def _trip(self, transport: str) -> Callable[[], Look]:
        def look() -> Look:
            assert self._sockets is not None
            assert self._bench.application is not None
            return _round_trip(self._sockets, self._bench, transport, self._address)

        return look


class Traffic:
    """One connection to the application server, over which the host sends as fast as the module takes it."""

    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary
        self.sent = self.came = 0
        """Octets."""
        self.paces: list[float] = []
        """Seconds that each round took."""

    def __enter__(self) -> Traffic:
        """Raises Unsupported, and LabFault where the network does not carry it."""
        if self._boundary.not_seen:
            raise Unsupported(self._boundary.not_seen)
        self._connection = self._boundary.connected()
        return self

    def round(self) -> None:
        """A block there, and back."""
        began = time.monotonic()
        sockets, bench, socket, patience = self._connection
        self.sent += len(BLOCK)
        self.came += len(exchange(sockets, bench.engine, socket, BLOCK, patience=patience))
        self.paces.append(time.monotonic() - began)

    def __exit__(self, *_raised: object) -> None:
        sockets, bench, socket, _ = self._connection
        sockets.close(bench.engine, socket)


def _round_trip(sockets: Sockets, bench: ModuleBench, transport: str, address: str) -> Look:
    """One message to the application server and back; who lost it is told by what the server saw."""
    server, engine = bench.application, bench.engine
    assert server is not None
    port = _ECHO_PORT if bench.slot.reach is None else bench.slot.reach.app_port
    connections, octets = server.seen
    try:
        socket = sockets.open(engine, transport, address, port)
    except DeviceSilent:
        raise
    except DeviceFault as fault:
        if server.was_connected_to(connections, _ARRIVES_WITHIN):
            return Look(f"{fault}, although the application server was connected to", DEVICE)
        return Look(f"{fault}; nothing reached the application server", NETWORK)
    came, trouble = "", ""
    try:
        came = exchange(sockets, engine, socket, MESSAGE, patience=_patience(bench))
    except AtRefused as fault:
        trouble = f"{fault}; "
    finally:
        sockets.close(engine, socket)
    arrived = server.seen[1] - octets
    if came == MESSAGE:
        return Look(f"{len(came)} octets there and back")
    said = f"{trouble}{len(came)} of {len(MESSAGE)} octets came back, {arrived} reached the application server"
    lost_on_the_way = arrived < len(MESSAGE) or (transport == UDP and not came)
    return Look(said, NETWORK if lost_on_the_way else DEVICE)


def _patience(bench: ModuleBench) -> float:
    return _COMES_BACK_WITHIN if bench.simulated is None else _SIMULATED_WITHIN
