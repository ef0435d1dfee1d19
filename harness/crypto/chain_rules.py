"""The rules that one certificate below its issuer must keep, each by name (SGP.22 v2.5 §4.5.2, RFC 5280).

A rule answers with what is wrong, or with nothing. None of them looks further than one step up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from harness.crypto.certificates import PERMITTED_EINS, Certificate
from harness.crypto.roles import FACTS, Role, RoleFacts

_UNDERSTOOD: Final = frozenset(
    oid.dotted_string
    for oid in (
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        PERMITTED_EINS,
    )
)


@dataclass(frozen=True, slots=True)
class Link:
    """One certificate below its issuer. The root is its own issuer."""

    role: Role
    certificate: Certificate
    issuer: Certificate
    authorities_below: int = 0
    """How many authorities stand between this certificate and the leaf."""
    now: datetime | None = None
    eid: str = ""
    """The EID that the eUICC certificate must name; empty where any will do."""

    @property
    def facts(self) -> RoleFacts:
        return FACTS[self.role]

    @property
    def is_root(self) -> bool:
        return self.role is Role.CI


def _version(link: Link) -> str:
    return "" if link.certificate.is_version_3 else "not an X.509 v3 certificate"


def _algorithm(link: Link) -> str:
    return "" if link.certificate.signed_with_ecdsa_sha256 else "not signed with ecdsa-with-SHA256"


def _curve(link: Link) -> str:
    ours, above = link.certificate.curve, link.issuer.curve
    return "" if ours is above else f"its key is on {ours}, its issuer's on {above}"


def _issuer_name(link: Link) -> str:
    issuer, subject = link.certificate.issuer, link.issuer.subject
    if issuer == subject:
        return ""
    return f"issued by {issuer.rfc4514_string()!r}, but above it stands {subject.rfc4514_string()!r}"


def _aki_ski(link: Link) -> str:
    above = link.issuer.subject_key_id
    if above is None:
        return "its issuer has no subject key identifier"
    ours = link.certificate.authority_key_id
    if link.is_root and ours is None:
        return ""
    if ours is None:
        return "no authority key identifier"
    return "" if ours == above else f"it points to key {ours.hex()}, its issuer's is {above.hex()}"


def _issuer_signature(link: Link) -> str:
    return (
        "" if link.certificate.is_signed_by(link.issuer.public_key) else "its issuer's key did not make the signature"
    )


def _validity(link: Link) -> str:
    if link.now is None:
        return ""
    if link.now < link.certificate.not_before:
        return f"not valid before {link.certificate.not_before.isoformat()}"
    return f"expired on {link.certificate.not_after.isoformat()}" if link.now > link.certificate.not_after else ""


def _policy(link: Link) -> str:
    wanted = link.facts.policy
    if wanted is None or wanted in link.certificate.policies:
        return ""
    return f"policy {wanted} is missing; it has {', '.join(link.certificate.policies) or 'none'}"


def _key_usage(link: Link) -> str:
    usage = link.certificate.key_usage
    if usage is None:
        return "no key usage"
    if ExtensionOID.KEY_USAGE.dotted_string not in link.certificate.critical_extensions:
        return "not critical"
    if link.facts.is_authority:
        return "" if usage.key_cert_sign else "may not sign certificates"
    if usage.key_cert_sign:
        return "may sign certificates, though it is a leaf"
    return "" if usage.digital_signature else "may not sign"


def _basic_constraints(link: Link) -> str:
    constraints = link.certificate.basic_constraints
    is_authority = constraints is not None and constraints.ca
    if not link.facts.is_authority:
        return "says that it is an authority" if is_authority else ""
    if constraints is None or not is_authority:
        return "does not say that it is an authority"
    if ExtensionOID.BASIC_CONSTRAINTS.dotted_string not in link.certificate.critical_extensions:
        return "not critical"
    allowed = constraints.path_length
    if allowed is not None and allowed < link.authorities_below:
        return f"allows {allowed} authorities below, there are {link.authorities_below}"
    return ""


def _extended_key_usage(link: Link) -> str:
    if not link.facts.is_tls:
        return ""
    wanted = ExtendedKeyUsageOID.SERVER_AUTH.dotted_string
    return "" if wanted in link.certificate.extended_key_usages else "not for a TLS server"


def _owner(link: Link) -> str:
    return "no registered ID in its alternative name" if link.facts.names_owner and not link.certificate.rid_oid else ""


def _critical_extensions(link: Link) -> str:
    unknown = link.certificate.critical_extensions - _UNDERSTOOD
    return f"critical but not understood: {', '.join(sorted(unknown))}" if unknown else ""


def _name_constraints(link: Link) -> str:
    """The attributes other than the serial number must be those that the EUM is permitted; that one is a range of EIDs."""
    permitted = link.issuer.permitted_names
    if link.role is not Role.EUICC or not permitted:
        return ""
    subject = {(attribute.oid, attribute.value) for attribute in link.certificate.subject}
    for name in permitted:
        if all((part.oid, part.value) in subject for part in name if part.oid != NameOID.SERIAL_NUMBER):
            return ""
    allowed = " or ".join(repr(name.rfc4514_string()) for name in permitted)
    return f"{link.certificate.subject.rfc4514_string()!r} is not within {allowed}"


def _eid_format(link: Link) -> str:
    if link.role is not Role.EUICC or link.certificate.eid is not None:
        return ""
    return f"its subject's serial number {link.certificate.serial_number!r} is no EID"


def _eid_range(link: Link) -> str:
    if link.role is not Role.EUICC:
        return ""
    ranges = link.issuer.ein_ranges
    if not ranges:
        return "its EUM names no range of EIDs"
    serial = link.certificate.serial_number
    return "" if serial.startswith(ranges) else f"EID {serial} is not in its EUM's range {' or '.join(ranges)}"


def _eid_match(link: Link) -> str:
    serial = link.certificate.serial_number
    return "" if not link.eid or link.eid == serial else f"it is for EID {serial}, not for {link.eid}"


RULES: Final[dict[str, Callable[[Link], str]]] = {
    "version": _version,
    "algorithm": _algorithm,
    "curve": _curve,
    "issuer-name": _issuer_name,
    "aki-ski": _aki_ski,
    "issuer-signature": _issuer_signature,
    "validity": _validity,
    "policy": _policy,
    "key-usage": _key_usage,
    "basic-constraints": _basic_constraints,
    "extended-key-usage": _extended_key_usage,
    "owner": _owner,
    "critical-extensions": _critical_extensions,
    "name-constraints": _name_constraints,
    "eid-format": _eid_format,
    "eid-range": _eid_range,
    "eid-match": _eid_match,
}
"""Each rule: what is wrong with a certificate below its issuer, or nothing. In the order in which they are looked at."""
