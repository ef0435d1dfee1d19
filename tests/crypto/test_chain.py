"""Chains: what holds, what is refused and by which rule, and whether OpenSSL sees it the same way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL.crypto import X509, X509Store, X509StoreContext, X509StoreContextError, X509StoreFlags

from harness.crypto import chain, pki_mint
from harness.crypto.certificates import Certificate
from harness.crypto.ecdsa import Curve, generate
from harness.crypto.entropy import Entropy
from harness.crypto.pki import CiSet, Role, load_sgp26, mint
from tests.crypto.real_data import folder, openssl

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EID = "89049032123451234512345678901235"
PERMITTED_SUBTREE_VIOLATION = 47
SIGNATURE_FAILURE = 7


@pytest.fixture(params=list(Curve))
def trust(request: pytest.FixtureRequest) -> CiSet:
    return mint(Entropy("chain"), NOW).trust(request.param)


def with_broken_signature(certificate: bytes) -> bytes:
    return certificate[:-1] + bytes([certificate[-1] ^ 0x01])


def openssl_error(certificate: bytes, *above: bytes) -> int:
    """What OpenSSL's own store says of a chain, the root last: 0 or the code of its first error."""

    def loaded(der: bytes) -> X509:
        return X509.from_cryptography(x509.load_der_x509_certificate(der))

    store = X509Store()
    store.set_time(NOW)
    store.set_flags(X509StoreFlags.X509_STRICT | X509StoreFlags.CHECK_SS_SIGNATURE)
    store.add_cert(loaded(above[-1]))
    try:
        X509StoreContext(store, loaded(certificate), [loaded(der) for der in above[:-1]]).verify_certificate()
    except X509StoreContextError as error:
        code: int = error.errors[0]
        return code
    return 0


def rules_broken(trust: CiSet, role: Role, **changes: Any) -> list[str]:
    """The rules that a server certificate breaks whose blueprint is right but for these changes."""
    wrong = trust.issue(role, replace(trust.blueprint(role), **changes), label="wrong")
    return [fault.rule for fault in chain.server_chain_faults(trust.ci.view, wrong.view, role, now=NOW)]


def euicc_rules_broken(trust: CiSet, eid: str = EID, **changes: Any) -> list[str]:
    wrong = trust.issue(Role.EUICC, replace(trust.euicc_blueprint(eid), **changes), label="wrong")
    return [fault.rule for fault in chain.euicc_chain_faults(trust.ci.view, trust.eum.view, wrong.view, now=NOW)]


@pytest.mark.parametrize("role", sorted(chain.SERVER_ROLES))
def test_minted_servers_hold(trust: CiSet, role: Role) -> None:
    leaf = trust.identity(role)
    chain.verify_server_chain(trust.ci.view, leaf.view, role, now=NOW)
    assert openssl_error(leaf.certificate, trust.ci.certificate) == 0
    assert openssl_error(with_broken_signature(leaf.certificate), trust.ci.certificate) == SIGNATURE_FAILURE


def test_minted_euiccs_hold(trust: CiSet) -> None:
    """OpenSSL takes a range of serial numbers in a name constraint for a whole name, which comes after the signatures."""
    euicc = trust.euicc_identity(EID)
    above = (euicc.eum_certificate, euicc.ci_certificate)
    chain.verify_euicc_chain(trust.ci.view, trust.eum.view, Certificate(euicc.certificate), eid=EID, now=NOW)
    assert openssl_error(euicc.certificate, *above) == PERMITTED_SUBTREE_VIOLATION
    assert openssl_error(with_broken_signature(euicc.certificate), *above) == SIGNATURE_FAILURE
    assert openssl_error(trust.eum.certificate, trust.ci.certificate) == 0


def test_the_openssl_command_verifies_a_minted_chain(trust: CiSet, tmp_path: Path) -> None:
    files = {}
    for role in (Role.CI, Role.DP_AUTH, Role.EUM):
        files[role] = tmp_path / f"{role}.pem"
        der = trust.identity(role).certificate
        files[role].write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    leaves = [str(files[Role.DP_AUTH]), str(files[Role.EUM])]
    said = openssl("verify", "-x509_strict", "-CAfile", str(files[Role.CI]), *leaves)
    assert said.decode().splitlines() == [f"{leaf}: OK" for leaf in leaves]


def test_published_chains_hold() -> None:
    pki = load_sgp26(folder("sgp26"), NOW)
    for curve in Curve:
        trust = pki.trust(curve)
        for role in (Role.DP_AUTH, Role.DP_PB):
            leaf = trust.identity(role)
            chain.verify_server_chain(trust.ci.view, leaf.view, role, now=NOW)
            assert openssl_error(leaf.certificate, trust.ci.certificate) == 0
        assert trust.dp_auth.view.rid_oid == trust.dp_pb.view.rid_oid
    trust = pki.trust("nist")
    chain.verify_server_chain(trust.ci.view, trust.eim_sign.view, "eim-sign", now=NOW)
    euicc = trust.euicc_identity(EID)
    chain.verify_euicc_chain(trust.ci.view, trust.eum.view, Certificate(euicc.certificate), eid=EID, now=NOW)
    above = (euicc.eum_certificate, euicc.ci_certificate)
    assert openssl_error(euicc.certificate, *above) == PERMITTED_SUBTREE_VIOLATION


def test_the_published_tls_certificate_expired() -> None:
    ci = Certificate((folder("sgp26") / "CERT_CI_ECDSA_NIST.der").read_bytes())
    tls = Certificate((folder("sgp26") / "CERT_S_SM_DP_TLS_NIST.der").read_bytes())
    with pytest.raises(chain.ChainRefusal) as refusal:
        chain.verify_server_chain(ci, tls, "dp-tls", now=NOW)
    assert (refusal.value.rule, refusal.value.role) == ("validity", "dp-tls")
    chain.verify_server_chain(ci, tls, "dp-tls")


def test_wrong_servers_break_the_rule_that_says_so(trust: CiSet) -> None:
    role = Role.DP_AUTH
    assert rules_broken(trust, role) == []
    assert rules_broken(trust, role, policy=trust.blueprint(Role.DP_PB).policy) == ["policy"]
    assert rules_broken(trust, role, policy=None) == ["policy"]
    assert rules_broken(trust, role, owner=None) == ["owner"]
    assert rules_broken(trust, role, not_after=NOW - timedelta(days=1)) == ["validity"]
    assert rules_broken(trust, role, not_before=NOW + timedelta(days=1)) == ["validity"]
    assert rules_broken(trust, role, is_authority=True) == ["key-usage", "basic-constraints"]
    assert rules_broken(trust, Role.DP_TLS, is_tls=False) == ["extended-key-usage"]
    assert rules_broken(trust, Role.EIM_SIGN, owner=None, policy=None) == []


def test_a_binding_certificate_does_not_authenticate(trust: CiSet) -> None:
    with pytest.raises(chain.ChainRefusal) as refusal:
        chain.verify_server_chain(trust.ci.view, trust.dp_pb.view, "dp-auth", now=NOW)
    assert refusal.value.rule == "policy"


def test_signature_and_issuer_are_looked_at(trust: CiSet) -> None:
    ci, leaf = trust.ci.view, trust.dp_auth.certificate
    damaged = Certificate(with_broken_signature(leaf))
    assert [fault.rule for fault in chain.server_chain_faults(ci, damaged, "dp-auth")] == ["issuer-signature"]

    stranger = mint(Entropy("stranger"), NOW).trust(trust.curve)
    faults = chain.server_chain_faults(stranger.ci.view, trust.dp_auth.view, "dp-auth")
    assert [fault.rule for fault in faults] == ["aki-ski", "issuer-signature"]

    impostor = pki_mint.Issuer(ci.subject, generate(trust.curve, Entropy("impostor")), trust.ci_key_id)
    forged = pki_mint.issue(trust.blueprint("dp-auth"), trust.dp_auth.private_key.public_key(), impostor, 1)
    faults = chain.server_chain_faults(ci, Certificate(forged), "dp-auth")
    assert [fault.rule for fault in faults] == ["issuer-signature"]

    renamed = pki_mint.Issuer(trust.eum.view.subject, trust.ci.private_key, trust.ci_key_id)
    misnamed = pki_mint.issue(trust.blueprint("dp-auth"), trust.dp_auth.private_key.public_key(), renamed, 1)
    faults = chain.server_chain_faults(ci, Certificate(misnamed), "dp-auth")
    assert [fault.rule for fault in faults] == ["issuer-name"]


def test_a_key_on_the_other_curve_is_refused(trust: CiSet) -> None:
    other = next(curve for curve in Curve if curve is not trust.curve)
    wrong = trust.issue("dp-auth", trust.blueprint("dp-auth"), private_key=generate(other, Entropy(1)))
    faults = chain.server_chain_faults(trust.ci.view, wrong.view, "dp-auth")
    assert [fault.rule for fault in faults] == ["curve"]


def test_wrong_euiccs_break_the_rule_that_says_so(trust: CiSet) -> None:
    assert euicc_rules_broken(trust) == []
    assert euicc_rules_broken(trust, eid="89049099000000000000000000000000") == ["eid-range"]
    assert euicc_rules_broken(trust, eid="8904903212345") == ["eid-format"]
    assert euicc_rules_broken(trust, eid="") == ["eid-format", "eid-range"]
    assert euicc_rules_broken(trust, subject=pki_mint.euicc(EID, "Another EUM").subject) == ["name-constraints"]
    assert euicc_rules_broken(trust, policy=trust.eum.view.policies[0]) == ["policy"]
    assert euicc_rules_broken(trust, not_after=NOW - timedelta(seconds=1)) == ["validity"]


def test_another_eid_than_expected_is_refused(trust: CiSet) -> None:
    euicc = Certificate(trust.euicc_identity(EID).certificate)
    with pytest.raises(chain.ChainRefusal) as refusal:
        chain.verify_euicc_chain(trust.ci.view, trust.eum.view, euicc, eid=bytes.fromhex(EID[:-1] + "6"))
    assert (refusal.value.rule, refusal.value.role) == ("eid-match", "euicc")


def test_a_wrong_eum_is_told_from_a_wrong_euicc(trust: CiSet) -> None:
    right = trust.blueprint("eum")
    euicc = Certificate(trust.euicc_identity(EID).certificate)
    for changes, rules in (
        ({"not_after": NOW - timedelta(days=1)}, [("eum", "validity")]),
        ({"is_authority": False}, [("eum", "key-usage"), ("eum", "basic-constraints")]),
        ({"permitted": None}, [("euicc", "eid-range")]),
        ({"permitted": pki_mint.manufacturer("89049033").permitted}, [("euicc", "eid-range")]),
    ):
        eum = trust.issue("eum", replace(right, **changes), private_key=trust.eum.private_key)
        faults = chain.euicc_chain_faults(trust.ci.view, eum.view, euicc, now=NOW)
        assert [(fault.role, fault.rule) for fault in faults] == rules


def test_a_root_that_allows_no_authority_below_is_refused(trust: CiSet) -> None:
    narrow = pki_mint.issue_to_itself(replace(trust.blueprint("ci"), path_length=0), trust.ci.private_key, 1)
    euicc = Certificate(trust.euicc_identity(EID).certificate)
    faults = chain.euicc_chain_faults(Certificate(narrow), trust.eum.view, euicc)
    assert [(fault.role, fault.rule) for fault in faults] == [("ci", "basic-constraints")]
    chain.verify_server_chain(Certificate(narrow), trust.dp_auth.view, "dp-auth")


def test_a_root_that_signed_with_another_key_is_refused(trust: CiSet) -> None:
    damaged = Certificate(with_broken_signature(trust.ci.certificate))
    with pytest.raises(chain.ChainRefusal) as refusal:
        chain.verify_server_chain(damaged, trust.dp_auth.view, "dp-auth")
    assert (refusal.value.rule, refusal.value.role) == ("issuer-signature", "ci")


def test_unknown_critical_extensions_are_refused(trust: CiSet) -> None:
    ci, key = trust.ci.view, trust.dp_auth.private_key
    original = x509.load_der_x509_certificate(trust.dp_auth.certificate)
    builder = x509.CertificateBuilder(
        ci.subject, original.subject, key.public_key(), 1, original.not_valid_before_utc, original.not_valid_after_utc,
        [*original.extensions, x509.Extension(x509.ObjectIdentifier("2.999.77"), True, x509.UnrecognizedExtension(
            x509.ObjectIdentifier("2.999.77"), b"\x05\x00"))],
    )  # fmt: skip
    assert original.signature_hash_algorithm is not None
    made = builder.sign(trust.ci.private_key, original.signature_hash_algorithm).public_bytes(Encoding.DER)
    faults = chain.server_chain_faults(ci, Certificate(made), "dp-auth")
    assert [(fault.rule, fault.detail) for fault in faults] == [
        ("critical-extensions", "critical but not understood: 2.999.77")
    ]


def test_only_leaves_stand_below_the_ci(trust: CiSet) -> None:
    for role in (Role.CI, Role.EUM, Role.EUICC):
        with pytest.raises(ValueError, match="does not stand directly below"):
            chain.server_chain_faults(trust.ci.view, trust.eum.view, role)


def test_euicc_subject_names_its_manufacturer(trust: CiSet) -> None:
    subject = Certificate(trust.euicc_identity(EID).certificate).subject
    values = {attribute.oid: attribute.value for attribute in subject}
    assert values[NameOID.ORGANIZATION_NAME] == trust.eum.view.organization
    assert values[NameOID.SERIAL_NUMBER] == EID
