"""Whose certificate is taken for an eUICC's."""

from __future__ import annotations

from harness.crypto.certificates import Certificate
from harness.crypto.chain import euicc_chain_faults
from harness.crypto.errors import CryptoError
from harness.roles.eim.state import Device


def why_untrustworthy(trusted_ci: tuple[bytes, ...], eum: bytes | None, euicc: bytes, device: Device) -> str:
    """Why a certificate is not taken for this device's; empty where it is.

    With CI certificates known, the chain must hold up to one of them; validity in time is not judged, as a role has no
    clock that knows dates. With none known, the first certificate heard is
    taken and another one later is not.
    """
    try:
        certificate = Certificate(euicc)
        if certificate.eid != device.eid:
            return f"it names the EID {certificate.serial_number or '(none)'}"
        if not trusted_ci:
            return "" if device.euicc_certificate is None else "another one is known, and no CI to tell between them"
        if eum is None:
            return "the EUM's certificate is not known"
        return _why_no_chain_holds(trusted_ci, Certificate(eum), certificate)
    except CryptoError as fault:
        return str(fault)


def _why_no_chain_holds(trusted_ci: tuple[bytes, ...], eum: Certificate, euicc: Certificate) -> str:
    """Empty where the chain holds up to one of the CIs; else why not, from the CI that the EUM names as its issuer."""
    reasons = {}
    for root in map(Certificate, trusted_ci):
        faults = euicc_chain_faults(root, eum, euicc)
        if not faults:
            return ""
        reasons[root.subject_key_id] = str(faults[0])
    return reasons.get(eum.authority_key_id, "its chain leads to no CI that is trusted here")
