"""Compact forms are rebuilt to what the eUICC signed; OpenSSL says whether they were. SGP.32 v1.2 §6.3."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.codec import encode
from harness.codec.tlv import build as t
from harness.codec.tlv import parse
from harness.crypto import ecdsa
from harness.roles.eim import Eim
from tests.roles.eim.support import EID, ICCID, NOW, OTHER_EID, Servers, deliver, euicc, make_eim, poll
from tests.roles.eim.test_data import INFO1
from tests.roles.eim.test_indirect_download import (
    ADDRESS,
    DP_OID,
    METADATA,
    SIGNATURE,
    TRANSACTION,
    answered,
    begin,
    error,
    signed1,
    smdp,
)

SIGNED2 = t(0x30, t(0x80, TRANSACTION), t(0x01, b"\xff"))
OTPK = t(0x5F49, b"\x04" + bytes(64))
INFO2 = bytes.fromhex("BF22") + b"\x0c" + t(0x81, b"\x02\x03\x01") + t(0x84, b"\x01\x02\x03\x04\x05")
RESOURCE = t(0x84, b"\x09\x09\x09\x09\x09")
DEVICE_INFO = t(0x80, b"\x35\x29\x06\x11") + t(0xA1)
CTX_PARAMS1 = t(0xA0, t(0x80, b"M1"), t(0xA1, DEVICE_INFO))
OID = (
    parse(encode("EuiccCancelSessionSigned", {"transactionId": b"\x01", "smdpOid": DP_OID, "reason": 0}))
    .get(0x81)
    .value
)


def signature(data: bytes) -> bytes:
    return t(0x5F37, ecdsa.sign(euicc().private_key, data))


def session(*, info2: bool = True) -> tuple[Eim, Servers]:
    """A download up to InitiateAuthentication, of an IPA that leaves ctxParams1 to the eIM."""
    servers = smdp()
    metadata = t(0xBF25, t(0x5A, ICCID), *(child.raw for child in parse(METADATA).children[1:]))
    servers.answers["authenticateClient"] = answered(
        transactionId=TRANSACTION.hex().upper(),
        profileMetadata=metadata,
        smdpSigned2=SIGNED2,
        smdpSignature2=SIGNATURE,
        smdpCertificate=euicc().certificate,
    )
    eim = make_eim(http=servers)
    told = t(0xA8, bytes.fromhex("80020414")) + t(0xA9, DEVICE_INFO)
    deliver(eim, t(0xBF52, t(0xA0, INFO1, INFO2 if info2 else b"", told)))
    operation = eim.queue_download(EID, activation_code=f"1${ADDRESS}$M1", confirmation_code="1234")
    poll(eim)
    begin(eim, operation)
    return eim, servers


def full_signed1() -> bytes:
    info2 = t(0xBF22, t(0x81, b"\x02\x03\x01"), RESOURCE)
    server = parse(signed1())
    return t(0x30, *(server.get(tag).raw for tag in (0x80, 0x83, 0x84)), info2, CTX_PARAMS1)


def say(eim: Eim, tag: int, body: bytes) -> bytes:
    return eim.handle(t(tag, t(0x80, TRANSACTION), body), NOW)


def sent(servers: Servers, name: str) -> bytes:
    return base64.b64decode(json.loads(servers.posts[-1][1])[name])


def openssl_verifies(folder: Path, octets: bytes, plain: bytes) -> bool:
    """Whether OpenSSL finds the eUICC's signature over these octets."""
    key = euicc().private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = encode_dss_signature(int.from_bytes(plain[:32], "big"), int.from_bytes(plain[32:], "big"))
    for name, content in (("key", key), ("data", octets), ("signature", der)):
        (folder / name).write_bytes(content)
    command = ["openssl", "dgst", "-sha256", "-verify", "key", "-signature", "signature", "data"]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=10, check=False).returncode == 0


def authenticate(eim: Eim, *more: bytes) -> bytes:
    compact = t(0xA2, t(0xA0, RESOURCE, *more), signature(full_signed1()))
    return say(eim, 0xBF3B, t(0xBF38, compact))


def test_authentication_is_completed(tmp_path):
    eim, servers = session()
    assert parse(authenticate(eim)).find(0xA0) is not None
    full = parse(sent(servers, "authenticateServerResponse"))
    signed, signed_by, certificate, eum = full.get(0xA0).children
    assert signed.raw == full_signed1()
    assert (certificate.raw, eum.raw) == (euicc().certificate, euicc().eum_certificate)
    assert openssl_verifies(tmp_path, signed.raw, signed_by.value)


def test_certificates_and_ctx_params1_in_the_message_are_taken():
    eim, servers = session()
    chain = t(0xA1, parse(euicc().certificate).value) + t(0xA2, parse(euicc().eum_certificate).value)
    compact = t(0xA2, t(0xA0, RESOURCE, t(0xA2, CTX_PARAMS1)), signature(full_signed1()), chain)
    assert parse(say(eim, 0xBF3B, t(0xBF38, compact))).find(0xA0) is not None
    assert len(parse(sent(servers, "authenticateServerResponse")).get(0xA0).children) == 4


def test_whole_euicc_signed1_needs_no_data():
    eim, servers = session(info2=False)
    compact = t(0xA2, full_signed1(), signature(full_signed1()))
    assert parse(say(eim, 0xBF3B, t(0xBF38, compact))).find(0xA0) is not None
    assert parse(sent(servers, "authenticateServerResponse")).get(0xA0, 0x30).raw == full_signed1()


@pytest.mark.parametrize(
    "compact",
    [
        t(0xA2, t(0xA0, t(0x84, b"\x01\x02\x03\x04\x05")), signature(full_signed1())),
        t(0xA2, t(0xA0, RESOURCE), t(0x5F37, bytes(64))),
        t(0xA2, t(0xA0, RESOURCE), t(0x5F37, b"")),
    ],
)
def test_form_that_was_not_signed_goes_nowhere(compact):
    eim, servers = session()
    count = len(servers.posts)
    assert say(eim, 0xBF3B, t(0xBF38, compact)) == error(0xBF3B, 0x82, 5)
    assert len(servers.posts) == count


def test_without_the_device_data_it_cannot_be_completed():
    eim, _ = session(info2=False)
    assert authenticate(eim) == error(0xBF3B, 0x82, 5)


@pytest.mark.parametrize("with_hash", [True, False])
def test_preparation_is_completed(with_hash, tmp_path):
    eim, servers = session()
    hash_cc = parse(authenticate(eim)).get(0xA0, 0x04).raw
    data = t(0x30, t(0x80, TRANSACTION), OTPK, hash_cc)
    signed = ecdsa.sign(euicc().private_key, data + SIGNATURE)
    compact = t(0xA2, t(0x30, OTPK, hash_cc if with_hash else b""), t(0x5F37, signed))
    assert parse(say(eim, 0xBF3A, t(0xBF21, compact))).find(0xA0) is not None
    full = sent(servers, "prepareDownloadResponse")
    assert full == t(0xBF21, t(0xA0, data, t(0x5F37, signed)))
    assert openssl_verifies(tmp_path, data + SIGNATURE, signed)


@pytest.mark.parametrize(("reason", "said"), [(0, True), (3, True), (3, False), (127, False)])
def test_cancellation_is_completed(reason, said):
    eim, servers = session()
    data = t(0x30, t(0x80, TRANSACTION), t(0x81, OID), t(0x82, bytes([reason])))
    inside = t(0x30, t(0x80, bytes([reason])) if said else b"")
    assert say(eim, 0xBF41, t(0xA1, t(0xA2, inside, signature(data)))) == bytes.fromhex("BF4102A000")
    assert sent(servers, "cancelSessionResponse") == t(0xBF41, t(0xA0, data, signature(data)))


def test_cancellation_that_was_not_signed():
    eim, _ = session()
    assert say(eim, 0xBF41, t(0xA1, t(0xA2, t(0x30), t(0x5F37, bytes(64))))) == error(0xBF41, 0x81, 2)


def installation(response: bytes, number: int = 8) -> bytes:
    metadata = t(0xBF2F, t(0x80, bytes([number])), t(0x81, b"\x07\x80"), t(0x0C, ADDRESS.encode()), t(0x5A, ICCID))
    aid = t(0x4F, bytes.fromhex("A0000005591010FFFFFFFF8900001100"))
    final = t(0xA2, t(0xA0, aid, t(0x04, response)))
    return t(0xBF27, t(0x80, TRANSACTION), metadata, t(0x06, OID), final)


@pytest.mark.parametrize(("response", "said"), [(b"\x30\x00", True), (bytes.fromhex("3007A0053003800100"), False)])
def test_installation_result_is_completed(response, said):
    eim, servers = session()
    authenticate(eim)
    data = installation(response)
    short = t(0xA0, t(0x4F, b"\x00\x11"), t(0x04, response) if said else b"")
    compact = t(0xA0, t(0xA0, t(0x80, TRANSACTION), t(0x02, b"\x08"), t(0xA2, short)), signature(data))
    assert eim.exchange(t(0xBF3D, t(0xA0, compact)), NOW).trouble == ""
    assert sent(servers, "pendingNotification") == t(0xBF37, data, signature(data))


def test_other_notification_is_completed():
    eim, servers = session()
    metadata = t(0xBF2F, t(0x80, b"\x09"), t(0x81, b"\x06\x40"), t(0x0C, ADDRESS.encode()), t(0x5A, ICCID))
    compact = t(0xA1, t(0x5A, EID), metadata, signature(metadata))
    assert eim.exchange(t(0xBF3D, t(0xA0, compact)), NOW).trouble == ""
    whole = t(0x30, metadata, signature(metadata), euicc().certificate, euicc().eum_certificate)
    assert sent(servers, "pendingNotification") == whole
    assert eim.device().profiles == {ICCID: True}


@pytest.mark.parametrize("eid", [EID, OTHER_EID])
def test_notification_that_cannot_be_completed_stays_on_the_device(eid):
    eim, servers = session()
    count = len(servers.posts)
    metadata = t(0xBF2F, t(0x80, b"\x09"), t(0x81, b"\x06\x40"), t(0x0C, ADDRESS.encode()), t(0x5A, ICCID))
    compact = t(0xA1, t(0x5A, eid), metadata, t(0x5F37, bytes(64)))
    assert eim.exchange(t(0xBF3D, t(0xA0, compact)), NOW).trouble == "not-forwarded"
    assert len(servers.posts) == count
    assert eim.device().profiles == {}
