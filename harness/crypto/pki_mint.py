"""Making the certificates of the test PKI.

A blueprint says what one certificate claims; `issue` signs it. The blueprints of the roles follow SGP.22 v2.5 §4.5.2; a
case that needs a wrong certificate changes one field of a right one (`dataclasses.replace`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.crypto.certificates import Certificate
from harness.crypto.ecdsa import Curve, PrivateKey, PublicKey
from harness.crypto.roles import FACTS, Role

IIN = "89049032"
"""The issuer identification number of the test EIDs, as in SGP.26."""

ORGANIZATION = "SGP.32 harness"
EUM_ORGANIZATION = "SGP.32 harness EUM"
CI_OID, EUM_OID, DP_OID, DS_OID = "2.999.1", "2.999.5", "2.999.10", "2.999.15"

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
"""What every TLS certificate names beside its own host."""

HOSTS: dict[Role, str] = {
    Role.DP_TLS: "smdp.harness.test",
    Role.DS_TLS: "smds.harness.test",
    Role.EIM_TLS: "eim.harness.test",
}

EIM_ID = "eim.harness.test"
"""Whom the eIM signing certificate names where no other name is asked for."""

_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
_TLS_LIFE = timedelta(days=397)
_CRLS = ("http://ci.harness.test/CRL-A.crl", "http://ci.harness.test/CRL-B.crl")
OWNERS: dict[Role, str] = {
    Role.CI: CI_OID,
    Role.EUM: EUM_OID,
    **dict.fromkeys((Role.DP_AUTH, Role.DP_PB, Role.DP_TLS), DP_OID),
    **dict.fromkeys((Role.DS_AUTH, Role.DS_TLS), DS_OID),
}


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What a certificate says. None and empty leave the extension out."""

    subject: x509.Name
    not_before: datetime
    not_after: datetime
    policy: str | None
    critical_policy: bool = True
    is_authority: bool = False
    path_length: int | None = None
    signs_crls: bool = False
    is_tls: bool = False
    owner: str | None = None
    """The registered ID of the subject alternative name."""
    hosts: tuple[str, ...] = ()
    permitted: x509.Name | None = None
    """The one directory name of the name constraints."""
    crls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs: its name, its key, and the key identifier that the issued certificate points to."""

    name: x509.Name
    private_key: PrivateKey
    key_id: bytes


def issuer_of(certificate: bytes, private_key: PrivateKey) -> Issuer:
    """The issuer that a certificate describes. Raises CertificateError where it cannot be read."""
    view = Certificate(certificate)
    return Issuer(view.subject, private_key, view.subject_key_id or _key_id(private_key.public_key()))


def authority(curve: Curve) -> Blueprint:
    """The certificate issuer at the root."""
    return _blueprint(Role.CI, _name(common_name=f"SGP.32 harness CI {curve.upper()}"), 40)


def manufacturer(iin: str = IIN, organization: str = EUM_ORGANIZATION) -> Blueprint:
    """An EUM, allowed to issue for EIDs that begin with `iin`."""
    permitted = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization), x509.NameAttribute(NameOID.SERIAL_NUMBER, iin)]
    )
    return _blueprint(Role.EUM, _name("ES", organization, common_name="SGP.32 harness EUM"), 39, permitted=permitted)


def euicc(eid: str, organization: str = EUM_ORGANIZATION, country: str = "ES") -> Blueprint:
    """An eUICC; its organisation must be the one that its EUM's name constraints permit."""
    return _blueprint(Role.EUICC, _name(country, organization, eid, "SGP.32 harness eUICC"), 38)


def server(role: Role, name: str = "") -> Blueprint:
    """An SM-DP+ or SM-DS certificate for authentication or binding, or an eIM's for signing packages (`name` its eimId)."""
    common_name = name or (EIM_ID if role is Role.EIM_SIGN else f"SGP.32 harness {role}")
    return _blueprint(role, _name(None, ORGANIZATION, common_name=common_name), 30)


def tls(role: Role, now: datetime, hosts: tuple[str, ...] = ()) -> Blueprint:
    """A TLS server that is valid from the day before `now` for 397 days; `hosts` come before the local ones.

    The times are whole days, so that a set minted twice in a day is the same.
    """
    begin = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    names = tuple(dict.fromkeys((*hosts, HOSTS[role], *LOCAL_HOSTS)))
    return _blueprint(
        role, _name(None, ORGANIZATION, common_name=names[0]), begin=begin, end=begin + _TLS_LIFE, hosts=names
    )


def issue(blueprint: Blueprint, public_key: PublicKey, issuer: Issuer, number: int) -> bytes:
    """The certificate in DER. `number` is its serial number, positive and below 2**159."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(blueprint.subject)
        .issuer_name(issuer.name)
        .public_key(public_key)
        .serial_number(number)
        .not_valid_before(blueprint.not_before)
        .not_valid_after(blueprint.not_after)
    )
    for extension, critical in _extensions(blueprint, public_key, issuer):
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer.private_key, SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)


def issue_to_itself(blueprint: Blueprint, private_key: PrivateKey, number: int) -> bytes:
    """A self-signed certificate."""
    public = private_key.public_key()
    return issue(blueprint, public, Issuer(blueprint.subject, private_key, _key_id(public)), number)


def _blueprint(
    role: Role,
    subject: x509.Name,
    years: int = 0,
    *,
    begin: datetime = _BEGIN,
    end: datetime | None = None,
    hosts: tuple[str, ...] = (),
    permitted: x509.Name | None = None,
) -> Blueprint:
    facts = FACTS[role]
    return Blueprint(
        subject,
        begin,
        end or begin.replace(year=begin.year + years),
        facts.policy,
        facts.critical_policy,
        facts.is_authority,
        facts.path_length,
        facts.signs_crls,
        facts.is_tls,
        OWNERS.get(role),
        hosts,
        permitted,
        _CRLS if facts.policy and role is not Role.EUICC else (),
    )


def _extensions(blueprint: Blueprint, public_key: PublicKey, issuer: Issuer) -> list[tuple[x509.ExtensionType, bool]]:
    """The extensions in their order, each with whether it is critical."""
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.AuthorityKeyIdentifier(issuer.key_id, None, None), False),
        (x509.SubjectKeyIdentifier(_key_id(public_key)), False),
        (_key_usage(blueprint), True),
    ]
    if blueprint.is_tls:
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        extensions.append((x509.ExtendedKeyUsage(purposes), True))
    if blueprint.policy:
        policy = x509.PolicyInformation(x509.ObjectIdentifier(blueprint.policy), None)
        extensions.append((x509.CertificatePolicies([policy]), blueprint.critical_policy))
    names = _alternative_names(blueprint)
    if names:
        extensions.append((x509.SubjectAlternativeName(names), False))
    if blueprint.is_authority:
        extensions.append((x509.BasicConstraints(ca=True, path_length=blueprint.path_length), True))
    if blueprint.crls:
        points = [
            x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in blueprint.crls
        ]
        extensions.append((x509.CRLDistributionPoints(points), False))
    if blueprint.permitted:
        extensions.append((x509.NameConstraints([x509.DirectoryName(blueprint.permitted)], None), True))
    return extensions


def _alternative_names(blueprint: Blueprint) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in blueprint.hosts:
        try:
            names.append(x509.IPAddress(ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    if blueprint.owner:
        names.append(x509.RegisteredID(x509.ObjectIdentifier(blueprint.owner)))
    return names


def _key_usage(blueprint: Blueprint) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not blueprint.is_authority,
        key_cert_sign=blueprint.is_authority,
        crl_sign=blueprint.signs_crls,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_id(public_key: PublicKey) -> bytes:
    return x509.SubjectKeyIdentifier.from_public_key(public_key).digest


def _name(
    country: str | None = None, organization: str = ORGANIZATION, serial_number: str = "", common_name: str = ""
) -> x509.Name:
    parts = (
        (NameOID.COUNTRY_NAME, country),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.SERIAL_NUMBER, serial_number),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])
