"""A download through an SM-DS, and what else the eIM checks for an IPA. SGP.32 v1.2 §3.9, §5.14.1 to §5.14.3."""

from __future__ import annotations

import json

import pytest

from harness.codec.tlv import build as t
from harness.codec.tlv import parse
from harness.roles.eim import Eim
from tests.roles.eim.support import EID, NOW, Answered, Servers, deliver, make_eim, poll
from tests.roles.eim.test_data import INFO1
from tests.roles.eim.test_indirect_download import (
    AUTHENTICATE_RESPONSE,
    PREPARE_RESPONSE,
    SIGNATURE,
    TRANSACTION,
    answered,
    begin,
    error,
    failed,
    initiated,
    signed1,
    smdp,
)

SMDS = "smds.example"
SUCCESS = {"functionExecutionStatus": {"status": "Executed-Success"}}


def events(*entries: object) -> Answered:
    fields = {"header": SUCCESS, "transactionId": TRANSACTION.hex().upper(), "eventEntries": list(entries)}
    return Answered(200, json.dumps(fields).encode())


def entry(event: str, address: str = "smdp.example") -> dict[str, str]:
    return {"eventId": event, "rspServerAddress": address}


def sent_to_smds(servers: Servers, **order: object) -> tuple[Eim, bytes]:
    servers.answers["initiateAuthentication"] = initiated(serverSigned1=signed1(SMDS))
    eim = make_eim(http=servers)
    operation = eim.queue_download(EID, **({"smds": SMDS} | order))  # type: ignore[arg-type]
    poll(eim)
    assert parse(begin(eim, operation)).find(0xA0) is not None
    return eim, operation


def client(eim: Eim) -> bytes:
    return eim.handle(t(0xBF3B, t(0x80, TRANSACTION), AUTHENTICATE_RESPONSE), NOW)


def test_first_event_is_what_the_download_goes_on_with():
    servers = smdp()
    eim, operation = sent_to_smds(servers)
    servers.answers["authenticateClient"] = events(entry("E1"), entry("E2", "other.example"))
    trigger = t(0xBF54, t(0xA0, t(0x80, b"1$smdp.example$E1")), t(0x82, operation))
    assert client(eim) == t(0xBF3B, t(0xA1, t(0x80, TRANSACTION), trigger))
    assert [url for url, _ in servers.posts] == [
        f"https://{SMDS}/gsma/rsp2/es9plus/initiateAuthentication",
        f"https://{SMDS}/gsma/rsp2/es9plus/authenticateClient",
    ]
    servers.answers["initiateAuthentication"] = initiated()
    answer = parse(begin(eim, operation))
    assert answer.get(0xA0, 0x0C).value == b"E1"
    assert servers.posts[-1][0].startswith("https://smdp.example/")
    assert parse(poll(eim)).get(0xBF54, 0xA0, 0x80).value == b"1$other.example$E2"


def test_no_event_is_told_without_a_trigger():
    servers = smdp()
    eim, _ = sent_to_smds(servers)
    servers.answers["authenticateClient"] = events()
    assert client(eim) == t(0xBF3B, t(0xA1, t(0x80, TRANSACTION)))


@pytest.mark.parametrize("entries", [["x"], [{"eventId": 1}], [entry("E$1")], [{"eventId": "E"}]])
def test_events_that_cannot_be_read(entries):
    servers = smdp()
    eim, _ = sent_to_smds(servers)
    servers.answers["authenticateClient"] = events(*entries)
    assert client(eim) == error(0xBF3B, 0x82, 127)


def test_unknown_event():
    servers = smdp()
    eim, _ = sent_to_smds(servers)
    servers.answers["authenticateClient"] = failed("8.9.5", "3.9")
    assert client(eim) == error(0xBF3B, 0x82, 56)


def test_root_smds_is_the_one_that_the_device_told():
    servers = smdp()
    servers.answers["initiateAuthentication"] = initiated(serverSigned1=signed1(SMDS))
    eim = make_eim(http=servers)
    deliver(eim, t(0xBF52, t(0xA0, INFO1, t(0x83, SMDS.encode()))))
    operation = eim.queue_download(EID, smds=True)
    poll(eim)
    assert parse(begin(eim, operation)).find(0xA0) is not None
    assert servers.posts[0][0].startswith(f"https://{SMDS}/")


@pytest.mark.parametrize(("version", "code"), [("1.2", 127), ("1.3", 18)])
def test_expired_order_has_a_number_since_v13(version, code):
    servers = smdp()
    eim = make_eim(http=servers)
    eim.associate(EID, version=version)
    operation = eim.queue_download(EID, activation_code="1$smdp.example$M1")
    poll(eim)
    begin(eim, operation)
    servers.answers["authenticateClient"] = failed("8.8.5", "4.10")
    assert client(eim) == error(0xBF3B, 0x82, code)


@pytest.mark.parametrize(
    ("features", "rules", "allowed", "refused"),
    [
        ("80020308", b"\x06\x40", (), True),
        ("80020308", b"\x06\x40", (2,), True),
        ("80020308", b"\x06\x40", (1,), False),
        ("80020308", b"\x05\x60", (1,), True),
        ("80020308", None, (), False),
        ("80020640", b"\x06\x40", (), False),
    ],
)
def test_policy_rules_are_verified_where_the_ipa_leaves_it(features, rules, allowed, refused):
    servers = smdp()
    metadata = t(0xBF25, t(0x5A, bytes(10)), t(0x91, b"S"), t(0x92, b"N"), b"" if rules is None else t(0x99, rules))
    servers.answers["authenticateClient"] = answered(
        transactionId=TRANSACTION.hex().upper(),
        profileMetadata=metadata,
        smdpSigned2=t(0x30, t(0x80, TRANSACTION), t(0x01, b"\x00")),
        smdpSignature2=SIGNATURE,
        smdpCertificate=t(0x30),
    )
    eim = make_eim(http=servers)
    deliver(eim, t(0xBF52, t(0xA0, INFO1, t(0xA8, bytes.fromhex(features)))))
    eim.allow_policy_rules(*allowed)
    operation = eim.queue_download(EID, activation_code="1$smdp.example$M1")
    poll(eim)
    begin(eim, operation)
    assert (client(eim) == error(0xBF3B, 0x82, 50)) is refused


@pytest.mark.parametrize(("name", "code"), [(b"N", None), (b"another", 50)])
def test_metadata_in_the_package_is_compared(name, code):
    servers = smdp()
    told = t(0xBF25, t(0x5A, bytes(10)), t(0x91, b"S"), t(0x92, b"N"))
    bound = t(0xBF25, t(0x5A, bytes(10)), t(0x92, name), t(0x91, b"S"))
    segments = t(0x88, bound[:9], bytes(8)) + t(0x88, bound[9:], bytes(8))
    servers.answers["authenticateClient"] = answered(
        transactionId=TRANSACTION.hex().upper(),
        profileMetadata=told,
        smdpSigned2=t(0x30, t(0x80, TRANSACTION), t(0x01, b"\x00")),
        smdpSignature2=SIGNATURE,
        smdpCertificate=t(0x30),
    )
    package = t(0xBF36, t(0xBF23), t(0xA0), t(0xA1, segments), t(0xA3))
    servers.answers["getBoundProfilePackage"] = answered(boundProfilePackage=package)
    eim = make_eim(http=servers)
    operation = eim.queue_download(EID, activation_code="1$smdp.example$M1")
    poll(eim)
    begin(eim, operation)
    client(eim)
    answer = eim.handle(t(0xBF3A, t(0x80, TRANSACTION), PREPARE_RESPONSE), NOW)
    assert (parse(answer).find(0xA0) is not None) if code is None else answer == error(0xBF3A, 0x81, code)
