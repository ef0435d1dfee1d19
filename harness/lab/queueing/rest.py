"""The operator's side of an eIM that has a REST interface like ours.

Rules of this room:
- A connection a call; no redirection is followed, no proxy asked.
- The deadline covers the whole call: a server that drips is cut off.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any
from urllib.parse import urlsplit

from harness.errors import LabFault
from harness.lab.queueing.side import MOST_OCTETS, Heard
from harness.lab.queueing.wiring import ByRest
from harness.links.watchdog import Watchdog

ROUTES: Mapping[str, tuple[str, str, str]] = {
    "eim": ("GET", "/eim", ""),
    "associate": ("PUT", "/devices/{eid}", "association"),
    "forget": ("DELETE", "/devices/{eid}", ""),
    "device": ("GET", "/devices/{eid}", ""),
    "queue": ("POST", "/devices/{eid}/operations", "order"),
    "waiting": ("GET", "/devices/{eid}/operations", ""),
    "operation": ("GET", "/operations/{number}", ""),
    "cancel": ("DELETE", "/operations/{number}", ""),
    "events": ("GET", "/events?limit=1000&eid={eid}", ""),
}
"""Method, path, and the field that is the body, of each operation."""
_REFUSALS = (404, 405, 409, 422, 501)
"""The call came through, and the eIM does not do this."""
_NO_CONTENT = 204


class RestCarrier:
    """A client of the interface."""

    link = "rest"

    def __init__(self, wiring: ByRest) -> None:
        """Raises LabFault where the token or the CA certificate cannot be used."""
        self._wiring = wiring
        self._place = urlsplit(wiring.url)
        self._token = _token(wiring)
        self._tls = _context(wiring) if self._place.scheme == "https" else None
        self._open: http.client.HTTPConnection | None = None
        self._watchdog = Watchdog(self._cut)

    @property
    def name(self) -> str:
        """Where it is."""
        return self._wiring.url

    def carry(self, document: Mapping[str, Any]) -> Heard:
        """Raises LabFault where there is no answer, or one that tells of trouble."""
        method, path, body_field = ROUTES[document["operation"]]
        body = json.dumps(document[body_field]).encode() if body_field else b""
        status, octets = self._call(method, self._place.path + path.format(**document), body)
        note = {"status": str(status)}
        if status in _REFUSALS:
            return Heard(octets, _detail(octets) or f"HTTP status {status}", note)
        if status in (401, 403):
            raise LabFault(f"{self.name} does not take the token", hint="`token` names the one that its server wrote")
        if not 200 <= status < 300:
            raise LabFault(f"{self.name} answers HTTP status {status}: {_detail(octets)}", hint=self._hint)
        return Heard(b"{}" if status == _NO_CONTENT else octets, "", note)

    def close(self) -> None:
        """Ends the watch over its calls."""
        self._watchdog.close()

    @property
    def _hint(self) -> str:
        return f"try it by hand: curl {self._wiring.url}/eim with the token as Authorization: Bearer"

    def _call(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        deadline = self._wiring.deadline
        headers = {"Authorization": f"Bearer {self._token}", "Connection": "close"}
        if body:
            headers["Content-Type"] = "application/json"
        with closing(self._connection()) as connection:
            self._open = connection
            try:
                with self._watchdog.guard(deadline):
                    connection.request(method, target, body or None, headers)
                    answer = connection.getresponse()
                    octets = answer.read(MOST_OCTETS + 1)
            except (OSError, http.client.HTTPException) as fault:
                if self._watchdog.bitten or isinstance(fault, TimeoutError):
                    raise LabFault(f"{self.name} gave no answer within {deadline} s", hint=self._hint) from fault
                raise LabFault(
                    f"{self.name} cannot be asked: {fault or type(fault).__name__}", hint=self._hint
                ) from fault
            finally:
                self._open = None
        if self._watchdog.bitten:
            raise LabFault(f"{self.name} gave no answer within {deadline} s", hint=self._hint)
        if len(octets) > MOST_OCTETS:
            raise LabFault(f"{self.name} answers with more than {MOST_OCTETS} octets", hint=self._hint)
        return answer.status, octets

    def _connection(self) -> http.client.HTTPConnection:
        host, port, deadline = self._place.hostname or "", self._place.port, self._wiring.deadline
        if self._tls is None:
            return http.client.HTTPConnection(host, port, timeout=deadline)
        return http.client.HTTPSConnection(host, port, timeout=deadline, context=self._tls)

    def _cut(self) -> None:
        connection = self._open
        if connection is not None and connection.sock is not None:
            with suppress(OSError):  # it ended by itself just now
                connection.sock.shutdown(socket.SHUT_RDWR)


def _detail(octets: bytes) -> str:
    """What the interface says is wrong, in a line."""
    try:
        detail = json.loads(octets)["detail"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return octets[:100].decode(errors="replace")
    return (detail if isinstance(detail, str) else json.dumps(detail))[:500]


def _token(wiring: ByRest) -> str:
    if wiring.token_file is not None:
        try:
            token = wiring.token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeError) as fault:
            hint = "`token: {file: …}` names the file that the eIM's server wrote"
            raise LabFault(f"the token file {wiring.token_file} cannot be read: {fault}", hint=hint) from fault
        where = f"the file {wiring.token_file}"
    else:
        token = os.environ.get(wiring.token_variable, "").strip()
        where = f"the environment variable {wiring.token_variable}"
    if not token or not all("!" <= character <= "~" for character in token):
        raise LabFault(
            f"{where} holds no token", hint="put the token of the eIM's REST interface there, and nothing else"
        )
    return token


def _context(wiring: ByRest) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if wiring.ca is None else str(wiring.ca))
    except (OSError, ssl.SSLError) as fault:
        raise LabFault(f"{wiring.ca} cannot be used as a CA certificate: {fault}", hint="it has to be PEM") from fault
