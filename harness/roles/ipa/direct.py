"""The SM-DP+ over ES9+, and the SM-DS over ES11, in their JSON binding (SGP.22 §5.6, §5.8, §6.5.2).

Rules of this room:
- Errors of the function come with HTTP 200 and a header that says Failed: the body is read before the fields are.
- Binary fields are base64 of whole TLVs, tag and length included.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from harness.codec import tlv
from harness.roles.ipa.activation import DownloadTarget
from harness.roles.ipa.download import Authenticated, DownloadFailed, Initiated, package_of, signed2_needs_confirmation
from harness.roles.ipa.ports import HttpPort
from harness.roles.ipa.reading import BadReply, one
from harness.roles.ipa.settings import IpaSettings
from harness.rules import Rules

PATH = "/gsma/rsp2/es9plus/"
LARGEST_REPLY = 1 << 22


@dataclass(frozen=True)
class DirectServer:
    """One SM-DP+ or SM-DS as the IPA reaches it by itself."""

    address: str
    http: HttpPort
    settings: IpaSettings
    rules: Rules

    def initiate(self, challenge: bytes, euicc_info1: bytes) -> Initiated:
        answer = self._call(
            "initiateAuthentication",
            {
                "smdpAddress": self.address,
                "euiccChallenge": _base64(challenge),
                "euiccInfo1": _base64(euicc_info1),
            },
        )
        signed = _tlv(answer, "serverSigned1", 0x30)
        if _hexadecimal(answer, "transactionId") != (signed.find(0x80) or signed).value:
            raise BadReply("transactionId differs from the one in serverSigned1")
        return Initiated(
            signed,
            _tlv(answer, "serverSignature1", 0x5F37).raw,
            _tlv(answer, "euiccCiPKIdToBeUsed", 0x04).raw,
            _tlv(answer, "serverCertificate", 0x30).raw,
        )

    def authenticate(self, transaction_id: bytes, answer: bytes) -> Authenticated:
        reply = self._call("authenticateClient", _about(transaction_id, authenticateServerResponse=answer))
        signed = _tlv(reply, "smdpSigned2", 0x30)
        if signed2_needs_confirmation(signed):
            raise DownloadFailed("the profile needs a confirmation code, and the trigger brought none")
        return Authenticated(
            signed.raw, _tlv(reply, "smdpSignature2", 0x5F37).raw, _tlv(reply, "smdpCertificate", 0x30).raw
        )

    def discover(self, transaction_id: bytes, answer: bytes) -> DownloadTarget | None:
        reply = self._call("authenticateClient", _about(transaction_id, authenticateServerResponse=answer))
        entries = reply.get("eventEntries")
        if not isinstance(entries, list):
            raise BadReply("authenticateClient: the answer has no eventEntries")
        for entry in entries:
            if not isinstance(entry, dict):
                raise BadReply("authenticateClient: an event entry that is no object")
            address, event = entry.get("rspServerAddress"), entry.get("eventId")
            if isinstance(address, str) and isinstance(event, str):
                return DownloadTarget(address, event)
        return None

    def package(self, transaction_id: bytes, answer: bytes) -> bytes:
        reply = self._call("getBoundProfilePackage", _about(transaction_id, prepareDownloadResponse=answer))
        return package_of(_octets(reply, "boundProfilePackage"))

    def cancel(self, transaction_id: bytes, answer: bytes) -> None:
        self._call("cancelSession", _about(transaction_id, cancelSessionResponse=answer))

    def notify(self, pending: bytes) -> bool:
        """Delivers one notification; whether the SM-DP+ took it. Raises NoAnswer."""
        body = json.dumps({"pendingNotification": _base64(pending)}).encode()
        status = self.http.post(self._url("handleNotification"), self._headers(), body, trust=None).status
        return bool(self.rules["was-taken"](status))

    def _call(self, function: str, request: dict[str, str]) -> dict[str, Any]:
        body = json.dumps(request).encode()
        reply = self.http.post(self._url(function), self._headers(), body, trust=None)
        if reply.status != 200:
            raise BadReply(f"{function}: the SM-DP+ answered HTTP {reply.status}")
        if len(reply.body) > LARGEST_REPLY:
            raise BadReply(f"{function}: an answer of {len(reply.body)} octets")
        answer = _document(reply.body, function)
        _check_status(answer, function)
        return answer

    def _url(self, function: str) -> str:
        return f"https://{self.address}{PATH}{function}"

    def _headers(self) -> list[tuple[str, str]]:
        return [
            ("Content-Type", "application/json"),
            ("X-Admin-Protocol", self.settings.admin_protocol),
            ("User-Agent", self.settings.user_agent),
        ]


def _about(transaction_id: bytes, **fields: bytes) -> dict[str, str]:
    return {"transactionId": transaction_id.hex().upper()} | {name: _base64(value) for name, value in fields.items()}


def _document(body: bytes, function: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadReply(f"{function}: the answer is no JSON") from error
    if not isinstance(answer, dict):
        raise BadReply(f"{function}: the answer is no JSON object")
    return answer


def _check_status(answer: dict[str, Any], function: str) -> None:
    """Raises DownloadFailed for a function that failed, BadReply where the answer does not say."""
    status: Any = answer
    for name in ("header", "functionExecutionStatus"):
        status = status.get(name)
        if not isinstance(status, dict):
            raise BadReply(f"{function}: the answer has no functionExecutionStatus")
    if status.get("status") not in ("Executed-Success", "Executed-WithWarning"):
        reason = json.dumps(status.get("statusCodeData"))[:200]
        raise DownloadFailed(f"{function}: {status.get('status')} {reason}", json.dumps(status).encode()[:1024])


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _octets(answer: dict[str, Any], name: str) -> bytes:
    value = answer.get(name)
    if not isinstance(value, str):
        raise BadReply(f"the answer has no {name}")
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadReply(f"{name} is no base64") from error


def _tlv(answer: dict[str, Any], name: str, tag: int) -> tlv.Tlv:
    return one(_octets(answer, name), tag, name)


def _hexadecimal(answer: dict[str, Any], name: str) -> bytes:
    value = answer.get(name)
    try:
        return bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError as error:
        raise BadReply(f"{name} is no hexadecimal") from error
