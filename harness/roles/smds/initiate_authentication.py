"""ES11.InitiateAuthentication: agree on a CI, and sign a challenge (SGP.22 v2.5 §5.8.1)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.codec import decode, tlv
from harness.crypto import ecdsa
from harness.roles.rsp_server import authentication
from harness.roles.rsp_server.authentication import SIGNATURE, TRANSACTION_ID
from harness.roles.rsp_server.json_envelope import CHALLENGE
from harness.roles.smds.context import Context, Outcome
from harness.roles.smds.identity import Credentials, SmdsIdentity
from harness.roles.smds.messages import InitiateAuthentication, InitiateAuthenticationOk
from harness.roles.smds.state import Session, SmdsState
from harness.roles.smds.status import Refusal, Status

_OCTET_STRING = 0x04


def initiate_authentication(state: SmdsState, request: InitiateAuthentication, context: Context) -> Outcome:
    """Begins a session. Raises Refusal, and DecodeError for a euiccInfo1 that is none."""
    rules, identity = context.rules, context.identity
    info1 = decode("EUICCInfo1", request.euicc_info1)
    if not rules["address-is-ours"](identity.address, request.smds_address):
        raise Refusal(Status.INVALID_ADDRESS)
    if not rules["version-is-supported"](info1["svn"]):
        raise Refusal(Status.UNSUPPORTED_VERSION)
    proving = _proving(identity, info1["euiccCiPKIdListForSigning"])
    own = rules["credentials-for-the-euicc"](identity, info1["euiccCiPKIdListForVerification"], proving)
    draw = context.entropy.child(f"session/{state.begun}")
    session = Session(
        draw.bytes(TRANSACTION_ID),
        request.euicc_challenge,
        draw.bytes(CHALLENGE),
        proving.ci_key_id,
        proving.ci_certificate,
        own,
    )
    signed = rules["server-signed1"](session, identity)
    answer = InitiateAuthenticationOk(
        session.transaction_id,
        signed,
        tlv.build(SIGNATURE, rules["server-signature1"](own, signed)),
        tlv.build(_OCTET_STRING, session.ci_key_id),
        own.auth_certificate,
    )
    return Outcome(state.with_session(session), answer)


def _proving(identity: SmdsIdentity, signing: Sequence[bytes]) -> Credentials:
    """The CI under which the eUICC is to prove itself."""
    found = authentication.under_first(signing, identity.credentials)
    if found is None:
        raise Refusal(Status.NO_KNOWN_CI)
    return found


def credentials_for_the_euicc(identity: SmdsIdentity, verifying: Sequence[bytes], proving: Credentials) -> Credentials:
    """Ours under a CI that the eUICC can verify: where it can be, the one it proves itself under. Raises Refusal."""
    if proving.ci_key_id in verifying:
        return proving
    found = authentication.under_first(verifying, identity.credentials)
    if found is None:
        raise Refusal(Status.NO_CERTIFICATE)
    return found


def server_signed1(session: Session, identity: SmdsIdentity) -> bytes:
    """The session's identifiers and both challenges, as we sign them."""
    return authentication.server_signed1(
        session.transaction_id, session.euicc_challenge, session.server_challenge, identity.address
    )


def server_signature1(credentials: Credentials, signed: bytes) -> bytes:
    """r‖s by the DSauth key over serverSigned1."""
    return ecdsa.sign(credentials.auth_key, signed)
