"""AuthenticateServer (SGP.22 §5.7.13): the card takes a server, or says why not.

The checks run in the order of CHECKS; each is one entry of the rule table. A server that is not taken leaves the challenge
as it was; one that is taken uses it up.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.codec import decode, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.chain import ChainRefusal, verify_server_chain
from harness.crypto.errors import CertificateCurveError, CertificateError
from harness.simulators.euicc.credentials import Identity
from harness.simulators.euicc.device import Answer, Device, Purpose
from harness.simulators.euicc.download import Download

INVALID_CERTIFICATE, INVALID_SIGNATURE, UNSUPPORTED_CURVE, NO_SESSION_CONTEXT = 1, 2, 3, 4
INVALID_OID, CHALLENGE_MISMATCH, CI_UNKNOWN = 5, 6, 7

SERVER_ROLES = ("dp-auth", "ds-auth")


@dataclass(frozen=True)
class Server:
    """What an AuthenticateServerRequest says, nothing of it believed yet."""

    signed1: Tlv
    signature1: bytes
    transaction_id: bytes
    challenge: bytes
    address: str
    server_challenge: bytes
    identity: Identity | None
    """Ours under the CI that the server wants to be checked by."""
    certificate: bytes
    context: Tlv
    """ctxParams1."""


CHECKS: tuple[tuple[str, int], ...] = (
    ("server-session-is-open", NO_SESSION_CONTEXT),
    ("server-ci-is-known", CI_UNKNOWN),
    ("server-curve", UNSUPPORTED_CURVE),
    ("server-certificate-role", INVALID_OID),
    ("server-certificate-chain", INVALID_CERTIFICATE),
    ("server-signature", INVALID_SIGNATURE),
    ("server-challenge", CHALLENGE_MISMATCH),
)


def authenticate_server(device: Device, request: Tlv) -> Answer:
    """BF38. Raises DecodeError for what its schema does not allow."""
    server = _server(device, request)
    device.session.download = device.session.installation = device.session.installed = None
    for check, code in CHECKS:
        if not device.rules[check](device, server):
            return Answer(_error(server, code))
    identity = server.identity or device.identities[0]
    signed1 = tlv.build(
        0x30,
        tlv.build(0x80, server.transaction_id),
        tlv.build(0x83, server.address.encode()),
        tlv.build(0x84, server.server_challenge),
        device.rules["euicc-info2"](device),
        server.context.raw,
    )
    signature1 = device.signature(Purpose.AUTHENTICATION, signed1, identity.ci_key_id)
    device.session.challenge = device.rules["challenge-used"](device.session.challenge)
    device.session.download = Download(
        transaction_id=server.transaction_id,
        identity=identity,
        server_oid=_oid(server.certificate),
        server_address=server.address,
        signature1=signature1,
    )
    return Answer(
        tlv.build(0xBF38, tlv.build(0xA0, signed1, signature1, identity.certificate, identity.eum_certificate))
    )


def session_is_open(device: Device, _server: Server) -> bool:
    """The card gave a challenge that no server used yet."""
    return device.session.challenge is not None


def ci_is_known(_device: Device, server: Server) -> bool:
    """euiccCiPKIdToBeUsed is a key that this card verifies and signs under."""
    return server.identity is not None


def curve_is_known(_device: Device, server: Server) -> bool:
    """The server's key is on a curve that this card can compute on."""
    return has_known_curve(server.certificate)


def has_known_curve(certificate: bytes) -> bool:
    """Whether a certificate's key is on one of the two curves. What cannot be read at all is for other checks."""
    try:
        Certificate(certificate)
    except CertificateCurveError:
        return False
    except CertificateError:
        return True
    return True


def certificate_role(_device: Device, server: Server) -> bool:
    """The certificate names a server: it carries the registered identifier that a server certificate has."""
    return bool(_oid(server.certificate))


def certificate_chain(_device: Device, server: Server) -> bool:
    """CERT.DPauth, or CERT.DSauth, under the CI that was chosen. A card has no clock: validity dates are not looked at."""
    return server.identity is not None and any(
        chain_holds(server.identity, server.certificate, role) for role in SERVER_ROLES
    )


def chain_holds(identity: Identity, certificate: bytes, role: str) -> bool:
    """Whether a certificate is that of a server in this role, issued under the CI of an identity."""
    try:
        verify_server_chain(Certificate(identity.ci_certificate), Certificate(certificate), role)
    except (ChainRefusal, CertificateError):
        return False
    return True


def signature_holds(_device: Device, server: Server) -> bool:
    """serverSignature1 over serverSigned1 as received."""
    return ecdsa.verify(Certificate(server.certificate).public_key, server.signature1, server.signed1.raw)


def challenge_is_ours(device: Device, server: Server) -> bool:
    """The server answers the challenge that this card gave last."""
    return server.challenge == device.session.challenge


def challenge_used(_challenge: bytes | None) -> bytes | None:
    """A challenge serves one server."""
    return None


def _server(device: Device, request: Tlv) -> Server:
    value = decode("AuthenticateServerRequest", request.raw)
    signed = value["serverSigned1"]
    return Server(
        signed1=request.get(0x30),
        signature1=value["serverSignature1"],
        transaction_id=signed["transactionId"],
        challenge=signed["euiccChallenge"],
        address=signed["serverAddress"],
        server_challenge=signed["serverChallenge"],
        identity=device.identity(value["euiccCiPKIdToBeUsed"]),
        certificate=value["serverCertificate"],
        context=request.get(0xA0),
    )


def _error(server: Server, code: int) -> bytes:
    return tlv.build(0xBF38, tlv.build(0xA1, tlv.build(0x80, server.transaction_id), tlv.integer(0x02, code)))


def _oid(certificate: bytes) -> str:
    try:
        return Certificate(certificate).rid_oid or ""
    except CertificateError:
        return ""
