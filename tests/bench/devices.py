"""Thousands of simulated devices in one process, each an IPA over a card of its own, all polling one eIM.

Rules of this room:
- There is no network: an IPA's request is one call of the eIM's role, with the octets that HTTPS would carry.
- Time is moved from one device's due time to the next, so that a day lasts as long as its messages take.
- Nobody is judged here: it shows what an eIM, and whoever scripts it, does under a fleet.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from harness.crypto.eid import octets_of, with_check_digits
from harness.lab.parties import new_eim
from harness.lab.rack import Rack
from harness.links.memory import MemoryLink
from harness.roles.eim import Eim
from harness.roles.eim.state import Association
from harness.roles.es10 import Es10, Terminal
from harness.roles.es10.eims import TrustData
from harness.roles.ipa import Ipa, IpaSettings
from harness.roles.ipa.ipa import Incident
from harness.simulators.euicc import CONFORMING, CardConfig, SimulatedEuicc, VolatileMemory

_EID_PREFIX = "8904903299"
"""Inside the range of the test EUM, apart from the EIDs of a lab's slots."""
_DIGITS = 20


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes

    def header(self, name: str) -> str | None:
        """What the eIM's server puts on every answer."""
        return {"content-type": "application/x-gsma-rsp-asn1", "x-admin-protocol": "gsma/rsp/v2.1.0"}.get(name.lower())


class _InProcess:
    """The eIM as an IPA's HttpPort."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes, *, trust: TrustData | None) -> _Reply:
        """One ESipa message."""
        fleet = self._fleet
        fleet.requests += 1
        reply = fleet.eim.handle(body, fleet.now)
        return _Reply(200 if reply else 204, reply)


class _Attached:
    """A modem that always has a data path."""

    def connect(self) -> bool:
        """True."""
        return True

    def registered_plmn(self) -> bytes | None:
        """None."""
        return None

    def has_emergency_call(self) -> bool:
        """False."""
        return False


@dataclass(slots=True)
class FleetDevice:
    """One device of a fleet."""

    eid: bytes
    card: SimulatedEuicc
    ipa: Ipa


@dataclass(slots=True)
class Fleet:
    """Devices and their eIM. `requests` counts the messages that the eIM was sent."""

    eim: Eim
    now: float
    devices: list[FleetDevice] = field(default_factory=list)
    requests: int = 0
    _due: list[tuple[float, int]] = field(default_factory=list)

    def run(self, seconds: float) -> int:
        """Lets so much time pass, each device woken when it is due; how many wakes that took."""
        until = self.now + seconds
        wakes = 0
        while self._due and self._due[0][0] <= until:
            self.now, number = heapq.heappop(self._due)
            heapq.heappush(self._due, (self.devices[number].ipa.wake(self.now), number))
            wakes += 1
        self.now = until
        return wakes

    @property
    def incidents(self) -> Iterator[tuple[bytes, Incident]]:
        """What went wrong at devices, by EID."""
        return ((device.eid, incident) for device in self.devices for incident in device.ipa.incidents)

    def add(self, device: FleetDevice, first: float) -> None:
        """A device that boots so many seconds from now."""
        heapq.heappush(self._due, (self.now + first, len(self.devices)))
        self.devices.append(device)


def fleet(rack: Rack, size: int, settings: IpaSettings | None = None, *, remembers: int | None = 1000) -> Fleet:
    """A fleet of this size, each card with the eIM on it and the eIM knowing each card. Boots are spread over an interval.

    `remembers` is how many events the eIM holds on to.
    """
    settings = settings or IpaSettings()
    eim = new_eim(rack, rack.entropy.child("fleet"), remembers=remembers)
    found = Fleet(eim, rack.clock.now())
    http, modem = _InProcess(found), _Attached()
    for number in range(size):
        device = _device(rack, eim, number, http, modem, settings)
        found.add(device, settings.polling_interval * number / size)
    return found


def _device(
    rack: Rack, eim: Eim, number: int, http: _InProcess, modem: _Attached, settings: IpaSettings
) -> FleetDevice:
    eid = octets_of(with_check_digits(f"{_EID_PREFIX}{number:0{_DIGITS}}"))
    identity = rack.pki.euicc_identity("nist", eid)
    entropy = rack.entropy.child(f"fleet/{number}")
    card = SimulatedEuicc(CardConfig(eid=eid), (identity,), VolatileMemory(), entropy, CONFORMING)
    es10 = Es10(Terminal(MemoryLink(card)))
    es10.add_initial_eim([eim.configuration()])
    eim.associate(
        eid,
        euicc_certificate=identity.certificate,
        eum_certificate=identity.eum_certificate,
        association_token=Association().token,
        counter=0,
    )
    return FleetDevice(eid, card, Ipa(es10, http, modem, settings))
