"""Proving that a device reaches our servers, before any case depends on it: name, route, trust, and a poll that is seen.

Rules of this room:
- Each proof goes the way that the device goes, as far as that begins at this host: the name is resolved, the address it leads
  to is called from outside in, and TLS has to end in a server of ours. Only the poll shows the device's own part.
- What fails here is the lab's to repair. No proof judges the device.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.endpoints.eim import EimEndpoint
from harness.endpoints.front import Arrival
from harness.errors import HarnessError
from harness.lab.benches.module_bench import ModuleBench
from harness.lab.file.reach import HTTPS_PORT
from harness.lab.parties import new_eim
from harness.links.events import Interface
from harness.links.https_client import HttpsClient
from harness.links.tls import Trust
from harness.roles.eim.events import Polled
from harness.roles.es10 import Es10

if TYPE_CHECKING:
    from harness.lab.rack import Rack
    from harness.roles.eim import Eim

NAME_DEADLINE = 15.0
CALL_DEADLINE = 20.0
_BETWEEN_LOOKS = 5.0
"""Seconds after which a wait for a poll looks whether it is over, although nothing came."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that has to hold for the device to reach us."""

    what: str
    """`name`, `route`, `trust` or `poll`."""
    holds: bool
    said: str
    hint: str = ""


def proofs(
    rack: Rack, bench: ModuleBench, arrivals: Sequence[Arrival], *, wait: float, reboot: bool
) -> Iterator[Proof]:
    """Each proof as it comes. `bench` is open; `arrivals` grows as connections come to the shared port.

    `wait` is how many real seconds the device gets to poll; `reboot` whether it is restarted to make it poll. A poll is not
    waited for where a server cannot be reached.
    """
    sound = True
    for host in bench.names.hosts[: len(bench.addresses)]:
        for proof in _of_host(rack, bench, host, arrivals):
            sound = sound and proof.holds
            yield proof
    if sound:
        yield _poll(rack, bench, arrivals, wait, reboot)


def _of_host(rack: Rack, bench: ModuleBench, host: str, arrivals: Sequence[Arrival]) -> Iterator[Proof]:
    name, places = _name(bench, host)
    yield name
    for place in places:
        yield from _call(rack, host, place, arrivals if bench.slot.reach is not None else None)


# name


def _name(bench: ModuleBench, host: str) -> tuple[Proof, tuple[tuple[str, int], ...]]:
    """Where the name leads, and the places to call for it."""
    reach = bench.slot.reach
    if reach is None:
        place = bench.addresses[host]
        return Proof("name", True, f"{host}: the simulated module is told {place[0]} port {place[1]}"), (place,)
    found, trouble = _resolved(host)
    declared = reach.addresses
    places = tuple((address, HTTPS_PORT) for address in declared or found)
    if reach.via == "private-apn":
        own = f", from here {' '.join(found) or trouble}"
        return Proof("name", True, f"{host}: has to be {' '.join(declared)} inside the APN{own}"), places
    if not found:
        hint = f"give it an A or AAAA record{' with ' + ' and '.join(declared) if declared else ''}"
        return Proof("name", False, f"{host}: {trouble}", hint), places
    wrong = [address for address in declared if address not in found]
    if wrong:
        hint = f"let it lead to {' and '.join(declared)}, or correct `reach`"
        return Proof("name", False, f"{host} leads to {' '.join(found)}", hint), places
    return Proof("name", True, f"{host} leads to {' '.join(found)}"), places


def _resolved(host: str) -> tuple[tuple[str, ...], str]:
    """The addresses of a name as this host's resolver tells them, and why there are none."""
    resolver = ThreadPoolExecutor(1)
    try:
        asked = resolver.submit(socket.getaddrinfo, host, HTTPS_PORT, type=socket.SOCK_STREAM)
        return tuple(dict.fromkeys(str(place[0]) for *_, place in asked.result(NAME_DEADLINE))), ""
    except FutureTimeout:
        return (), f"the resolver says nothing within {NAME_DEADLINE:g} s"
    except OSError as fault:
        return (), f"does not resolve: {fault.strerror or fault}"
    finally:
        resolver.shutdown(wait=False, cancel_futures=True)


# route and trust


def _call(rack: Rack, host: str, place: tuple[str, int], arrivals: Sequence[Arrival] | None) -> Iterator[Proof]:
    """Calls the server by its name where devices find it. `arrivals` are those of the shared port, where it is used."""
    roots = tuple(rack.pki.trust(curve).ci.certificate for curve in rack.pki.curves)
    where = f"{place[0]} port {place[1]}"
    before = len(arrivals or ())
    client = HttpsClient(Trust(roots), interface=Interface.ESIPA, addresses={host: place}, deadline=CALL_DEADLINE)
    try:
        client.request("GET", f"https://{host}/")
        trouble = None
    except HarnessError as fault:
        trouble = fault
    finally:
        client.close()
    came = [arrival for arrival in (arrivals or ())[before:] if arrival.name == host and not arrival.trouble]
    if arrivals is not None and not came:
        said = f"{host}: a call to {where} did not come to this lab's port" + (f": {trouble}" if trouble else "")
        hint = (
            "forward it to `listen` of the lab file; a router that does not turn back calls from inside shows this too"
        )
        yield Proof("route", False, said, hint)
        return
    yield Proof("route", True, f"{host}: a call to {where} comes to this lab")
    if trouble is not None:
        hint = "whatever lies between must pass TLS through untouched; compare the certificate it shows with the lab's"
        yield Proof("trust", False, f"{host}: {trouble}", hint)
        return
    yield Proof("trust", True, f"{host}: TLS ends in our server, with a certificate under the lab's CI")


# poll


def _poll(rack: Rack, bench: ModuleBench, arrivals: Sequence[Arrival], wait: float, reboot: bool) -> Proof:
    eims = [
        new_eim(rack, rack.entropy.child("reach"), number, names=bench.names) for number in range(len(bench.names.eims))
    ]
    unknown = _card_does_not_know(bench, eims)
    if unknown:
        return unknown
    endpoints = [EimEndpoint(eim, rack.clock.now) for eim in eims]
    for server, endpoint in zip(bench.eim_servers, endpoints, strict=True):
        server.behind = endpoint
    before = len(arrivals)
    try:
        begun = time.monotonic()
        polled = _first_poll(rack, bench, eims[0], endpoints[0], wait, reboot)
    finally:
        for server in bench.eim_servers:
            server.behind = None
    if polled is None:
        strays = {f"{one.name or 'no name'} from {one.peer}: {one.trouble}" for one in arrivals[before:] if one.trouble}
        came = "; what came instead: " + "; ".join(sorted(strays)) if strays else ""
        hint = "is the module registered, and its IPA given our eIM? `sgp32 lab provisioning-kit` writes what it needs"
        return Proof("poll", False, f"no poll within {wait:g} s{came}", hint)
    expected = bench.known_eid
    if expected is not None and polled.eid != expected:
        said = f"another device polls: EID {(polled.eid or b'').hex() or 'missing'} instead of {expected.hex()}"
        return Proof(
            "poll", False, said, "another device was given this slot's names, or the lab file names another EID"
        )
    return Proof("poll", True, f"a poll of EID {(polled.eid or b'').hex()} after {time.monotonic() - begun:.0f} s")


def _first_poll(
    rack: Rack, bench: ModuleBench, eim: Eim, endpoint: EimEndpoint, wait: float, reboot: bool
) -> Polled | None:
    """The first GetEimPackage within `wait` seconds."""
    bench.access.leave()
    if bench.simulated is not None:
        bench.simulated.wake(rack.clock.now(), trigger=True)
    elif reboot:
        bench.power_cycle()
    until = time.monotonic() + wait
    while True:
        found = next((event for event in eim.events if isinstance(event, Polled)), None)
        left = until - time.monotonic()
        if found is not None or left <= 0 or bench.simulated is not None:
            return found
        endpoint.wait_for_more_than(len(endpoint.requests), min(left, _BETWEEN_LOOKS))


def _card_does_not_know(bench: ModuleBench, eims: Sequence[Eim]) -> Proof | None:
    """Where the card can be looked at: whether it has our eIM. A simulated one is given it."""
    if not bench.slot.ways.apdu:
        return None
    from harness.lab.benches.cards import port_of

    es10 = Es10(port_of(bench.link("")))
    try:
        known = [entry.fqdn for entry in es10.get_eim_configuration()]
        if eims[0].identity.fqdn in known:
            return None
        if bench.simulated is not None and not known:
            es10.add_initial_eim([eims[0].configuration()])
            return None
    except HarnessError as fault:
        return Proof("poll", False, f"the card's eIMs cannot be read: {fault}", fault.hint)
    finally:
        es10.close()
    said = (
        f"the card's eIMs are at {', '.join(str(name) for name in known) or 'nowhere'}, none at {eims[0].identity.fqdn}"
    )
    return Proof("poll", False, said, "`sgp32 lab provisioning-kit` writes the eIM configuration that the card needs")
