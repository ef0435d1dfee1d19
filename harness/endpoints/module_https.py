"""HTTPS for a simulated module's firmware: real TLS from the module's process to the harness's servers."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping, Sequence

from harness.errors import HarnessError
from harness.links.events import Interface
from harness.links.https_client import HttpsClient
from harness.links.tls import Trust
from harness.roles.es10.eims import TrustData
from harness.roles.ipa import HttpReply, NoAnswer

_DEADLINE = 30.0


class FirmwareHttps:
    """An HttpPort over sockets. One connection to a server is kept as long as the server keeps it."""

    def __init__(self, ci_certificates: Sequence[bytes], addresses: Mapping[str, Sequence[str | int]]) -> None:
        """`addresses` says where a host name really listens: {"eim.example": ["127.0.0.1", 8443]}."""
        self._roots = tuple(ci_certificates)
        self._clients: dict[TrustData | None, HttpsClient] = {}
        self._addresses = _places(addresses)

    @property
    def addresses(self) -> Mapping[str, tuple[str, int]]:
        return self._addresses

    @addresses.setter
    def addresses(self, addresses: Mapping[str, Sequence[str | int]]) -> None:
        # Clients made before keep their connections; from now on a name leads to its new place.
        self._addresses = _places(addresses)
        self._clients = {}

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes, *, trust: TrustData | None) -> HttpReply:
        try:
            return self._client(trust).post(url, headers, body)
        except HarnessError as fault:
            raise NoAnswer(str(fault)) from fault
        except ssl.SSLError as fault:
            raise NoAnswer(f"the card names a server certificate that cannot be read: {fault}") from fault

    def _client(self, trust: TrustData | None) -> HttpsClient:
        """The client with this trust. Raises SSLError where it is none."""
        client = self._clients.get(trust)
        if client is None:
            client = self._clients[trust] = HttpsClient(
                self._trust(trust), interface=Interface.ESIPA, addresses=self._addresses, deadline=_DEADLINE
            )
        return client

    def close(self) -> None:
        """Ends every connection."""
        for client in self._clients.values():
            client.close()
        self._clients = {}

    def _trust(self, trust: TrustData | None) -> Trust:
        if trust is None:
            return Trust(roots=self._roots)
        return Trust(roots=(trust.der,)) if trust.is_certificate else Trust(pinned_keys=(trust.der,))


def _places(addresses: Mapping[str, Sequence[str | int]]) -> dict[str, tuple[str, int]]:
    return {name: (str(place[0]), int(place[1])) for name, place in addresses.items()}
