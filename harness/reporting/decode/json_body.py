"""JSON bodies of ES9+ and ESipa as trees, base64 members opened (SGP.22 §6.5, SGP.32 §6.4)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from harness.reporting.decode.annotate import Annotator
from harness.reporting.decode.tree import Node

TYPES: Mapping[str, str] = {
    "euiccInfo1": "EUICCInfo1",
    "serverSigned1": "ServerSigned1",
    "serverCertificate": "Certificate",
    "smdpSigned2": "SmdpSigned2",
    "smdpCertificate": "Certificate",
    "authenticateServerResponse": "AuthenticateServerResponse",
    "prepareDownloadResponse": "PrepareDownloadResponse",
    "profileMetadata": "StoreMetadataRequest",
    "boundProfilePackage": "BoundProfilePackage",
    "pendingNotification": "PendingNotification",
    "cancelSessionResponse": "CancelSessionResponse",
    "euiccPackageRequest": "EuiccPackageRequest",
    "ipaEuiccDataRequest": "IpaEuiccDataRequest",
    "profileDownloadTriggerRequest": "ProfileDownloadTriggerRequest",
    "euiccPackageResult": "EuiccPackageResult",
    "ipaEuiccDataResponse": "IpaEuiccDataResponse",
    "profileDownloadTriggerResult": "ProfileDownloadTriggerResult",
    "ePRAndNotifications": "EPRAndNotifications",
}
PLAIN_BASE64 = frozenset({"euiccChallenge", "serverSignature1", "smdpSignature2", "euiccCiPKIdToBeUsed", "hashCc"})
_BASE64 = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")


def tree(body: bytes, annotator: Annotator) -> tuple[Node, ...] | None:
    """The members of a JSON object; None where the body is no JSON."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return (Node("body", value=json.dumps(document)),)
    return tuple(_member(name, value, annotator) for name, value in document.items())


def _member(name: str, value: Any, annotator: Annotator) -> Node:
    if isinstance(value, dict):
        return Node(name, children=tuple(_member(key, inner, annotator) for key, inner in value.items()))
    if isinstance(value, list):
        inner = tuple(_member(f"[{number}]", entry, annotator) for number, entry in enumerate(value, 1))
        return Node(name, children=inner, value="" if inner else "empty")
    if isinstance(value, str) and (name in TYPES or name in PLAIN_BASE64 or _BASE64.fullmatch(value)):
        octets = _octets(value)
        if octets is not None:
            return _opened(name, octets, annotator)
    return Node(name, value=value if isinstance(value, str) else json.dumps(value))


def _opened(name: str, octets: bytes, annotator: Annotator) -> Node:
    if name in PLAIN_BASE64:
        return Node(name, value="base64", octets=octets, source=octets)
    trees = annotator.message(octets, TYPES.get(name, ""), label=name)
    if trees and not trees[0].fault:
        return Node(name, value=f"base64 of {len(octets)} octets", children=trees)
    return Node(name, value="base64", octets=octets, source=octets)


def _octets(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
