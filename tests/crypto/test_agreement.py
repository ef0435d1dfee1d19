"""Key agreement against the published vector and the openssl command."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.crypto.agreement import derive_session_keys, session_keys, x963_kdf
from harness.crypto.ecdsa import Curve, generate, public_key_info, public_key_point
from harness.crypto.entropy import Entropy
from harness.crypto.errors import KeyFormatError
from tests.crypto.real_data import openssl, vector
from tests.crypto.test_ecdsa import key_file

EID = bytes.fromhex("89049032123451234512345678901235")


def test_published_session_keys() -> None:
    known = {
        name: bytes.fromhex(value)
        for name, value in vector("scp03t-session-keys").items()
        if name not in ("origin", "about")
    }
    keys = derive_session_keys(known["shared_secret"], host_id=known["host_id"], eid=known["eid"])
    assert keys.initial_mac_chaining == known["initial_mac_chaining"]
    assert keys.s_enc == known["s_enc"]
    assert keys.s_mac == known["s_mac"]


@pytest.mark.parametrize("length", [16, 48, 65])
def test_the_kdf_is_that_of_openssl(length: int) -> None:
    secret, info = Entropy(1).bytes(32), Entropy(2).bytes(27)
    options = ("digest:SHA256", f"hexkey:{secret.hex()}", f"hexinfo:{info.hex()}")
    told = openssl(
        "kdf", "-keylen", str(length), *(part for option in options for part in ("-kdfopt", option)), "X963KDF"
    )
    assert x963_kdf(secret, info, length) == bytes.fromhex(told.decode().strip().replace(":", ""))


@pytest.mark.parametrize("curve", list(Curve))
def test_both_ends_agree_and_openssl_agrees_with_them(curve: Curve, tmp_path: Path) -> None:
    host, card = generate(curve, Entropy("host")), generate(curve, Entropy("card"))
    ours = session_keys(host, public_key_point(card), host_id=b"host", eid=EID)
    assert ours == session_keys(card, public_key_point(host), host_id=b"host", eid=EID)

    peer = tmp_path / "peer.der"
    peer.write_bytes(public_key_info(card))
    secret = openssl(
        "pkeyutl", "-derive", "-inkey", key_file(tmp_path, host), "-peerkey", str(peer), "-peerform", "DER"
    )
    assert ours == derive_session_keys(secret, host_id=b"host", eid=EID)


def test_keys_belong_to_one_eid_and_one_host() -> None:
    host, card = generate(Curve.NIST, Entropy("host")), generate(Curve.NIST, Entropy("card"))
    point = public_key_point(card)
    one = session_keys(host, point, host_id=b"host", eid=EID)
    assert one != session_keys(host, point, host_id=b"hosu", eid=EID)
    assert one != session_keys(host, point, host_id=b"host", eid=EID[:-1] + b"\x36")


def test_a_point_of_the_other_curve_is_refused() -> None:
    host, card = generate(Curve.NIST, Entropy(1)), generate(Curve.BRAINPOOL, Entropy(1))
    with pytest.raises(KeyFormatError):
        session_keys(host, public_key_point(card), host_id=b"", eid=EID)
    with pytest.raises(ValueError, match="an EID of 15 octets"):
        derive_session_keys(bytes(32), host_id=b"", eid=EID[1:])
