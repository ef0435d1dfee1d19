"""The eIM's side of ES9+ (called ES9+' where the eIM stands in for an LPA): JSON over HTTPS, SGP.22 §6.5.2.

Rules of this room:
- DER goes through as octets: what the SM-DP+ signed reaches the card unchanged, and the other way round.
- An answer "Failed" is a value, `Refusal`; what is no answer at all is an SmdpFault.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError
from harness.roles.eim.ports import HttpAnswer, HttpPort

HEADERS = (
    ("Content-Type", "application/json;charset=UTF-8"),
    ("User-Agent", "gsma-rsp-lpad"),
    ("X-Admin-Protocol", "gsma/rsp/v2.5.0"),
)
_PATH = "/gsma/rsp2/es9plus/"
_ADDRESS = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")


class SmdpFault(HarnessError):
    """The SM-DP+ gave no usable answer, or there is no way to it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """functionExecutionStatus "Failed": subject and reason code of SGP.22 §5.2.6."""

    subject: str
    reason: str
    message: str = ""

    @property
    def code(self) -> str:
        """Both codes as "8.10.1/3.9"."""
        return f"{self.subject}/{self.reason}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer's fields."""

    fields: Mapping[str, Any]

    def octets(self, name: str) -> bytes:
        """A base64 field. Raises SmdpFault where it is absent or no base64."""
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise SmdpFault(f"the answer has no {name}")
        try:
            return base64.b64decode("".join(value.split()), validate=True)
        except ValueError as error:
            raise SmdpFault(f"{name} is no base64") from error

    def transaction_id(self) -> bytes:
        """The transactionId, in hexadecimal on the wire. Raises SmdpFault."""
        value = self.fields.get("transactionId")
        if not isinstance(value, str) or not re.fullmatch(r"([0-9A-Fa-f]{2}){1,16}", value):
            raise SmdpFault("the answer has no transactionId")
        return bytes.fromhex(value)


def base64_text(octets: bytes) -> str:
    """Octets as JSON carries them."""
    return base64.b64encode(octets).decode("ascii")


def call(http: HttpPort | None, address: str, function: str, request: Mapping[str, str]) -> Answer | Refusal:
    """One ES9+ function. Raises SmdpFault."""
    reply = _post(http, address, function, request)
    if reply.status != 200:
        raise SmdpFault(f"{address} answered {function} with HTTP status {reply.status}")
    try:
        fields = json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        raise SmdpFault(f"{address} answered {function} with something that is no JSON") from error
    status = _execution_status(fields)
    if status.get("status") in ("Executed-Success", "Executed-WithWarning"):
        return Answer(fields)
    data = status.get("statusCodeData")
    data = data if isinstance(data, dict) else {}
    return Refusal(*(str(data.get(name, "")) for name in ("subjectCode", "reasonCode", "message")))


def _execution_status(fields: Any) -> Mapping[str, Any]:
    header = fields.get("header") if isinstance(fields, dict) else None
    status = header.get("functionExecutionStatus") if isinstance(header, dict) else None
    if not isinstance(status, dict):
        raise SmdpFault("the answer has no functionExecutionStatus")
    return status


def handle_notification(http: HttpPort | None, address: str, notification: bytes) -> None:
    """ES9+.HandleNotification; returns when the SM-DP+ took it (any 2xx). Raises SmdpFault."""
    reply = _post(http, address, "handleNotification", {"pendingNotification": base64_text(notification)})
    if not 200 <= reply.status < 300:
        raise SmdpFault(f"{address} answered a notification with HTTP status {reply.status}")


def _post(http: HttpPort | None, address: str, function: str, request: Mapping[str, str]) -> HttpAnswer:
    if http is None:
        raise SmdpFault("this eIM has no way to an SM-DP+")
    if not _ADDRESS.fullmatch(address):
        # The address may come from a device's octets; it must not turn into another URL.
        raise SmdpFault(f"{address!r} is no server address")
    try:
        return http.post(f"https://{address}{_PATH}{function}", HEADERS, json.dumps(request).encode())
    except HarnessError as fault:
        raise SmdpFault(f"{address} gave no answer to {function}: {fault}") from fault
