"""Which CI vouches for an eUICC that nobody has a session with."""

from __future__ import annotations

from harness.roles.rsp_server.euicc_chain import certificate_read
from harness.roles.smdp.identity import SmdpIdentity
from harness.roles.smdp.status import Refusal, Status


def ci_of(identity: SmdpIdentity, eum: bytes) -> bytes:
    """The certificate of the CI that an EUM's certificate points to. Raises Refusal where we do not know it."""
    key_id = certificate_read(eum, Status.EUM_INVALID).authority_key_id
    for credentials in identity.credentials:
        if credentials.ci_key_id == key_id:
            return credentials.ci_certificate
    raise Refusal(Status.UNKNOWN_CI)
