"""The eIM as a client: it goes to a device that listens, with ESipa.TransferEimPackage (SGP.32 v1.2 §3.1.1.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from harness.codec import DecodeError, tlv
from harness.errors import MalformedAnswer
from harness.links.https_client import HttpsClient
from harness.roles.eim import Eim, json_binding, transfer_json
from harness.roles.eim.http_rules import ASN1_PATH, ASN1_TYPE, JSON_TYPE, X_ADMIN_PROTOCOL
from harness.roles.eim.transfer_eim_package import TAG

Binding = Literal["asn1", "json"]
_OK = 200
_ADMIN = ("X-Admin-Protocol", X_ADMIN_PROTOCOL)


class ListeningDevice:
    """A device that waits for its eIM at an address: a host name, perhaps with a port."""

    def __init__(self, client: HttpsClient, address: str, binding: Binding = "asn1") -> None:
        self._client = client
        self._address = address
        self._binding = binding

    def transfer(self, message: bytes) -> bytes:
        """Sends a TransferEimPackageRequest; the response as the message that it stands for, in either binding.

        Raises MalformedAnswer for what is none, and what the client raises where none comes.
        """
        answer = self._in_json(message) if self._binding == "json" else self._post(ASN1_PATH, ASN1_TYPE, message)
        try:
            outer = tlv.parse(answer)
            is_response = outer.tag == TAG and len(outer.children) == 1
        except DecodeError as fault:
            raise MalformedAnswer(f"TransferEimPackage was answered with no DER: {fault}") from fault
        if not is_response:
            raise MalformedAnswer(f"TransferEimPackage was answered with {answer.hex().upper()}")
        return answer

    def _in_json(self, message: bytes) -> bytes:
        body = self._post(transfer_json.PATH, JSON_TYPE, transfer_json.request_of(message))
        try:
            return transfer_json.message_of(body)
        except json_binding.Malformed as fault:
            raise MalformedAnswer(f"transferEimPackage: {fault}") from fault

    def _post(self, path: str, content_type: str, body: bytes) -> bytes:
        reply = self._client.post(f"https://{self._address}{path}", (("Content-Type", content_type), _ADMIN), body)
        if reply.status != _OK:
            raise MalformedAnswer(f"TransferEimPackage was answered with HTTP status {reply.status}")
        return reply.body


def bring(eim: Eim, eid: bytes, device: ListeningDevice, now: Callable[[], float]) -> tuple[bytes, ...]:
    """Brings a device the next package that waits for it, takes its answer, and acknowledges what is to be.

    Its answers: to the package, and to the acknowledgements where there were any; none where nothing waits. Raises
    LookupError for a device that the eIM does not know, and as `ListeningDevice.transfer`; the package then still waits.
    """
    request = eim.injection(eid, now())
    if not request:
        return ()
    answer = device.transfer(request)
    try:
        acknowledgements = eim.take_injection(answer, eid, now())
    except DecodeError as fault:
        raise MalformedAnswer(f"TransferEimPackage was answered with {answer.hex().upper()}: {fault}") from fault
    return (answer, device.transfer(acknowledgements)) if acknowledgements else (answer,)
