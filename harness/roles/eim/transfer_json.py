"""TransferEimPackage in ESipa's JSON binding, where the eIM is the one that asks (SGP.32 v1.2 §6.4).

Rules of this room:
- Requests carry the members that a getEimPackage answer would; of a response the one member that says what came of it.
- Which names the members of the response have is not certain: those of the ASN.1 module are read, and eimPackageResult.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from harness.codec import DecodeError, tlv
from harness.roles.eim.get_eim_package import UNDEFINED_ERROR
from harness.roles.eim.json_binding import PREFIX, Malformed, document_of, octets_of
from harness.roles.eim.reading import only_child
from harness.roles.eim.transfer_eim_package import TAG

PATH = f"{PREFIX}transferEimPackage"
_BROUGHT: Mapping[int, str] = {
    0xBF51: "euiccPackageRequest",
    0xBF52: "ipaEuiccDataRequest",
    0xBF53: "eimAcknowledgements",
    0xBF54: "profileDownloadTriggerRequest",
}
_RESULTS = (
    "euiccPackageResult",
    "ePRAndNotifications",
    "ipaEuiccDataResponse",
    "profileDownloadTriggerResult",
    "eimPackageResult",
)
_ERROR, _RECEIVED = "eimPackageError", "eimPackageReceived"


def request_of(message: bytes) -> bytes:
    """The JSON body that spells a TransferEimPackageRequest."""
    package = only_child(tlv.parse(message))
    return json.dumps({_BROUGHT[package.tag]: base64.b64encode(package.raw).decode()}).encode()


def message_of(body: bytes) -> bytes:
    """The TransferEimPackageResponse that a JSON body spells. Raises Malformed."""
    document = document_of(body)
    return tlv.build(TAG, _alternative(document))


def _alternative(document: Mapping[str, Any]) -> bytes:
    for name in _RESULTS:
        if document.get(name) is not None:
            octets = octets_of(document[name])
            try:
                return tlv.parse(octets).raw
            except DecodeError as fault:
                raise Malformed(f"{name} is no DER: {fault}") from fault
    code = document.get(_ERROR)
    if isinstance(code, int) and not isinstance(code, bool) and 0 <= code < 1 << 31:
        return tlv.integer(0x02, code)
    if _failed(document):
        return tlv.integer(0x02, UNDEFINED_ERROR)
    if _RECEIVED in document:
        return tlv.build(0x05)
    raise Malformed("no member says what came of the package")


def _failed(document: Mapping[str, Any]) -> bool:
    header = document.get("header")
    status = header.get("functionExecutionStatus") if isinstance(header, dict) else None
    return isinstance(status, dict) and status.get("status") == "Failed"
