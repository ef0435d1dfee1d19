"""ES9+.InitiateAuthentication: agree on a CI, and sign a challenge (SGP.22 v2.5 §5.6.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.codec import decode, tlv
from harness.crypto import ecdsa
from harness.roles.rsp_server import authentication
from harness.roles.rsp_server.authentication import SIGNATURE, TRANSACTION_ID
from harness.roles.rsp_server.json_envelope import CHALLENGE
from harness.roles.smdp.context import Context, Outcome
from harness.roles.smdp.events import SessionBegan
from harness.roles.smdp.identity import Credentials, SmdpIdentity
from harness.roles.smdp.messages import InitiateAuthentication, InitiateAuthenticationOk
from harness.roles.smdp.state import Session, SmdpState
from harness.roles.smdp.status import Refusal, Status

_OCTET_STRING = 0x04


def initiate_authentication(
    state: SmdpState, request: InitiateAuthentication, context: Context
) -> Outcome[InitiateAuthenticationOk]:
    """Begins a session. Raises Refusal, and DecodeError for a euiccInfo1 that is none."""
    rules, identity = context.rules, context.identity
    info1 = decode("EUICCInfo1", request.euicc_info1)
    if not rules["address-is-ours"](identity, request.smdp_address):
        raise Refusal(Status.INVALID_ADDRESS)
    if not rules["version-is-supported"](info1["svn"]):
        raise Refusal(Status.UNSUPPORTED_VERSION)
    verifying, signing = info1["euiccCiPKIdListForVerification"], info1["euiccCiPKIdListForSigning"]
    proving = rules["ci-for-the-euicc"](identity, signing)
    credentials = rules["credentials-for-the-euicc"](identity, verifying, proving)
    draw = context.entropy.child(f"session/{state.begun}")
    session = Session(
        transaction_id=draw.bytes(TRANSACTION_ID),
        euicc_challenge=request.euicc_challenge,
        server_challenge=draw.bytes(CHALLENGE),
        ci_key_id=proving.ci_key_id,
        ci_certificate=proving.ci_certificate,
        credentials=credentials,
    )
    signed = rules["server-signed1"](session, identity)
    answer = InitiateAuthenticationOk(
        session.transaction_id,
        signed,
        tlv.build(SIGNATURE, rules["server-signature1"](credentials, signed)),
        tlv.build(_OCTET_STRING, session.ci_key_id),
        rules["server-certificate"](credentials),
    )
    following = replace(state.with_session(session), begun=state.begun + 1)
    return Outcome(following, answer, (SessionBegan(session.transaction_id, session.ci_key_id),))


def address_is_ours(identity: SmdpIdentity, address: str) -> bool:
    """Whether the client meant us."""
    return authentication.address_is_ours(identity.address, address)


def ci_for_the_euicc(identity: SmdpIdentity, signing: Sequence[bytes]) -> Credentials:
    """The CI under which the eUICC is to prove itself: the first of its list, which is in its order, that we know."""
    found = authentication.under_first(signing, identity.credentials)
    if found is None:
        raise Refusal(Status.NO_KNOWN_CI)
    return found


def credentials_for_the_euicc(identity: SmdpIdentity, verifying: Sequence[bytes], proving: Credentials) -> Credentials:
    """Our certificates under a CI that the eUICC can verify: where it can be, the one it proves itself under."""
    able = [credentials for credentials in (proving, *identity.credentials) if credentials.ci_key_id in verifying]
    if not able:
        raise Refusal(Status.NO_CERTIFICATE)
    return able[0]


def server_signed1(session: Session, identity: SmdpIdentity) -> bytes:
    """The session's identifiers and both challenges, as we sign them."""
    return authentication.server_signed1(
        session.transaction_id, session.euicc_challenge, session.server_challenge, identity.address
    )


def server_signature1(credentials: Credentials, signed: bytes) -> bytes:
    """r‖s by the DPauth key over serverSigned1."""
    return ecdsa.sign(credentials.auth_key, signed)


def server_certificate(credentials: Credentials) -> bytes:
    """The DPauth certificate."""
    return credentials.auth_certificate
