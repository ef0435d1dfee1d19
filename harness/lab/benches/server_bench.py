"""A slot that holds a server under test: our reference eIM, SM-DP+ or SM-DS, whole or with a rule replaced; or an eIM of
somebody else, which is only talked to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError, LabFault
from harness.lab.benches.bench import ObserverOf
from harness.lab.benches.slot_bench import SlotBench
from harness.lab.file.configuration import Remote, Slot
from harness.lab.file.features import Lacks
from harness.lab.file.trust import certificate
from harness.lab.queueing.opening import operator_side
from harness.lab.queueing.side import OperatorSide
from harness.lab.servers import Server
from harness.links.events import Exchange, Interface, Observers
from harness.links.https_client import HttpsClient
from harness.links.tls import Trust

if TYPE_CHECKING:
    from harness.lab.rack import Rack

HOSTS = {"eim": "eim.harness.test", "smdp": "smdp.harness.test", "smds": "smds.harness.test"}
_TLS_ROLES = {"eim": "eim-tls", "smdp": "dp-tls", "smds": "ds-tls"}
_INTERFACES = {"eim": Interface.ESIPA, "smdp": Interface.ES9P, "smds": Interface.ES11}
_BEHIND = {"smdp": Interface.ES2P, "smds": Interface.ES12}
"""What a server also speaks, to those behind it: operators, other servers."""
_PATHS = {
    "eim": "/gsma/rsp2/asn1",
    "smdp": "/gsma/rsp2/es9plus/initiateAuthentication",
    "smds": "/gsma/rsp2/es9plus/initiateAuthentication",
}


class ServerBench(SlotBench):
    """A server as the device under test, and a client towards it over TLS."""

    def __init__(
        self, rack: Rack, slot: Slot, name: str, defects: Sequence[str] | None, observer_of: ObserverOf
    ) -> None:
        super().__init__(rack, slot, name, defects, observer_of)
        self.host = slot.device.address if isinstance(slot.device, Remote) else HOSTS[slot.kind]
        self._server: Server | None = None
        self._client: HttpsClient | None = None
        self._client_behind: HttpsClient | None = None
        self.operator_side: OperatorSide | None = None
        """Where things are queued at an eIM of somebody else; None where the lab file names no way."""

    @property
    def is_remote(self) -> bool:
        """Whether the server is somebody else's: there is no role of ours behind it, and no operator's side."""
        return isinstance(self.slot.device, Remote)

    @property
    def server(self) -> Server:
        """The running server of ours; a case puts its role behind it."""
        assert self._server is not None, f"{self.name} is not open"
        return self._server

    @property
    def client(self) -> HttpsClient:
        """The recorded client, which trusts the lab's CIs."""
        assert self._client is not None, f"{self.name} is not open"
        return self._client

    @property
    def client_behind(self) -> HttpsClient:
        """The recorded client of those behind the server. Raises LookupError where the server has no such side."""
        if self._client_behind is None:
            raise LookupError(f"nobody is behind a server of kind {self.slot.kind}")
        return self._client_behind

    @property
    def url(self) -> str:
        """Where the server is, without a path."""
        return f"https://{self.host}"

    @property
    def lacks(self) -> Lacks:
        """A reference role lacks nothing."""
        return {}

    def open(self) -> None:
        """Starts the server, where it is ours. Raises LabFault for a CA certificate or a token that cannot be used."""
        kind = self.slot.kind
        if isinstance(self.slot.device, Remote):
            self._open_remote(self.slot.device)
            return
        self._server = Server(self.rack, _TLS_ROLES[kind], _INTERFACES[kind], [self._told_of_injection])
        self._server.start()
        self._closing.callback(self._server.stop)
        addresses = {self.host: self._server.address}
        self._client = self._new_client(_INTERFACES[kind], self._lab_roots(), addresses)
        if kind in _BEHIND:
            self._client_behind = self._new_client(_BEHIND[kind], self._lab_roots(), addresses)

    def _open_remote(self, device: Remote) -> None:
        self._client = self._new_client(_INTERFACES[self.slot.kind], self._roots(device), {})
        if device.queueing is not None:
            self.operator_side = operator_side(device.queueing, Observers([self.observer_of("operator")]))
            self._closing.callback(self.operator_side.close)

    def _told_of_injection(self, exchange: Exchange) -> None:
        """What the client cannot know: that an answer was spoilt on purpose. All else is recorded at the client's end."""
        fault = exchange.note.get("injected")
        if fault is not None:
            reason = f"on purpose: {fault}"
            note = {"event": "fault-injected", "injected": fault, "reason": reason, "connection": "injected"}
            self.observer_of("https")(Exchange(exchange.interface, exchange.direction, b"", exchange.at_ns, note))

    def _lab_roots(self) -> tuple[bytes, ...]:
        return tuple(self.rack.pki.trust(curve).ci.certificate for curve in self.rack.pki.curves)

    def _roots(self, device: Remote) -> tuple[bytes, ...]:
        if device.ca is None:
            return self._lab_roots()
        try:
            return (certificate(device.ca),)
        except (OSError, ValueError) as fault:
            hint = "`ca` names a certificate in PEM or DER"
            raise LabFault(f"{device.ca} cannot be used as a CA certificate: {fault}", hint=hint) from fault

    def _new_client(
        self, interface: Interface, roots: tuple[bytes, ...], addresses: Mapping[str, tuple[str, int]]
    ) -> HttpsClient:
        client = HttpsClient(
            Trust(roots), interface=interface, observers=[self.observer_of("https")], addresses=addresses
        )
        self._closing.callback(client.close)
        return client

    def close(self) -> None:
        """Stops the server."""
        self._server = self._client = self._client_behind = self.operator_side = None
        self._closing.close()

    def identity(self) -> Mapping[str, Any]:
        """Which reference role it is, or where a server of somebody else is."""
        if self.is_remote:
            return {
                "role": self.slot.kind,
                "address": self.host,
                "sgp32_version": "not known: a server does not tell it",
            }
        return {"role": self.slot.kind, "defects": list(self.defects)}

    def answers(self, link: str) -> bool:
        """Whether an empty request gets any answer at all."""
        try:
            self.client.post(self.url + _PATHS[self.slot.kind], (), b"")
        except HarnessError:
            return False
        return True
