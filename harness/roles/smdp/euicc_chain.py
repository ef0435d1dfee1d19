"""Whether an eUICC is one: its certificates up to a CI that we know."""

from __future__ import annotations

from datetime import datetime

from harness.crypto.certificates import Certificate
from harness.crypto.chain import ChainRefusal, verify_euicc_chain
from harness.crypto.errors import CertificateError
from harness.crypto.roles import Role
from harness.roles.smdp.identity import SmdpIdentity
from harness.roles.smdp.status import Refusal, Status

_VALIDITY = "validity"


def checked_euicc(ci: bytes, eum: bytes, euicc: bytes, now: datetime) -> Certificate:
    """The eUICC's certificate, when the chain above it holds at `now`. Raises Refusal with the status for what is wrong.

    All three are whole DER. The certificates that came are given, the CI's is ours.
    """
    root = Certificate(ci)
    manufacturer = _read(eum, Status.EUM_INVALID)
    leaf = _read(euicc, Status.EUICC_INVALID)
    if manufacturer.authority_key_id != root.subject_key_id:
        raise Refusal(Status.UNKNOWN_CI)
    try:
        verify_euicc_chain(root, manufacturer, leaf, now=now)
    except ChainRefusal as refusal:
        raise Refusal(_status(refusal, leaf if refusal.role is Role.EUICC else manufacturer, now)) from refusal
    if leaf.eid is None:
        raise Refusal(Status.EUICC_INVALID)
    return leaf


def ci_of(identity: SmdpIdentity, eum: bytes) -> bytes:
    """The certificate of the CI that an EUM's certificate points to. Raises Refusal where we do not know it."""
    key_id = _read(eum, Status.EUM_INVALID).authority_key_id
    for credentials in identity.credentials:
        if credentials.ci_key_id == key_id:
            return credentials.ci_certificate
    raise Refusal(Status.UNKNOWN_CI)


def _read(der: bytes, otherwise: Status) -> Certificate:
    try:
        return Certificate(der)
    except CertificateError as error:
        raise Refusal(otherwise) from error


def _status(refusal: ChainRefusal, broken: Certificate, now: datetime) -> Status:
    expired = refusal.rule == _VALIDITY and now > broken.not_after
    if refusal.role is Role.EUICC:
        return Status.EUICC_EXPIRED if expired else Status.EUICC_INVALID
    return Status.EUM_EXPIRED if expired else Status.EUM_INVALID
