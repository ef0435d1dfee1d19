"""Whether an eUICC is one: its certificates up to a CI that we know."""

from __future__ import annotations

from datetime import datetime

from harness.crypto.certificates import Certificate
from harness.crypto.chain import ChainRefusal, verify_euicc_chain
from harness.crypto.errors import CertificateError
from harness.crypto.roles import Role
from harness.roles.rsp_server.status import EuiccStatus, Refusal, StatusCode

_VALIDITY = "validity"


def checked_euicc(ci: bytes, eum: bytes, euicc: bytes, now: datetime) -> Certificate:
    """The eUICC's certificate, when the chain above it holds at `now`. Raises Refusal with the status for what is wrong.

    All three are whole DER. The certificates that came are given, the CI's is ours.
    """
    root = Certificate(ci)
    manufacturer = certificate_read(eum, EuiccStatus.EUM_INVALID)
    leaf = certificate_read(euicc, EuiccStatus.EUICC_INVALID)
    if manufacturer.authority_key_id != root.subject_key_id:
        raise Refusal(EuiccStatus.UNKNOWN_CI)
    try:
        verify_euicc_chain(root, manufacturer, leaf, now=now)
    except ChainRefusal as refusal:
        raise Refusal(_status(refusal, leaf if refusal.role is Role.EUICC else manufacturer, now)) from refusal
    if leaf.eid is None:
        raise Refusal(EuiccStatus.EUICC_INVALID)
    return leaf


def certificate_read(der: bytes, otherwise: StatusCode) -> Certificate:
    """The certificate. Raises Refusal with this status where it is none."""
    try:
        return Certificate(der)
    except CertificateError as error:
        raise Refusal(otherwise) from error


def _status(refusal: ChainRefusal, broken: Certificate, now: datetime) -> StatusCode:
    expired = refusal.rule == _VALIDITY and now > broken.not_after
    if refusal.role is Role.EUICC:
        return EuiccStatus.EUICC_EXPIRED if expired else EuiccStatus.EUICC_INVALID
    return EuiccStatus.EUM_EXPIRED if expired else EuiccStatus.EUM_INVALID
