"""The minted set, the kept one and the published one."""

from __future__ import annotations

import ssl
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.crypto import chain, pki_files
from harness.crypto.certificates import Certificate
from harness.crypto.ecdsa import Curve, public_key_point
from harness.crypto.entropy import Entropy, system_entropy
from harness.crypto.errors import PkiError
from harness.crypto.pki import Role, TestPki, kept, load, load_sgp26, mint
from harness.errors import ConfigurationError
from tests.crypto.real_data import folder

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=500)
EID = "89049032123451234512345678901235"
ANOTHER_EID = "89049032123451234512345678901332"
ROLES = [role for role in Role if role is not Role.EUICC]


def everything(pki: TestPki, *roles: Role) -> dict[tuple[str, str], bytes]:
    return {(curve, role): pki.trust(curve).identity(role).certificate for curve in Curve for role in roles or ROLES}


def test_the_same_seed_mints_the_same_set_in_any_order() -> None:
    forwards, backwards = mint(Entropy(1), NOW), mint(Entropy(1), NOW)
    again = {
        (curve, role): backwards.trust(curve).identity(role).certificate for curve in Curve for role in ROLES[::-1]
    }
    assert everything(forwards) == again
    assert everything(mint(Entropy(2), NOW)).items().isdisjoint(again.items())
    assert forwards.euicc_identity("nist", EID).certificate == backwards.euicc_identity("nist", EID).certificate


def test_only_tls_depends_on_the_time() -> None:
    now, later = everything(mint(Entropy(1), NOW)), everything(mint(Entropy(1), LATER))
    assert {role for (_, role) in now if now[Curve.NIST, role] != later[Curve.NIST, role]} == {
        Role.DP_TLS,
        Role.DS_TLS,
        Role.EIM_TLS,
    }
    assert everything(mint(Entropy(1), NOW + timedelta(hours=11))) == now


def test_every_certificate_has_its_own_key_and_number() -> None:
    views = [Certificate(certificate) for certificate in everything(mint(Entropy(1), NOW)).values()]
    assert len({public_key_point(view.public_key) for view in views}) == len(views)
    assert len({view.number for view in views}) == len(views)


def test_tls_names_the_hosts_asked_for() -> None:
    trust = mint(Entropy(1), NOW, hosts=["lab-7.example", "192.0.2.7"]).trust("nist")
    assert set(trust.eim_tls.view.hosts) == {
        "lab-7.example",
        "192.0.2.7",
        "eim.harness.test",
        "localhost",
        "127.0.0.1",
        "::1",
    }
    assert "smdp.harness.test" in trust.dp_tls.view.hosts
    assert trust.eim_tls.view.common_name == "lab-7.example"


def test_a_handshake_succeeds_with_the_minted_certificates(tmp_path: Path) -> None:
    trust = mint(system_entropy(), datetime.now(UTC))
    identity = trust.trust("nist").eim_tls
    (tmp_path / "server.pem").write_text(ssl.DER_cert_to_PEM_cert(identity.certificate))
    (tmp_path / "server.key").write_bytes(pki_files.private_pem(identity))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    client = ssl.create_default_context(cadata=trust.trust("nist").ci.certificate)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
        server.wrap_bio(to_server, to_client, True),
    ]
    for _ in range(10):
        waiting = []
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                waiting.append(end)
        ends = waiting
    assert not ends


def test_further_eims_have_keys_of_their_own() -> None:
    trust = mint(Entropy(1), NOW).trust("nist")
    other = trust.eim("other-eim.harness.test")
    assert other.view.common_name == "other-eim.harness.test"
    assert trust.eim_sign.view.common_name == "eim.harness.test"
    assert public_key_point(other.private_key) != public_key_point(trust.eim_sign.private_key)
    assert trust.eim("other-eim.harness.test") is other
    chain.verify_server_chain(trust.ci.view, other.view, "eim-sign", now=NOW)


def test_an_euicc_is_born_with_a_chain_on_each_curve() -> None:
    identities = mint(Entropy(1), NOW).euicc_identities(EID)
    assert [identity.curve for identity in identities] == list(Curve)
    for identity in identities:
        ci, eum, euicc = (
            Certificate(der) for der in (identity.ci_certificate, identity.eum_certificate, identity.certificate)
        )
        chain.verify_euicc_chain(ci, eum, euicc, eid=EID, now=NOW)
        assert identity.ci_key_id == ci.subject_key_id
        assert public_key_point(identity.private_key) == public_key_point(euicc.public_key)


def test_an_eid_outside_the_range_is_refused() -> None:
    with pytest.raises(PkiError) as refusal:
        mint(Entropy(1), NOW).euicc_identity("nist", "89044900000000000000000000000000")
    assert "89049032" in refusal.value.hint


def test_a_saved_set_comes_back(tmp_path: Path) -> None:
    minted = mint(system_entropy(), NOW)
    minted.save(tmp_path / "pki")
    again = load(tmp_path / "pki", NOW)
    assert everything(again) == everything(minted)
    for curve in Curve:
        assert again.euicc_identity(curve, EID).certificate == minted.euicc_identity(curve, EID).certificate
        assert again.trust(curve).eim("x").certificate == minted.trust(curve).eim("x").certificate


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    mint(Entropy(1), NOW).save(tmp_path / "pki")
    files = list((tmp_path / "pki").iterdir())
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "pki").stat().st_mode) == 0o700
    assert {file.suffix for file in files} == {".der", ".pem", ".key"}


def test_what_a_kill_left_out_is_made_again(tmp_path: Path) -> None:
    minted = mint(Entropy(1), NOW)
    minted.save(tmp_path)
    for file in tmp_path.glob("*_BRP.*"):
        file.unlink()
    assert everything(load(tmp_path, NOW)) == everything(minted)


def test_tls_is_renewed_on_its_key_when_it_runs_out_or_lacks_a_host(tmp_path: Path) -> None:
    mint(Entropy(1), NOW).save(tmp_path)
    before = load(tmp_path, NOW).trust("nist").eim_tls
    assert load(tmp_path, NOW + timedelta(days=300)).trust("nist").eim_tls.certificate == before.certificate
    for after in (load(tmp_path, LATER), load(tmp_path, NOW, hosts=["new.example"])):
        renewed = after.trust("nist").eim_tls
        assert renewed.certificate != before.certificate
        assert renewed.view.number != before.view.number
        assert public_key_point(renewed.private_key) == public_key_point(before.private_key)
    chain.verify_server_chain(
        load(tmp_path, LATER).trust("nist").ci.view,
        load(tmp_path, LATER).trust("nist").eim_tls.view,
        "eim-tls",
        now=LATER,
    )


def test_a_kept_set_is_made_once(tmp_path: Path) -> None:
    first = kept(tmp_path / "pki", system_entropy(), NOW)
    assert everything(kept(tmp_path / "pki", system_entropy(), NOW)) == everything(first)
    assert not list((tmp_path / "pki").glob(".*"))


def test_several_processes_keep_the_same_set(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        sets = list(pool.map(lambda _: everything(kept(tmp_path / "pki", system_entropy(), NOW)), range(4)))
    assert all(one == sets[0] for one in sets)


def test_a_certificate_made_to_measure_changes_nothing_else() -> None:
    trust = mint(Entropy(1), NOW).trust("nist")
    expired = trust.issue(
        "eim-tls", replace(trust.blueprint("eim-tls"), not_after=NOW - timedelta(hours=1)), label="expired"
    )
    assert expired.view.not_after < NOW < trust.eim_tls.view.not_after
    assert expired.view.hosts == trust.eim_tls.view.hosts


def test_the_published_set() -> None:
    pki = load_sgp26(folder("sgp26"), NOW)
    nist, brainpool = pki.trust("nist"), pki.trust("brainpool")
    assert nist.dp_auth.certificate == (folder("sgp26") / "CERT_S_SM_DPauth_ECDSA_NIST.der").read_bytes()
    assert nist.eim_sign.view.common_name == "eim.example.com"
    assert nist.ci_key_id.hex() == "f54172bdf98a95d65cbeb88a38a1c11d800a85c3"
    assert [role for role in ROLES if brainpool.has(role)] == [Role.DP_AUTH, Role.DP_PB]
    assert brainpool.ci_key_id.hex() == "c0bc70ba36929d43b467ff57570530e57ab8fcd8"
    for role in (Role.EUM, Role.DP_TLS, Role.EIM_TLS):
        with pytest.raises(PkiError):
            brainpool.identity(role)


def test_the_published_tls_leaf_is_renewed_on_its_key() -> None:
    trust = load_sgp26(folder("sgp26"), NOW).trust("nist")
    chain.verify_server_chain(trust.ci.view, trust.dp_tls.view, "dp-tls", now=NOW)
    expired = Certificate((folder("sgp26") / "CERT_S_SM_DP_TLS_NIST.der").read_bytes())
    assert public_key_point(trust.dp_tls.view.public_key) == public_key_point(expired.public_key)
    assert trust.dp_tls.view.rid_oid == trust.dp_auth.view.rid_oid == "2.999.10"


def test_the_published_set_gives_birth_to_more_euiccs() -> None:
    pki = load_sgp26(folder("sgp26"), NOW)
    (published,) = pki.euicc_identities(EID)
    assert published.certificate == (folder("sgp26") / "CERT_EUICC_SIG_NIST.der").read_bytes()
    (made,) = pki.euicc_identities(ANOTHER_EID)
    trust = pki.trust("nist")
    chain.verify_euicc_chain(trust.ci.view, trust.eum.view, Certificate(made.certificate), eid=ANOTHER_EID, now=NOW)
    again = load_sgp26(folder("sgp26"), LATER).euicc_identity("nist", ANOTHER_EID)
    assert again.certificate == made.certificate


def test_every_fault_of_the_files_is_told(tmp_path: Path) -> None:
    mint(Entropy(1), NOW).save(tmp_path)
    (tmp_path / "CERT_EUM_SIG_NIST.der").write_bytes(b"not a certificate")
    (tmp_path / "SK_CI_SIG_NIST.pem").write_bytes((tmp_path / "SK_EUM_SIG_NIST.pem").read_bytes())
    (tmp_path / "SK_S_EIMsign_SIG_BRP.pem").write_text("not a key")
    for loading in (load, load_sgp26):
        with pytest.raises(ConfigurationError) as refusal:
            loading(tmp_path, NOW)
        assert sorted(Path(fault.file).name for fault in refusal.value.faults) == [
            "CERT_EUM_SIG_NIST.der",
            "SK_CI_SIG_NIST.pem",
            "SK_S_EIMsign_SIG_BRP.pem",
        ]


def test_a_folder_without_a_set_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no CI certificate"):
        load_sgp26(tmp_path, NOW)
    with pytest.raises(ConfigurationError, match=r"seed\.key"):
        load(tmp_path, NOW)
    for content in ("xyz", "00"):
        (tmp_path / "seed.key").write_text(content)
        with pytest.raises(ConfigurationError):
            load(tmp_path, NOW)
