"""Requests and answers of ES11 and ES12, with every DER part as the octets that came or go."""

from __future__ import annotations

from dataclasses import dataclass

from harness.roles.smds.state import EventRecord


@dataclass(frozen=True, slots=True)
class InitiateAuthentication:
    """ES11, SGP.22 v2.5 §5.8.1."""

    smds_address: str
    """Called smdpAddress on the wire, as in ES9+."""
    euicc_challenge: bytes
    """16 octets."""
    euicc_info1: bytes
    """BF20."""


@dataclass(frozen=True, slots=True)
class InitiateAuthenticationOk:
    """The answer to InitiateAuthentication."""

    transaction_id: bytes
    server_signed1: bytes
    server_signature1: bytes
    """The whole 5F37."""
    euicc_ci_key_id: bytes
    """The whole OCTET STRING, 04 14 and 20 octets."""
    server_certificate: bytes


@dataclass(frozen=True, slots=True)
class AuthenticateClient:
    """ES11, SGP.22 v2.5 §5.8.2."""

    transaction_id: bytes
    authenticate_server_response: bytes
    """BF38; a matchingId in it is the name of the one event that is asked for."""


@dataclass(frozen=True, slots=True)
class AuthenticateClientOk:
    """The events of the eUICC."""

    transaction_id: bytes
    events: tuple[EventRecord, ...]


@dataclass(frozen=True, slots=True)
class RegisterEvent:
    """ES12, SGP.22 v2.5 §5.9.1."""

    event: EventRecord


@dataclass(frozen=True, slots=True)
class DeleteEvent:
    """ES12, SGP.22 v2.5 §5.9.2."""

    eid: bytes
    event_id: str


@dataclass(frozen=True, slots=True)
class Done:
    """The answer of a function that returns no data."""


Request = InitiateAuthentication | AuthenticateClient | RegisterEvent | DeleteEvent
Answer = InitiateAuthenticationOk | AuthenticateClientOk | Done
