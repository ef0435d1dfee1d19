"""A view of one certificate. The octets stay as they were received; nothing is ever encoded from what is read here.

Everything that RSP looks at is read when the view is made, so that a certificate which made it to a `Certificate` raises
nothing later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from harness.codec import DecodeError, tlv
from harness.crypto.ecdsa import Curve, PublicKey, curve_of
from harness.crypto.eid import is_eid
from harness.crypto.errors import CertificateCurveError, CertificateError, CurveError, KeyFormatError

PERMITTED_EINS = x509.ObjectIdentifier("2.23.146.1.2.2.0")
"""The extension by which newer EUM certificates name their ranges, in place of name constraints."""

_INTEGER = 0x02
_PRINTABLE_STRING = 0x13
_SEQUENCE = 0x30

_UNREADABLE = (
    ValueError,
    TypeError,  # a name attribute whose string type its attribute does not allow
    UnsupportedAlgorithm,
    KeyFormatError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    DecodeError,
)
"""What the parser raises on octets that are no certificate."""

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@dataclass(frozen=True)
class Certificate:
    """One X.509 certificate in DER. Raises CertificateError where it cannot be read, or its key is not one of RSP."""

    raw: bytes
    """The whole DER, exactly as received."""

    def __post_init__(self) -> None:
        for read in (
            lambda: self._parsed.extensions,
            lambda: self.public_key,
            lambda: self._parsed.subject,
            lambda: self._parsed.issuer,
            lambda: self.not_before,
            lambda: self.not_after,
            lambda: self.permitted_eins,
            lambda: self._parsed.signature_algorithm_oid,
        ):
            _reading(read)

    @cached_property
    def _parsed(self) -> x509.Certificate:
        number = tlv.parse(self.raw).get(_SEQUENCE, _INTEGER).value
        if not any(number) or number[0] & 0x80:
            raise CertificateError("a certificate whose serial number is not positive")
        return x509.load_der_x509_certificate(self.raw)

    @cached_property
    def public_key(self) -> PublicKey:
        """The subject's key, on one of the two curves."""
        key = self._parsed.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise CertificateError("a certificate whose key is not an elliptic curve key")
        curve_of(key)
        return key

    @property
    def curve(self) -> Curve:
        return curve_of(self.public_key)

    @property
    def subject(self) -> x509.Name:
        return self._parsed.subject

    @property
    def issuer(self) -> x509.Name:
        return self._parsed.issuer

    @property
    def number(self) -> int:
        """The certificate's own serial number."""
        return self._parsed.serial_number

    @property
    def serial_number(self) -> str:
        """The serialNumber attribute of the subject: the EID in an eUICC certificate. Empty where there is none."""
        return self._attribute(NameOID.SERIAL_NUMBER)

    @property
    def common_name(self) -> str:
        return self._attribute(NameOID.COMMON_NAME)

    @property
    def organization(self) -> str:
        return self._attribute(NameOID.ORGANIZATION_NAME)

    @property
    def eid(self) -> bytes | None:
        """The 16 octets of the EID that the subject names; None where it names none."""
        return bytes.fromhex(self.serial_number) if is_eid(self.serial_number) else None

    @property
    def not_before(self) -> datetime:
        """In UTC."""
        return self._parsed.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """In UTC."""
        return self._parsed.not_valid_after_utc

    @property
    def subject_key_id(self) -> bytes | None:
        """What names the subject's key, and a CI on every interface of RSP."""
        found = self.extension(x509.SubjectKeyIdentifier)
        return found.value.digest if found else None

    @property
    def authority_key_id(self) -> bytes | None:
        """What names the issuer's key."""
        found = self.extension(x509.AuthorityKeyIdentifier)
        return found.value.key_identifier if found else None

    @property
    def policies(self) -> tuple[str, ...]:
        """The OIDs of the certificate policies, which say the role; empty without the extension."""
        found = self.extension(x509.CertificatePolicies)
        return tuple(policy.policy_identifier.dotted_string for policy in found.value) if found else ()

    @property
    def key_usage(self) -> x509.KeyUsage | None:
        found = self.extension(x509.KeyUsage)
        return found.value if found else None

    @property
    def basic_constraints(self) -> x509.BasicConstraints | None:
        found = self.extension(x509.BasicConstraints)
        return found.value if found else None

    @property
    def extended_key_usages(self) -> tuple[str, ...]:
        found = self.extension(x509.ExtendedKeyUsage)
        return tuple(usage.dotted_string for usage in found.value) if found else ()

    @property
    def rid_oid(self) -> str | None:
        """The registered ID in the subject alternative name: the owner's OID. None where there is none."""
        found = self.extension(x509.SubjectAlternativeName)
        owners = found.value.get_values_for_type(x509.RegisteredID) if found else []
        return owners[0].dotted_string if owners else None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The DNS names and IP addresses of the subject alternative name."""
        found = self.extension(x509.SubjectAlternativeName)
        if not found:
            return ()
        addresses = found.value.get_values_for_type(x509.IPAddress)
        return (*found.value.get_values_for_type(x509.DNSName), *map(str, addresses))

    @property
    def permitted_names(self) -> tuple[x509.Name, ...]:
        """The directory names of the permitted subtrees in the name constraints."""
        found = self.extension(x509.NameConstraints)
        subtrees = (found.value.permitted_subtrees or []) if found else []
        return tuple(subtree.value for subtree in subtrees if isinstance(subtree, x509.DirectoryName))

    @cached_property
    def permitted_eins(self) -> tuple[str, ...]:
        """The number ranges of the permittedEins extension."""
        found = self.extension(x509.UnrecognizedExtension, PERMITTED_EINS)
        if not found:
            return ()
        row = tlv.parse(found.value.value)
        if row.tag != _SEQUENCE or any(ein.tag != _PRINTABLE_STRING for ein in row.children):
            raise CertificateError("permittedEins is not a SEQUENCE OF PrintableString")
        return tuple(ein.value.decode("ascii") for ein in row.children)

    @property
    def ein_ranges(self) -> tuple[str, ...]:
        """The beginnings of the EIDs that an EUM certificate may issue for, from whichever extension names them."""
        serials = (
            value for name in self.permitted_names for value in name.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
        )
        ranges = (*(str(serial.value) for serial in serials), *self.permitted_eins)
        return tuple(begin for begin in ranges if begin)

    @property
    def critical_extensions(self) -> frozenset[str]:
        """The OIDs of the extensions marked critical."""
        return frozenset(ext.oid.dotted_string for ext in self._parsed.extensions if ext.critical)

    @property
    def is_version_3(self) -> bool:
        return self._parsed.version is x509.Version.v3

    @property
    def signed_with_ecdsa_sha256(self) -> bool:
        return self._parsed.signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA256

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether that key made the signature, over the octets received."""
        if not self.signed_with_ecdsa_sha256:
            return False
        algorithm = self._parsed.signature_hash_algorithm
        assert algorithm is not None
        try:
            key.verify(self._parsed.signature, self._parsed.tbs_certificate_bytes, ec.ECDSA(algorithm))
        except InvalidSignature:
            return False
        return True

    def extension(
        self, kind: type[_Extension], oid: x509.ObjectIdentifier | None = None
    ) -> x509.Extension[_Extension] | None:
        """The extension of this kind, or None. `oid` is needed for kinds that `cryptography` does not know."""
        wanted = oid or kind.oid
        for found in self._parsed.extensions:
            if found.oid == wanted and isinstance(found.value, kind):
                return cast("x509.Extension[_Extension]", found)
        return None

    def _attribute(self, oid: x509.ObjectIdentifier) -> str:
        values = self._parsed.subject.get_attributes_for_oid(oid)
        return str(values[0].value) if values else ""


def _reading(read: Callable[[], object]) -> None:
    try:
        read()
    except CurveError as fault:
        raise CertificateCurveError(f"a certificate for {fault}") from fault
    except _UNREADABLE as fault:
        raise CertificateError(f"a certificate that cannot be read: {fault}") from fault
