"""The JSON binding of ES9+: HTTP bodies to requests, answers to HTTP bodies (SGP.22 v2.5 §6.5.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.roles.rsp_server import json_envelope as envelope
from harness.roles.rsp_server.json_envelope import Fields, HttpReply
from harness.roles.smdp import messages
from harness.roles.smdp.messages import Acknowledged, Answer, Request

PREFIX = "/gsma/rsp2/es9plus/"


def read(function: str, body: bytes) -> Request:
    """The request of this function. Raises Malformed; KeyError for an unknown function."""
    return _READERS[function](envelope.document(body))


def write(answer: Answer) -> HttpReply:
    """The HTTP answer of a function that succeeded."""
    return envelope.succeeded(_data(answer))


def _initiate_authentication(fields: Fields) -> messages.InitiateAuthentication:
    return messages.InitiateAuthentication(
        envelope.text(fields, "smdpAddress"), envelope.challenge(fields), envelope.octets(fields, "euiccInfo1")
    )


def _authenticate_client(fields: Fields) -> messages.AuthenticateClient:
    response = envelope.octets(fields, "authenticateServerResponse")
    return messages.AuthenticateClient(envelope.transaction_id(fields), response)


def _get_bound_profile_package(fields: Fields) -> messages.GetBoundProfilePackage:
    response = envelope.octets(fields, "prepareDownloadResponse")
    return messages.GetBoundProfilePackage(envelope.transaction_id(fields), response)


def _handle_notification(fields: Fields) -> messages.HandleNotification:
    return messages.HandleNotification(envelope.octets(fields, "pendingNotification"))


def _cancel_session(fields: Fields) -> messages.CancelSession:
    response = envelope.octets(fields, "cancelSessionResponse")
    return messages.CancelSession(envelope.transaction_id(fields), response)


_READERS: Mapping[str, Callable[[Fields], Request]] = {
    "initiateAuthentication": _initiate_authentication,
    "authenticateClient": _authenticate_client,
    "getBoundProfilePackage": _get_bound_profile_package,
    "handleNotification": _handle_notification,
    "cancelSession": _cancel_session,
}

FUNCTIONS = tuple(_READERS)
"""The functions of ES9+ as they stand in paths."""


def _data(answer: Answer) -> Fields:
    if isinstance(answer, Acknowledged):
        return {}
    data = {name: envelope.base64_text(getattr(answer, field)) for field, name in _NAMES[type(answer)].items()}
    return {"transactionId": answer.transaction_id.hex().upper(), **data}


_NAMES: Mapping[type[Any], Mapping[str, str]] = {
    messages.InitiateAuthenticationOk: {
        "server_signed1": "serverSigned1",
        "server_signature1": "serverSignature1",
        "euicc_ci_key_id": "euiccCiPKIdToBeUsed",
        "server_certificate": "serverCertificate",
    },
    messages.AuthenticateClientOk: {
        "profile_metadata": "profileMetadata",
        "smdp_signed2": "smdpSigned2",
        "smdp_signature2": "smdpSignature2",
        "smdp_certificate": "smdpCertificate",
    },
    messages.GetBoundProfilePackageOk: {"bound_profile_package": "boundProfilePackage"},
}
