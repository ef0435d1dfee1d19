"""Answers that are changed on their way to the device: what a case does where no conforming server would.

Rules of this room:
- The server behind has seen the request and done its part; only the device hears something else. So a case knows what the
  server knows, and what the device was told.
- A change is for one function and for so many times; what no change is left for goes through untouched.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from harness.codec import DecodeError, tlv
from harness.links.http_messages import Reply, Request

FUNCTIONS = {
    0xBF39: "initiateAuthentication",
    0xBF3A: "getBoundProfilePackage",
    0xBF3B: "authenticateClient",
    0xBF3D: "handleNotification",
    0xBF41: "cancelSession",
    0xBF4F: "getEimPackage",
    0xBF50: "provideEimPackageResult",
}
"""The functions of ESipa by their tag in the ASN.1 binding."""
GET_PACKAGE, PROVIDE_RESULT, HANDLE_NOTIFICATION = "getEimPackage", "provideEimPackageResult", "handleNotification"
INITIATE, AUTHENTICATE, GET_BPP, CANCEL = (
    "initiateAuthentication",
    "authenticateClient",
    "getBoundProfilePackage",
    "cancelSession",
)

_ERRORS = {
    0xBF39: "initiateAuthenticationErrorEsipa",
    0xBF3A: "getBoundProfilePackageErrorEsipa",
    0xBF3B: "authenticateClientErrorEsipa",
    0xBF41: "cancelSessionError",
    0xBF4F: "eimPackageError",
    0xBF50: "provideEimPackageResultError",
}
"""What the error of a function is called in the JSON binding."""
_NAMED = {0xBF53: "eimAcknowledgements", 0xBF51: "euiccPackageRequest", 0xBF52: "ipaEuiccDataRequest"}
_SUCCESS = {"functionExecutionStatus": {"status": "Executed-Success"}}

Change = Callable[[Request, Reply], Reply]
Behind = Callable[[Request], Reply]


@dataclass
class _Planned:
    function: str
    change: Change
    left: int | None
    wanted: Callable[[Request], bool]


class Answers:
    """The answers of one server on their way."""

    def __init__(self, behind: Behind) -> None:
        self._behind = behind
        self._planned: list[_Planned] = []
        self._turn = threading.Lock()

    def change(
        self,
        function: str,
        change: Change,
        *,
        times: int | None = 1,
        wanted: Callable[[Request], bool] = lambda request: True,
    ) -> None:
        """Changes the next `times` answers of this function to requests that are `wanted`; None: all from now on."""
        with self._turn:
            self._planned.append(_Planned(function, change, times, wanted))

    def be_honest(self) -> None:
        """Changes nothing any more."""
        with self._turn:
            self._planned.clear()

    def __call__(self, request: Request) -> Reply:
        """The answer of the server behind, changed where a change is planned."""
        reply = self._behind(request)
        name = function_of(request.path, request.body)
        with self._turn:
            planned = next((one for one in self._planned if one.function == name and one.wanted(request)), None)
            if planned is None:
                return reply
            if planned.left is not None:
                planned.left -= 1
                if planned.left == 0:
                    self._planned.remove(planned)
        return planned.change(request, reply)


def function_of(path: str, body: bytes) -> str:
    """The name of the function that a request is for, in either binding; empty for none."""
    last = path.rpartition("/")[2]
    if last != "asn1":
        return last
    try:
        return FUNCTIONS.get(tlv.first(body).tag, "")
    except DecodeError:
        return ""


# changes


def emptied(request: Request, reply: Reply) -> Reply:
    """Nothing in the body."""
    return replace(reply, body=b"")


def cut(request: Request, reply: Reply) -> Reply:
    """The last octet of the body is missing."""
    return replace(reply, body=reply.body[:-1])


def prolonged(request: Request, reply: Reply) -> Reply:
    """Two octets follow the body."""
    return replace(reply, body=reply.body + b"\x05\x00")


def status(code: int, *, retry_after: str = "") -> Change:
    """Another status, without a body."""
    headers = (("Retry-After", retry_after),) if retry_after else ()
    return lambda request, reply: Reply(code, headers)


def with_header(name: str, value: str) -> Change:
    """One header with another value."""

    def change(request: Request, reply: Reply) -> Reply:
        kept = tuple(header for header in reply.headers if header[0].lower() != name.lower())
        return replace(reply, headers=(*kept, (name, value)))

    return change


def without_header(name: str) -> Change:
    """One header is missing."""

    def change(request: Request, reply: Reply) -> Reply:
        return replace(reply, headers=tuple(header for header in reply.headers if header[0].lower() != name.lower()))

    return change


def answered(message: bytes) -> Change:
    """Another ESipa message, in the binding of the request: an error, acknowledgements, a package, or nothing."""

    def change(request: Request, reply: Reply) -> Reply:
        in_asn1 = request.path.endswith("/asn1")
        return replace(reply, status=200, body=message if in_asn1 else _spelled(message))

    return change


def _spelled(message: bytes) -> bytes:
    outer = tlv.parse(message)
    [choice] = outer.children
    document: dict[str, Any] = {"header": _SUCCESS}
    if choice.tag in _NAMED:
        document[_NAMED[choice.tag]] = base64.b64encode(choice.raw).decode()
    elif choice.tag != 0x30:
        document[_ERRORS[outer.tag]] = int.from_bytes(choice.value, "big", signed=True)
    return json.dumps(document).encode()


def member(name: str, changed: Callable[[Any], Any]) -> Change:
    """One member of a JSON answer is changed, where it is there."""

    def change(request: Request, reply: Reply) -> Reply:
        document = json.loads(reply.body)
        if name in document:
            document[name] = changed(document[name])
        return replace(reply, body=json.dumps(document).encode())

    return change


# what a request says


def mentions(octets: bytes) -> Callable[[Request], bool]:
    """Whether these octets stand in a request: in its body, or in base64 in one of its JSON members."""

    def wanted(request: Request) -> bool:
        return any(octets in part for part in (request.body, *_members(request.body)))

    return wanted


def _members(body: bytes) -> list[bytes]:
    """The octets of the JSON members that are base64; none for a body that is no JSON object."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if not isinstance(document, dict):
        return []
    found = []
    for value in document.values():
        try:
            found.append(base64.b64decode(value, validate=True))
        except (TypeError, ValueError):
            continue
    return found
