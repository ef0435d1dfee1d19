"""What is read from certificates: the published ones, and damaged ones."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from harness.crypto import chain, pki_mint
from harness.crypto.certificates import Certificate
from harness.crypto.ecdsa import Curve
from harness.crypto.entropy import Entropy
from harness.crypto.errors import CertificateCurveError, CertificateError
from harness.crypto.pki import mint
from tests.crypto.real_data import folder, openssl

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EID = "89049032123451234512345678901235"


def published(name: str) -> Certificate:
    return Certificate((folder("sgp26") / f"CERT_{name}.der").read_bytes())


def test_the_published_ci() -> None:
    ci = published("CI_SIG_NIST")
    assert ci.subject_key_id == bytes.fromhex("F54172BDF98A95D65CBEB88A38A1C11D800A85C3")
    assert ci.authority_key_id is None
    assert ci.policies == ("2.23.146.1.2.1.0",)
    assert ci.rid_oid == "2.999.1"
    assert ci.common_name == "Test CI"
    assert ci.curve is Curve.NIST
    assert (ci.not_before, ci.not_after) == (
        datetime(2024, 7, 16, 9, 52, 5, tzinfo=UTC),
        datetime(2059, 7, 16, 9, 52, 5, tzinfo=UTC),
    )
    assert published("CI_ECDSA_BRP").curve is Curve.BRAINPOOL


def test_the_published_eum_and_euicc() -> None:
    eum, euicc = published("EUM_SIG_NIST"), published("EUICC_SIG_NIST")
    assert eum.ein_ranges == ("89049032",)
    assert [name.rfc4514_string() for name in eum.permitted_names] == ["2.5.4.5=89049032,O=RSP Test EUM"]
    assert eum.basic_constraints is not None
    assert (eum.basic_constraints.ca, eum.basic_constraints.path_length) == (True, 0)
    assert euicc.serial_number == EID
    assert euicc.eid == bytes.fromhex(EID)
    assert euicc.organization == "RSP Test EUM"
    assert euicc.authority_key_id == eum.subject_key_id
    assert (euicc.rid_oid, euicc.hosts, euicc.ein_ranges) == (None, (), ())
    assert euicc.basic_constraints is None


def test_the_published_tls_certificate() -> None:
    tls = published("S_SM_DP_TLS_NIST")
    assert tls.hosts == ("testsmdpplus1.example.com",)
    assert tls.rid_oid == "2.999.10"
    assert tls.extended_key_usages == ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2")
    assert tls.critical_extensions == {"2.5.29.15", "2.5.29.37"}


def test_newer_ranges_are_read_from_permitted_eins() -> None:
    """The extension is written by the openssl command: SEQUENCE OF PrintableString."""
    key = openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout")
    made = openssl(
        *("req", "-x509", "-new", "-key", "/dev/stdin", "-subj", "/CN=EUM", "-outform", "DER"),
        *("-addext", "2.23.146.1.2.2.0=DER:30:0a:13:08:38:39:30:34:39:30:33:33"),
        stdin=key,
    )
    assert Certificate(made).ein_ranges == ("89049033",)


@pytest.mark.parametrize("extension", ["13:01:38", "30:03:0c:01:38", "30:03:13:01:ff", "30:05:13:01:38"])
def test_unreadable_ranges_are_refused(extension: str) -> None:
    made = openssl(
        *("req", "-x509", "-new", "-key", "/dev/stdin", "-subj", "/CN=EUM", "-outform", "DER"),
        *("-addext", f"2.23.146.1.2.2.0=DER:{extension}"),
        stdin=openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout"),
    )
    with pytest.raises(CertificateError):
        Certificate(made)


@pytest.mark.parametrize("algorithm", [("ec", "-pkeyopt", "ec_paramgen_curve:P-384"), ("rsa:2048",), ("ed25519",)])
def test_keys_that_rsp_does_not_use_are_refused(algorithm: tuple[str, ...]) -> None:
    made = openssl(
        *("req", "-x509", "-newkey", *algorithm, "-nodes", "-keyout", "/dev/null"),
        *("-subj", "/CN=other", "-outform", "DER"),
    )
    with pytest.raises(CertificateError):
        Certificate(made)


def test_the_octets_are_kept() -> None:
    raw = mint(Entropy(1), NOW).trust("nist").eum.certificate
    assert Certificate(raw).raw == raw
    assert Certificate(raw) == Certificate(bytes(raw))
    for other in (b"", b"\x30", raw[:-1], raw + b"\x00"):
        with pytest.raises(CertificateError):
            Certificate(other)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", [b"\x00", b"\x80", b"\xff"])
def test_a_number_that_is_not_positive_is_refused(number: bytes) -> None:
    trust = mint(Entropy(1), NOW).trust("nist")
    issuer = pki_mint.issuer_of(trust.ci.certificate, trust.ci.private_key)
    made = pki_mint.issue(trust.blueprint("dp-auth"), trust.dp_auth.private_key.public_key(), issuer, 0x55)
    with pytest.raises(CertificateError, match="not positive"):
        Certificate(made.replace(b"\x02\x01\x55", b"\x02\x01" + number, 1))


@pytest.mark.filterwarnings("ignore:Parsed a serial number:Warning")  # of the issuer, in a damaged key identifier
def test_damaged_certificates_are_refused_or_judged_but_never_crash() -> None:
    """One or two octets changed, 6,000 times: a CertificateError, or a view whose chains can be judged."""
    trust = mint(Entropy(1), NOW).trust("nist")
    euicc = trust.euicc_identity(EID)
    originals = [euicc.certificate, trust.eum.certificate, trust.dp_auth.certificate, trust.eim_tls.certificate]
    drawn = random.Random(2)
    for _ in range(6000):
        damaged = bytearray(drawn.choice(originals))
        for _ in range(drawn.choice((1, 2))):
            damaged[drawn.randrange(len(damaged))] ^= 1 << drawn.randrange(8)
        if bytes(damaged) in originals:
            continue
        try:
            view = Certificate(bytes(damaged))
        except CertificateError:
            continue
        assert chain.euicc_chain_faults(trust.ci.view, trust.eum.view, view, now=NOW)
        assert chain.server_chain_faults(trust.ci.view, view, "dp-auth", now=NOW)


def test_a_key_on_another_curve_is_told_apart() -> None:
    trust = mint(Entropy("curves"), NOW).trust(Curve.NIST)
    key = ec.derive_private_key(7, ec.SECP384R1())
    issued = trust.issue("dp-auth", trust.blueprint("dp-auth"), label="P-384", private_key=key)
    with pytest.raises(CertificateCurveError, match="secp384r1"):
        Certificate(issued.certificate)
