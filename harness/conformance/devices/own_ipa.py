"""The harness's own IPA on the card under test, with our eIM and SM-DP+ behind real HTTPS: whole procedures on one card.

The card is judged here, not the IPA: it is the reference one, of the card's version, and the network is always there.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from harness.conformance.devices.euicc import EuiccUnderTest
from harness.endpoints.eim import EimEndpoint, SeenRequest
from harness.endpoints.module_https import FirmwareHttps
from harness.endpoints.smdp import SmdpEndpoint
from harness.errors import DeviceFault, DeviceSilent, LabFault
from harness.lab.servers import Server, other_smdp_certificates
from harness.links.events import Interface, Observer
from harness.roles.eim import Eim
from harness.roles.ipa.ipa import Ipa
from harness.roles.ipa.settings import DIRECT, IpaSettings

if TYPE_CHECKING:
    from harness.lab.rack import Rack
    from harness.roles.smdp import Smdp


class AttachedModem:
    """A ModemPort that always has a data path and has never registered."""

    def connect(self) -> bool:
        """True."""
        return True

    def registered_plmn(self) -> bytes | None:
        """None."""
        return None

    def has_emergency_call(self) -> bool:
        """False."""
        return False


class OwnIpa:
    """An IPA that visits the case's eIM when it is told to. Close it when done."""

    def __init__(
        self, rack: Rack, euicc: EuiccUnderTest, eim: Eim, smdps: Sequence[Smdp], observers: Sequence[Observer] = ()
    ) -> None:
        """`smdps` are the SM-DP+s that it finds: ours, and that of another operator behind it."""
        self._rack = rack
        self._endpoint = EimEndpoint(eim, rack.clock.now)
        self._closing = ExitStack()
        eim_server = Server(rack, "eim-tls", Interface.ESIPA, observers)
        eim_server.behind = self._endpoint
        hosts = {str(eim.identity.fqdn): eim_server}
        for number, smdp in enumerate(smdps):
            certificates = other_smdp_certificates(rack) if number else ()
            server = hosts[smdp.identity.address] = Server(rack, "dp-tls", Interface.ES9P, observers, certificates)
            server.behind = SmdpEndpoint(smdp, rack.clock.utc)
        for server in hosts.values():
            server.start()
            self._closing.callback(server.stop)
        addresses = {host: server.address for host, server in hosts.items()}
        roots = [rack.pki.trust(curve).ci.certificate for curve in rack.pki.curves]
        self._https = FirmwareHttps(roots, addresses)
        settings = IpaSettings(version=euicc.dialect.schema, features=frozenset({DIRECT}))
        self._ipa = Ipa(euicc, self._https, AttachedModem(), settings)
        self._servers = tuple(hosts.values())

    @property
    def requests(self) -> tuple[SeenRequest, ...]:
        """Every request that the eIM saw, oldest first."""
        return self._endpoint.requests

    def poll(self) -> tuple[SeenRequest, ...]:
        """One visit to the eIM, until it has no package left; the requests of it.

        Raises DeviceFault where the visit ended in trouble, which with these parties is the card's; a card that fell silent
        or was lost is told as such.
        """
        before, incidents = len(self.requests), len(self._ipa.incidents)
        self._ipa.trigger()
        self._ipa.wake(self._rack.clock.now())
        troubles = [trouble for server in self._servers for trouble in server.troubles]
        if troubles:
            raise troubles[0]
        for incident in self._ipa.incidents[incidents:]:
            if isinstance(incident.fault, (DeviceSilent, LabFault)):
                raise incident.fault
            raise DeviceFault(f"the visit to the eIM ended early: {incident.reason}") from incident.fault
        return self.requests[before:]

    def close(self) -> None:
        """Stops the servers."""
        self._https.close()
        self._closing.close()
