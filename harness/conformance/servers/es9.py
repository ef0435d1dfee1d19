"""A download from an SM-DP+ under test, step by step over its JSON binding, with a conforming card on the device's side.

The client here is written apart from the SM-DP+ role and from the IPA: it builds requests from what came, changes what a
case wants changed, and reads statuses. What the SM-DP+ signs is judged by the card.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from harness.codec import tlv
from harness.errors import DeviceFault, MalformedAnswer
from harness.links.http_messages import Headers, header
from harness.roles.es10.download import InstallationAnswer

if TYPE_CHECKING:
    from harness.conformance.devices.euicc import EuiccUnderTest
    from harness.conformance.servers.server import ServerUnderTest

SUCCESS = "Executed-Success"
_OK = 200
_NOTIFICATION = "handleNotification"
_TRANSACTION_ID = re.compile("(?:[0-9A-Fa-f]{2}){1,16}")
_DEVICE_INFO = bytes.fromhex("A108800435290611A100")
"""DeviceInfo with a TAC and no capabilities."""


@dataclass(frozen=True, slots=True)
class Es9Answer:
    """One answer of an ES9+ function, in whichever binding it came."""

    raw: bytes
    headers: Headers
    status: str
    """"Executed-Success" and the like; for a failure subject and reason, "8.2.6/3.8"."""
    fields: Mapping[str, Any]
    http_status: int = 200

    @property
    def is_success(self) -> bool:
        return self.status == SUCCESS

    def octets(self, name: str) -> bytes:
        """A base64 field. Raises MalformedAnswer where it is absent or no base64."""
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise MalformedAnswer(f"the answer has no {name}")
        try:
            return base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise MalformedAnswer(f"{name} is no base64") from error

    def header(self, name: str) -> str:
        """The first value of a header, its name compared without case; empty where it is absent."""
        return header(self.headers, name) or ""

    @property
    def transaction_id(self) -> bytes:
        """transactionId. Raises MalformedAnswer where it is absent or no hexadecimal of 1 to 16 octets."""
        text = self.fields.get("transactionId")
        if not isinstance(text, str) or not _TRANSACTION_ID.fullmatch(text):
            raise MalformedAnswer(f"transactionId is {text!r:.80}")
        return bytes.fromhex(text)

    @classmethod
    def of(cls, body: bytes, headers: Headers = ()) -> Es9Answer:
        """Reads an answer. Raises MalformedAnswer where it has no functionExecutionStatus."""
        try:
            fields = json.loads(body)
            status = fields["header"]["functionExecutionStatus"]
            word = str(status["status"])
            if word == "Failed":
                data = status["statusCodeData"]
                word = f"{data['subjectCode']}/{data['reasonCode']}"
        except (ValueError, RecursionError, LookupError, TypeError) as error:
            raise MalformedAnswer(f"an ES9+ answer without a functionExecutionStatus: {body[:80]!r}") from error
        return cls(body, headers, word, fields)


class Binding(Protocol):
    """Carries one call of ES9+ or ES11: a request with its DER in base64, an answer of the same kind.

    Raises MalformedAnswer for what is no answer of the function.
    """

    def __call__(self, server: ServerUnderTest, function: str, request: Mapping[str, str]) -> Es9Answer:
        """One call."""
        ...


def json_binding(server: ServerUnderTest, function: str, request: Mapping[str, str]) -> Es9Answer:
    """A call in the JSON binding. A notification is answered without a body."""
    reply = server.call(function, request)
    if function == _NOTIFICATION:
        return Es9Answer(reply.body, reply.headers, "", {}, reply.status)
    if reply.status != _OK:
        raise MalformedAnswer(f"{function}: HTTP status {reply.status} for a request that can be read")
    return Es9Answer.of(reply.body, reply.headers)


@dataclass(slots=True)
class Es9Download:
    """One session. Each method makes one ES9+ call; what it needs of the calls before is kept."""

    es9: ServerUnderTest
    card: EuiccUnderTest
    address: str
    matching_id: str | None = None
    """None leaves it out of ctxParams1."""
    challenge: bytes = b""
    initiated: Es9Answer | None = None
    authenticated: Es9Answer | None = None
    server_response: bytes = b""
    """The card's BF38, to be changed before `authenticate_client`."""
    prepared: bytes = b""
    """The card's BF21, to be changed before `get_package`."""
    transaction_id: bytes = field(default=b"")
    binding: Binding | None = None
    """How calls are carried; None: in JSON."""
    refused: dict[str, str] = field(default_factory=dict)
    """The functions that were refused, each with its last status."""

    def initiate(self, *, address: str | None = None, euicc_info1: bytes | None = None) -> Es9Answer:
        """InitiateAuthentication with a fresh challenge of the card; other address or info1 where a case gives one."""
        self.challenge = self.card.get_euicc_challenge()
        info1 = self.card.get_euicc_info1().raw if euicc_info1 is None else euicc_info1
        answer = self._call(
            "initiateAuthentication",
            {
                "smdpAddress": self.address if address is None else address,
                "euiccChallenge": _base64(self.challenge),
                "euiccInfo1": _base64(info1),
            },
        )
        if answer.is_success:
            self.initiated = answer
            self.transaction_id = answer.transaction_id
        return answer

    def server_request(self) -> bytes:
        """The BF38 for the card, of what InitiateAuthentication brought."""
        initiated = self._needed(self.initiated, "initiateAuthentication")
        matching = b"" if self.matching_id is None else tlv.build(0x80, self.matching_id.encode())
        return tlv.build(
            0xBF38,
            initiated.octets("serverSigned1"),
            initiated.octets("serverSignature1"),
            initiated.octets("euiccCiPKIdToBeUsed"),
            initiated.octets("serverCertificate"),
            tlv.build(0xA0, matching, _DEVICE_INFO),
        )

    def authenticate_server(self) -> bytes:
        """The card's BF38 to what InitiateAuthentication brought. Raises DeviceFault where it refuses the server."""
        answer = self.card.authenticate_server(self.server_request())
        if not answer.is_ok:
            raise DeviceFault(f"a conforming card refuses the server: authenticateErrorCode {answer.error_code}")
        self.server_response = answer.raw
        return answer.raw

    def authenticate_client(self) -> Es9Answer:
        """AuthenticateClient with `server_response`."""
        request = {"authenticateServerResponse": _base64(self.server_response)}
        answer = self._call("authenticateClient", self._about(request))
        self.authenticated = answer if answer.is_success else None
        return answer

    def binding_request(self, confirmation_code: str | None = None) -> bytes:
        """The BF21 for the card, of what AuthenticateClient brought."""
        authenticated = self._needed(self.authenticated, "authenticateClient")
        code = b"" if confirmation_code is None else tlv.build(0x04, self.hashed(confirmation_code))
        return tlv.build(
            0xBF21,
            authenticated.octets("smdpSigned2"),
            authenticated.octets("smdpSignature2"),
            code,
            authenticated.octets("smdpCertificate"),
        )

    def prepare_download(self, confirmation_code: str | None = None) -> bytes:
        """The card's BF21 to what AuthenticateClient brought. Raises DeviceFault where it refuses."""
        answer = self.card.prepare_download(self.binding_request(confirmation_code))
        if not answer.is_ok:
            raise DeviceFault(f"a conforming card refuses the binding: downloadErrorCode {answer.error_code}")
        self.prepared = answer.raw
        return answer.raw

    def get_package(self) -> Es9Answer:
        """GetBoundProfilePackage with `prepared`."""
        request = {"prepareDownloadResponse": _base64(self.prepared)}
        return self._call("getBoundProfilePackage", self._about(request))

    def notify(self, pending: bytes) -> int:
        """HandleNotification; the HTTP status."""
        request = {"pendingNotification": _base64(pending)}
        return (self.binding or json_binding)(self.es9, "handleNotification", request).http_status

    def cancel(self, reason: int) -> Es9Answer:
        """The card cancels the session for this reason, and the SM-DP+ is told."""
        answer = self.card.cancel_session(self.transaction_id, reason)
        if not answer.is_ok:
            raise DeviceFault(f"a conforming card cannot cancel: cancelSessionResponseError {answer.error_code}")
        return self.cancel_with(answer.raw)

    def cancel_with(self, response: bytes) -> Es9Answer:
        """CancelSession with these octets as the card's BF41."""
        return self._call("cancelSession", self._about({"cancelSessionResponse": _base64(response)}))

    def to_client(self) -> Es9Answer:
        """A new session up to AuthenticateClient; its answer. Raises DeviceFault where it ends before."""
        self._reached("InitiateAuthentication", self.initiate())
        self.authenticate_server()
        return self.authenticate_client()

    def to_package(self, confirmation_code: str | None = None) -> Es9Answer:
        """A new session up to GetBoundProfilePackage; its answer. Raises DeviceFault where it ends before."""
        self._reached("AuthenticateClient", self.to_client())
        self.prepare_download(confirmation_code)
        return self.get_package()

    def install(self) -> InstallationAnswer:
        """A whole download onto the card; its ProfileInstallationResult. Raises DeviceFault where it ends before."""
        answer = self.to_package()
        self._reached("GetBoundProfilePackage", answer)
        return self.card.load_bound_profile_package(answer.octets("boundProfilePackage"))

    def hashed(self, confirmation_code: str) -> bytes:
        """hashCc: the code's SHA-256 and the transaction, hashed (SGP.22 §5.7.5)."""
        return sha256(sha256(confirmation_code.encode()).digest() + self.transaction_id).digest()

    def _about(self, fields: Mapping[str, str]) -> Mapping[str, str]:
        return {"transactionId": self.transaction_id.hex().upper(), **fields}

    def _call(self, function: str, request: Mapping[str, str]) -> Es9Answer:
        answer = (self.binding or json_binding)(self.es9, function, request)
        if not answer.is_success:
            self.refused[function] = answer.status
        return answer

    def _needed(self, answer: Es9Answer | None, function: str) -> Es9Answer:
        """The answer that the next message is made of. Raises DeviceFault where the server refused to give it."""
        if answer is None and function in self.refused:
            raise DeviceFault(f"{function} was refused: {self.refused[function]}")
        if answer is None:
            raise LookupError(f"{function} was not called in this session")
        return answer

    @staticmethod
    def _reached(function: str, answer: Es9Answer) -> None:
        if not answer.is_success:
            raise DeviceFault(f"{function} was refused: {answer.status}")


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
