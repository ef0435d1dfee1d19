"""An IPA in the module's card: it reaches its eIM by the channels that the module opens for the card, and by nothing else.

Its head is the harness's own IPA. ES10 goes to the card over the way to it that the lab has; what would be the card's TLS
and HTTP is here, and its octets travel in SEND DATA and RECEIVE DATA.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

import h11
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.conformance.devices.applet import MOST_AT_ONCE, Applet, TerminalAnswer
from harness.conformance.devices.own_ipa import AttachedModem
from harness.endpoints.module_https import trust_in
from harness.errors import DeviceFault, DeviceSilent, HarnessError, LabFault
from harness.links.at_sockets import TCP
from harness.links.http_messages import HttpReply, TlsFacts
from harness.links.tls import DEFAULT_TLS
from harness.roles.es10 import Es10
from harness.roles.es10.eims import TrustData
from harness.roles.ipa import Ipa, IpaSettings, NoAnswer

Done = TypeVar("Done")
_PORT = 443
_DEADLINE = 30.0
_CHUNK = 1 << 16


class CardIpa:
    """The IPA of a card. `address_of` is its name server, `roots` the CIs that it trusts."""

    def __init__(self, es10: Es10, applet: Applet, address_of: Callable[[str], str], roots: Sequence[bytes]) -> None:
        self._https = ChannelHttps(applet, address_of, roots)
        self._ipa = Ipa(es10, self._https, AttachedModem(), IpaSettings(version=es10.dialect.schema))

    @property
    def closed(self) -> tuple[TerminalAnswer, ...]:
        """How each of its channels ended."""
        return tuple(self._https.closed)

    def poll(self, now: float) -> None:
        """One visit to its eIM. Raises DeviceFault where it ended early."""
        self._ipa.trigger()
        self._ipa.wake(now)
        for incident in self._ipa.incidents:
            if isinstance(incident.fault, (DeviceSilent, LabFault)):
                raise incident.fault
            raise DeviceFault(f"the visit to the eIM ended early: {incident.reason}") from incident.fault


class ChannelHttps:
    """An HttpPort over channels of the card's, one for each request."""

    def __init__(self, applet: Applet, address_of: Callable[[str], str], roots: Sequence[bytes]) -> None:
        self._applet = applet
        self._address_of = address_of
        self._roots = tuple(roots)
        self.closed: list[TerminalAnswer] = []
        """How each channel ended."""

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes, *, trust: TrustData | None) -> HttpReply:
        """Opens a channel, posts, and closes it. Raises NoAnswer, and DeviceSilent and LabFault as they are."""
        place = urlsplit(url)
        host = place.hostname or ""
        accepted = trust_in(trust, self._roots)
        head = [("Host", host), ("Content-Length", str(len(body))), ("Connection", "close"), *headers]
        try:
            context = accepted.context(DEFAULT_TLS, None)
            opened = self._applet.open(TCP, self._address_of(host), _PORT)
            if not opened.is_done:
                raise NoAnswer(f"OPEN CHANNEL: {opened}")
            try:
                tls = _Tls(self._applet, opened.channel, context, host)
                tls.shake_hands(accepted.pinned_keys)
                return tls.exchange(h11.Request(method="POST", target=place.path, headers=head), body)
            finally:
                self.closed.append(self._applet.close(opened.channel))
        except (NoAnswer, DeviceSilent, LabFault):
            raise
        except (HarnessError, ssl.SSLError, h11.RemoteProtocolError) as fault:
            raise NoAnswer(str(fault)) from fault


class _Tls:
    """TLS over one channel."""

    def __init__(self, applet: Applet, channel: int, context: ssl.SSLContext, host: str) -> None:
        self._applet, self._channel = applet, channel
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._until = time.monotonic() + _DEADLINE

    def shake_hands(self, pinned_keys: Sequence[bytes]) -> None:
        """Raises SSLError, NoAnswer."""
        self._driven(self._tls.do_handshake)
        if pinned_keys:
            certificate = x509.load_der_x509_certificate(self._tls.getpeercert(binary_form=True) or b"")
            key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            if key not in pinned_keys:
                raise NoAnswer("the server has another key than the eIM configuration says")

    def exchange(self, request: h11.Request, body: bytes) -> HttpReply:
        """One request and its answer."""
        http = h11.Connection(h11.CLIENT)
        events = (request, h11.Data(data=body), h11.EndOfMessage())
        self._tls.write(b"".join(http.send(event) or b"" for event in events))
        answer: h11.Response | None = None
        parts: list[bytes] = []
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(self._driven(lambda: self._tls.read(_CHUNK)))
            elif isinstance(event, h11.Response):
                answer = event
            elif isinstance(event, h11.Data):
                parts.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and answer is not None:
                named = tuple((name.decode(), value.decode("latin-1")) for name, value in answer.headers)
                cipher = self._tls.cipher()
                facts = TlsFacts(self._tls.version() or "", cipher[0] if cipher else "", None)
                return HttpReply(answer.status_code, named, b"".join(parts), facts)
            else:
                raise NoAnswer("the server ended the connection before its answer")

    def _driven(self, step: Callable[[], Done]) -> Done:
        """Does a step of TLS, with what it sends and waits for."""
        while True:
            self._flush()
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(self._received())
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        octets = self._outgoing.read()
        for place in range(0, len(octets), MOST_AT_ONCE):
            sent = self._applet.send(self._channel, octets[place : place + MOST_AT_ONCE])
            if not sent.is_done:
                raise NoAnswer(f"SEND DATA: {sent}")

    def _received(self) -> bytes:
        while time.monotonic() < self._until:
            answer = self._applet.receive(self._channel)
            if not answer.is_done:
                raise NoAnswer(f"RECEIVE DATA: {answer}")
            if answer.data:
                return answer.data
        raise NoAnswer(f"nothing came over the channel within {_DEADLINE:g} s")
