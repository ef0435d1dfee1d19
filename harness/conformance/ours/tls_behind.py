"""Our SM-DP+ behind real TLS, with a certificate that a case chose, and the eIM under test as its client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.crypto.ecdsa import Curve
from harness.endpoints.https import HttpsEndpoint
from harness.endpoints.smdp import SmdpEndpoint
from harness.lab.servers import server_certificate
from harness.links.events import Interface, Observer
from harness.links.http_messages import Reply, Request
from harness.links.https_client import HttpsClient
from harness.links.tls import DEFAULT_TLS, TlsOptions, Trust

if TYPE_CHECKING:
    from harness.conformance.ours.behind_eim import BehindEim
    from harness.crypto.pki import Identity
    from harness.lab.rack import Rack
    from harness.roles.eim import Eim
    from harness.roles.smdp import Smdp


class TlsBehind:
    """Serves our SM-DP+ for the eIM under test."""

    def __init__(self, rack: Rack, smdp: Smdp, behind: BehindEim, eim: Eim, observer: Observer) -> None:
        self._rack = rack
        self._smdp = smdp
        self._behind = behind
        self._eim = eim
        self._observer = observer

    @contextmanager
    def served(self, identity: Identity, options: TlsOptions = DEFAULT_TLS) -> Iterator[list[str]]:
        """The SM-DP+ under this certificate; gives the paths of the requests that came through."""
        came: list[str] = []
        endpoint = SmdpEndpoint(self._smdp, self._rack.clock.utc)

        def handle(request: Request) -> Reply:
            came.append(request.path)
            return endpoint(request)

        certificate = server_certificate(identity, Curve.NIST)
        roots = tuple(self._rack.pki.trust(curve).ci.certificate for curve in self._rack.pki.curves)
        trust = Trust(roots, check_name=self._eim.checks_server_names)
        with HttpsEndpoint(self._rack.loop, handle, [certificate], interface=Interface.ES9P, options=options) as server:
            client = HttpsClient(
                trust,
                interface=Interface.ES9P,
                observers=[self._observer],
                addresses={self._smdp.identity.address: server.address},
            )
            self._behind.over_tls = client
            try:
                yield came
            finally:
                self._behind.over_tls = None
                client.close()
