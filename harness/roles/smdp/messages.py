"""The five ES9+ functions' requests and answers, with every DER part as the octets that came or go."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InitiateAuthentication:
    """SGP.22 v2.5 §5.6.1."""

    smdp_address: str
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
    """SGP.22 v2.5 §5.6.3."""

    transaction_id: bytes
    authenticate_server_response: bytes
    """BF38."""


@dataclass(frozen=True, slots=True)
class AuthenticateClientOk:
    """The answer to AuthenticateClient."""

    transaction_id: bytes
    profile_metadata: bytes
    """BF25."""
    smdp_signed2: bytes
    smdp_signature2: bytes
    """The whole 5F37."""
    smdp_certificate: bytes


@dataclass(frozen=True, slots=True)
class GetBoundProfilePackage:
    """SGP.22 v2.5 §5.6.2."""

    transaction_id: bytes
    prepare_download_response: bytes
    """BF21."""


@dataclass(frozen=True, slots=True)
class GetBoundProfilePackageOk:
    """The answer to GetBoundProfilePackage."""

    transaction_id: bytes
    bound_profile_package: bytes
    """BF36."""


@dataclass(frozen=True, slots=True)
class HandleNotification:
    """SGP.22 v2.5 §5.6.4. It has no answer but an acknowledgement."""

    pending_notification: bytes
    """BF37, or 30 for all but installation results."""


@dataclass(frozen=True, slots=True)
class CancelSession:
    """SGP.22 v2.5 §5.6.5. Its answer says success and nothing else."""

    transaction_id: bytes
    cancel_session_response: bytes
    """BF41."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The answer of a function that returns no data."""


Request = InitiateAuthentication | AuthenticateClient | GetBoundProfilePackage | HandleNotification | CancelSession
Answer = InitiateAuthenticationOk | AuthenticateClientOk | GetBoundProfilePackageOk | Acknowledged
