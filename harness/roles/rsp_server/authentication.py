"""The common mutual authentication, as far as SM-DP+ and SM-DS do the same in it (SGP.22 v2.5 §3.0.1, §5.6.1, §5.6.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from harness.codec import encode, tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.roles.rsp_server.status import Malformed

SIGNATURE = 0x5F37
TRANSACTION_ID = 16
"""Octets of the transaction ids that we give."""
_OK, _SEQUENCE = 0xA0, 0x30
_VERSIONS = range(2, 4)
"""Major versions of SGP.22 whose eUICCs speak this protocol."""


class Certified(Protocol):
    """What one CI certified for a server."""

    @property
    def ci_key_id(self) -> bytes:
        """Subject key identifier of the CI, 20 octets."""


Credentials = TypeVar("Credentials", bound=Certified)


def address_is_ours(ours: str, address: str) -> bool:
    """Whether the client meant us; host names know no case."""
    return address.lower() == ours.lower()


def version_is_supported(version: bytes) -> bool:
    """Whether the three octets of a version name one that we can serve."""
    return version[0] in _VERSIONS


def under_first(key_ids: Sequence[bytes], ours: Sequence[Credentials]) -> Credentials | None:
    """Ours under the first of the eUICC's CIs, whose list is in its order, that we belong to."""
    for key_id in key_ids:
        for credentials in ours:
            if credentials.ci_key_id == key_id:
                return credentials
    return None


def server_signed1(transaction_id: bytes, euicc_challenge: bytes, server_challenge: bytes, address: str) -> bytes:
    """The session's identifiers and both challenges, as a server signs them."""
    return encode(
        "ServerSigned1",
        {
            "transactionId": transaction_id,
            "euiccChallenge": euicc_challenge,
            "serverAddress": address,
            "serverChallenge": server_challenge,
        },
    )


def signed_parts(response: bytes) -> tuple[bytes, bytes, bytes]:
    """euiccSigned1, eUICC certificate and EUM certificate of a BF38 as they came. Raises Malformed, DecodeError."""
    rows = [child.raw for child in tlv.parse(response).get(_OK).children if child.tag == _SEQUENCE]
    if len(rows) < 3:
        raise Malformed("euiccSigned1 or a certificate is missing")
    return rows[0], rows[1], rows[2]


def euicc_signature1(certificate: Certificate, signature: bytes, signed: bytes) -> bool:
    """Whether the eUICC signed these octets."""
    return ecdsa.verify(certificate.public_key, signature, signed)
