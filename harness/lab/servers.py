"""Our servers on HTTPS: one address for a whole bench, and behind it whatever role the running case has made."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.crypto.ecdsa import Curve
from harness.crypto.roles import Role
from harness.endpoints.https import HttpsEndpoint
from harness.links.events import Interface, Observer
from harness.links.http_messages import Reply, Request
from harness.links.tls import BRAINPOOL_CURVE, NIST_CURVE, ServerCertificate

if TYPE_CHECKING:
    from harness.crypto.pki import Identity
    from harness.lab.rack import Rack

OTHER_SMDP_OID = "2.999.11"
"""The registered ID of the SM-DP+ of another operator."""
Behind = Callable[[Request], Reply]
_CURVES = {Curve.NIST: NIST_CURVE, Curve.BRAINPOOL: BRAINPOOL_CURVE}
_NOBODY = 503


class Server:
    """An HTTPS server whose handler changes from case to case."""

    def __init__(
        self,
        rack: Rack,
        role: str,
        interface: Interface,
        observers: Sequence[Observer] = (),
        certificates: Sequence[ServerCertificate] = (),
        *,
        workers: int = 1,
        waits: Callable[[Request], bool] | None = None,
    ) -> None:
        """`workers` and `waits` are as for `HttpsServer`.

        `role` names the TLS certificate of the lab's PKI, "eim-tls" or "dp-tls", where no `certificates` are given."""
        self.behind: Behind | None = None
        """Who answers now; None between cases."""
        self.troubles: list[BaseException] = []
        """What a role raised instead of answering: the harness being wrong."""
        self.heard_at = 0.0
        """When the last request came, on the monotonic clock."""
        self._endpoint = HttpsEndpoint(
            rack.loop,
            self._answer,
            certificates or server_certificates(rack, role),
            interface=interface,
            observers=observers,
            on_error=lambda raised, _: self.troubles.append(raised),
            workers=workers,
            waits=waits,
        )

    def start(self, port: int = 0) -> int:
        """Listens on loopback and returns the port."""
        return self._endpoint.start(port=port)

    def stop(self) -> None:
        """Stops listening."""
        self._endpoint.stop()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._endpoint.address

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._endpoint.port

    def _answer(self, request: Request) -> Reply:
        self.heard_at = time.monotonic()
        behind = self.behind
        return Reply(_NOBODY) if behind is None else behind(request)


def other_smdp_certificates(rack: Rack) -> list[ServerCertificate]:
    """The TLS certificates of the SM-DP+ of another operator. None where the CI's key is not there to certify them."""
    role, found = Role.DP_TLS, rack.kept.get(OTHER_SMDP_OID)
    if not isinstance(found, list):
        sets = [trust for trust in map(rack.pki.trust, rack.pki.curves) if trust.ci.has_private_key]
        wanted = [(trust, replace(trust.blueprint(role), owner=OTHER_SMDP_OID)) for trust in sets]
        found = [server_certificate(trust.issue(role, one, label=OTHER_SMDP_OID), trust.curve) for trust, one in wanted]
        rack.kept[OTHER_SMDP_OID] = found
    return found


def server_certificates(rack: Rack, role: str) -> list[ServerCertificate]:
    """The TLS certificates of one of our servers, on every curve that the PKI has one for."""
    sets = [rack.pki.trust(curve) for curve in rack.pki.curves]
    return [server_certificate(found.identity(role), found.curve) for found in sets if found.has(role)]


def server_certificate(identity: Identity, curve: Curve) -> ServerCertificate:
    """A TLS certificate with its key, as a server takes them."""
    key = identity.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ServerCertificate((identity.certificate,), key, _CURVES[curve])
