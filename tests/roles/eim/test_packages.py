"""What the eIM signs. SGP.32 v1.2 §2.11.1.1. The signatures are checked by the openssl command."""

from __future__ import annotations

import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from harness.codec import encode
from harness.codec.tlv import build as t
from harness.codec.tlv import parse
from harness.crypto import ecdsa
from harness.crypto.entropy import Entropy
from harness.roles.eim import Eim, EimIdentity, commands
from tests.roles.eim.support import EID, ICCID, OTHER_EID, make_eim, poll


def openssl_verifies(eim: Eim, package: bytes, token: bytes, tmp_path) -> bool:
    """Whether openssl finds the eimSignature of a BF51 right over euiccPackageSigned and this token TLV."""
    request = parse(package)
    plain = request.get(0x5F37).value
    assert len(plain) == 64
    der = encode_dss_signature(int.from_bytes(plain[:32], "big"), int.from_bytes(plain[32:], "big"))
    key, signature, message = (tmp_path / name for name in ("key.der", "signature", "message"))
    key.write_bytes(eim.identity.public_key_info)
    signature.write_bytes(der)
    message.write_bytes(request.get(0x30).raw + token)
    command = ["openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", key, "-signature", signature, message]
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0


@pytest.mark.parametrize(
    ("token", "octets"),
    [(0, "840100"), (1, "840101"), (127, "84017F"), (128, "84020080"), (0x1234, "84021234")],
)
def test_signature_covers_package_and_token(token, octets, tmp_path):
    eim = make_eim(token=token)
    package = eim.package(commands.enable(ICCID))
    assert openssl_verifies(eim, package, bytes.fromhex(octets), tmp_path)
    assert not openssl_verifies(eim, package, b"", tmp_path)


def test_brainpool_key_signs_too(tmp_path):
    identity = EimIdentity("eim.brainpool.test", ecdsa.generate("brainpool", Entropy(1)))
    eim = Eim(identity, Entropy(2))
    eim.associate(EID)
    assert openssl_verifies(eim, eim.package(commands.get_rat()), bytes.fromhex("840100"), tmp_path)


def test_polled_package_is_signed(tmp_path):
    eim = make_eim(token=5)
    eim.queue_package(EID, commands.disable(ICCID))
    package = parse(poll(eim)).get(0xBF51)
    assert openssl_verifies(eim, package.raw, bytes.fromhex("840105"), tmp_path)


def test_fields_are_as_the_case_chose_them(tmp_path):
    eim, other = make_eim(), make_eim(name="other.harness.test")
    package = eim.package(
        commands.delete(ICCID),
        eid=OTHER_EID,
        counter=0x123456,
        transaction_id=None,
        eim_id="EIM.harness.test",
        signing_key=other.identity.signing_key,
        association_token=9,
    )
    name = t(0x80, b"EIM.harness.test")
    psmos = t(0xA0, t(0xA5, t(0x5A, ICCID)))
    assert parse(package).get(0x30).value == name + t(0x5A, OTHER_EID) + bytes.fromhex("8103123456") + psmos
    assert openssl_verifies(other, package, bytes.fromhex("840109"), tmp_path)


def counter_of(package: bytes) -> int:
    return int.from_bytes(parse(package).get(0x30, 0x81).value, "big", signed=True)


def test_counter_that_a_card_can_take_counts_as_used():
    eim = make_eim()
    assert counter_of(eim.package(commands.get_rat(), counter=100)) == 100
    assert counter_of(eim.package(commands.get_rat())) == 101
    eim.package(commands.get_rat(), counter=5)
    eim.package(commands.get_rat(), counter=0x800000)
    assert counter_of(eim.package(commands.get_rat())) == 102


def test_two_devices_have_their_own_counters():
    eim = make_eim()
    eim.associate(OTHER_EID)
    eim.package(commands.get_rat(), eid=EID)
    assert counter_of(eim.package(commands.get_rat(), eid=OTHER_EID)) == 1
    with pytest.raises(LookupError):
        eim.package(commands.get_rat())


def test_package_holds_one_kind_of_commands():
    with pytest.raises(ValueError, match="not both"):
        make_eim().package(commands.get_rat(), commands.list_eim())


@pytest.mark.parametrize(
    ("command", "octets"),
    [
        (commands.enable("89001012345678901234"), "A30C5A0A98000121436587092143"),
        (commands.enable(ICCID, rollback=True), "A30E5A0A" + ICCID.hex() + "0500"),
        (commands.disable(ICCID), "A40C5A0A" + ICCID.hex()),
        (commands.delete(ICCID), "A50C5A0A" + ICCID.hex()),
        (commands.list_profile_info(), "BF2D00"),
        (commands.list_profile_info((0x5A, 0x9F70)), "BF2D055C035A9F70"),
        (commands.list_profile_info(iccid=ICCID), "BF2D0EA00C5A0A" + ICCID.hex()),
        (commands.list_profile_info(profile_class=2), "BF2D05A003950102"),
        (commands.get_rat(), "A600"),
        (commands.configure_immediate_enable(smdp_oid="2.999.10"), "A7078000810388370A"),
        (commands.configure_immediate_enable(enabled=False, smdp_address="a.b"), "A7058203612E62"),
        (commands.set_fallback(ICCID), "A80C5A0A" + ICCID.hex()),
        (commands.unset_fallback(), "A900"),
        (commands.set_default_dp_address("a.b"), "BF65058003612E62"),
    ],
)
def test_psmos(command, octets):
    package = parse(make_eim().package(command))
    assert package.get(0x30, 0xA0).value.hex().upper() == octets.upper()


def test_ecos():
    eim, other = make_eim(), make_eim(name="two")
    package = parse(
        eim.package(
            commands.add_eim(other.configuration(association_token=-1)),
            commands.delete_eim("two"),
            commands.list_eim(),
        )
    )
    add, delete, listing = package.get(0x30, 0xA1).children
    assert add.tag == 0xA8
    assert add.get(0x80).value == b"two"
    assert add.get(0x84).raw == bytes.fromhex("8401FF")
    assert delete.raw == bytes.fromhex("A9058003") + b"two"
    assert listing.raw == bytes.fromhex("AB00")


def test_configuration_is_the_field_frame():
    """AddInitialEim as seen on the wire: A5{A0{contents of SubjectPublicKeyInfo}}, never a bare 30 under A5."""
    eim = make_eim(name="eIM")
    value = eim.configuration(association_token=-1, counter=1)
    request = parse(encode("AddInitialEimRequest", {"eimConfigurationDataList": [value]})).get(0xA0, 0x30)
    info = parse(eim.identity.public_key_info)
    assert request.get(0xA5).value == t(0xA0, info.value)
    assert request.get(0x83).raw + request.get(0x84).raw == bytes.fromhex("830101 8401FF")
    assert request.get(0x87).raw == bytes.fromhex("87020780")
    assert request.get(0x89).raw == bytes.fromhex("8900")


def test_iccid_digits_are_swapped_and_filled():
    assert commands.iccid_octets("8900101234567890123") == bytes.fromhex("980001214365870921F3")
    with pytest.raises(ValueError, match="no ICCID"):
        commands.iccid_octets("8900")
