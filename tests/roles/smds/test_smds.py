"""An SM-DS: events and to whom they are told, in both bindings, checked by a card and by OpenSSL."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.codec import decode, encode, findings, tlv
from harness.crypto.entropy import Entropy
from harness.roles.es10.client import Es10
from harness.roles.smds import EventRecord, Smds, SmdsIdentity
from harness.roles.smds.state import MAX_EVENTS, MAX_SESSIONS
from tests.roles.smdp.client import DEVICE_INFO, NOW, PKI, b64, card, status, un64

ES11, ES12, ASN1 = "/gsma/rsp2/es9plus/", "/gsma/rsp2/es12/", "/gsma/rsp2/asn1"
EID = "89049032123451234512345678901235"
HEADER = {"functionRequesterIdentifier": "2.999.10", "functionCallIdentifier": "1"}
SUCCESS = "Executed-Success"


@dataclass
class Asking:
    """An eUICC that asks, over JSON or ASN.1."""

    smds: Smds
    es10: Es10 = field(default_factory=card)
    binding: str = "json"

    def initiate(self) -> list[bytes]:
        challenge, info1 = self.es10.get_euicc_challenge(), self.es10.get_euicc_info1().raw
        if self.binding == "json":
            told = self.json(
                "initiateAuthentication",
                smdpAddress=self.smds.identity.address,
                euiccChallenge=b64(challenge),
                euiccInfo1=b64(info1),
            )
            self.transaction_id = bytes.fromhex(told["transactionId"])
            names = ("serverSigned1", "serverSignature1", "euiccCiPKIdToBeUsed", "serverCertificate")
            return [un64(told[name]) for name in names]
        address = tlv.build(0x83, self.smds.identity.address.encode())
        answer = self.asn1(tlv.build(0xBF39, tlv.build(0x81, challenge), address, info1))
        fields = answer.get(0xBF39, 0xA0).children
        self.transaction_id = fields[0].value
        return [found.raw for found in fields[1:]]

    def events(self, matching_id: str | None = None) -> Any:
        context: dict[str, Any] = {"deviceInfo": DEVICE_INFO}
        if matching_id is not None:
            context["matchingId"] = matching_id
        parameters = encode("CtxParams1", ("ctxParamsForCommonAuthentication", context))
        response = self.es10.authenticate_server(tlv.build(0xBF38, *self.initiate(), parameters)).raw
        assert tlv.parse(response).find(0xA0), response.hex()
        if self.binding == "json":
            told = self.json(
                "authenticateClient",
                transactionId=self.transaction_id.hex(),
                authenticateServerResponse=b64(response),
            )
            failed = status(told)
            entries = [(entry["eventId"], entry["rspServerAddress"]) for entry in told.get("eventEntries", ())]
            return entries if failed == SUCCESS else failed
        answer = self.asn1(tlv.build(0xBF3B, tlv.build(0x80, self.transaction_id), response))
        kind, value = decode("AuthenticateClientResponseEs11", answer.children[0].raw)
        if kind == "authenticateClientError":
            return value
        return [(entry["eventId"], entry["rspServerAddress"]) for entry in value["eventEntries"]]

    def json(self, function: str, **fields: str) -> dict[str, Any]:
        reply = self.smds.handle(ES11 + function, json.dumps(fields).encode(), NOW)
        assert reply.status == 200
        return dict(json.loads(reply.body))

    def asn1(self, function: bytes) -> tlv.Tlv:
        reply = self.smds.handle(ASN1, tlv.build(0xA2, function), NOW)
        assert reply.status == 200
        assert findings("RemoteProfileProvisioningResponse", reply.body) == []
        return tlv.parse(reply.body)


@pytest.fixture
def smds() -> Smds:
    return Smds(SmdsIdentity.of(PKI), Entropy("smds"))


def told(smds: Smds, function: str, eid: str = EID, event_id: str = "E-1", **fields: Any) -> str | tuple[str, str]:
    request = {"header": HEADER, "eid": eid, "eventId": event_id, "rspServerAddress": "smdp.example", **fields}
    reply = smds.handle(ES12 + function, json.dumps(request).encode(), NOW)
    return status(json.loads(reply.body)) if reply.status == 200 else str(reply.status)


@pytest.mark.parametrize("binding", ["json", "asn1"])
def test_events_are_told_to_their_euicc_alone(smds: Smds, binding: str) -> None:
    asking = Asking(smds, binding=binding)
    own = asking.es10.get_eid().hex()
    assert asking.events() == []
    for eid, event_id in ((own, "E-1"), (EID, "E-2"), (own, "E-3")):
        assert told(smds, "registerEvent", eid, event_id, rspServerAddress=f"{event_id}.example") == SUCCESS
    assert asking.events() == asking.events("") == [("E-1", "E-1.example"), ("E-3", "E-3.example")]
    assert asking.events("E-3") == [("E-3", "E-3.example")]
    assert asking.events("E-2") == (("8.9.5", "3.9") if binding == "json" else 6)
    assert told(smds, "deleteEvent", own, "E-1") == SUCCESS
    assert asking.events() == [("E-3", "E-3.example")]
    assert not smds.state.sessions, "each session ends with its answer"


def test_registering_and_deleting(smds: Smds) -> None:
    assert told(smds, "registerEvent", forwardingIndicator=True) == SUCCESS
    assert smds.events == (EventRecord(bytes.fromhex(EID), "E-1", "smdp.example", True),)
    assert told(smds, "registerEvent", rspServerAddress="elsewhere.example") == ("8.9.5", "3.3")
    assert told(smds, "deleteEvent", event_id="E-2") == ("8.9.5", "3.9")
    assert told(smds, "deleteEvent", eid=EID[:-1] + "4") == ("8.9.5", "3.9")
    assert len(smds.events) == 1
    assert told(smds, "deleteEvent") == SUCCESS
    assert smds.events == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"header": None},
        {"header": {"functionRequesterIdentifier": "x"}},
        {"eid": EID[:-1]},
        {"eid": "8904903212345123451234567890123x"},
        {"eventId": ""},
        {"eventId": "x" * 256},
        {"eventId": "a\nb"},
        {"rspServerAddress": 7},
        {"forwardingIndicator": "yes"},
    ],
)
def test_what_is_no_event_is_refused_and_changes_nothing(smds: Smds, fields: dict[str, Any]) -> None:
    request = {"header": HEADER, "eid": EID, "eventId": "E-1", "rspServerAddress": "smdp.example", **fields}
    reply = smds.handle(ES12 + "registerEvent", json.dumps(request).encode(), NOW)
    assert (reply.status, reply.body) == (400, b"")
    assert smds.events == ()


def test_memory_is_bounded(smds: Smds) -> None:
    for number in range(MAX_EVENTS):
        assert told(smds, "registerEvent", event_id=f"E-{number}") == SUCCESS
    assert told(smds, "registerEvent", event_id="one more") == ("1.2", "4.2")
    asking = Asking(smds)
    for _ in range(MAX_SESSIONS + 2):
        asking.initiate()
    assert len(smds.state.sessions) == MAX_SESSIONS


def test_a_proof_counts_once_and_only_for_its_session(smds: Smds) -> None:
    asking = Asking(smds)
    parameters = encode("CtxParams1", ("ctxParamsForCommonAuthentication", {"deviceInfo": DEVICE_INFO}))
    proof = asking.es10.authenticate_server(tlv.build(0xBF38, *asking.initiate(), parameters)).raw

    def answered() -> str | tuple[str, str]:
        transaction = asking.transaction_id.hex()
        return status(
            asking.json("authenticateClient", transactionId=transaction, authenticateServerResponse=b64(proof))
        )

    first = asking.transaction_id
    asking.initiate()
    assert answered() == ("8.1", "6.1")
    assert answered() == ("8.10.1", "3.9"), "a refusal ends the session"
    asking.transaction_id = first
    assert answered() == SUCCESS
    assert answered() == ("8.10.1", "3.9")


@pytest.mark.parametrize("path", ["/", ES11, ES11 + "getBoundProfilePackage", ES12 + "x", ASN1 + "/x"])
def test_functions_that_an_sm_ds_does_not_have(smds: Smds, path: str) -> None:
    assert smds.handle(path, b"{}", NOW).status == 404


def test_openssl_believes_the_certificate_and_the_signature(smds: Smds, tmp_path: Path) -> None:
    signed, signature, _, certificate = Asking(smds).initiate()
    value = tlv.parse(signature).value
    der = tlv.build(0x30, *(tlv.build(0x02, _integer(part)) for part in (value[:32], value[32:])))
    leaf, ci = tmp_path / "leaf.pem", tmp_path / "ci.pem"
    for file, octets in ((leaf, certificate), (ci, PKI.trust("nist").ci.certificate)):
        lines = base64.encodebytes(octets).decode()
        file.write_text(f"-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
    (tmp_path / "signed").write_bytes(signed)
    (tmp_path / "signature").write_bytes(der)
    (tmp_path / "key.pem").write_bytes(_openssl("x509", "-in", leaf, "-pubkey", "-noout"))
    checked = _openssl(
        "dgst", "-sha256", "-verify", tmp_path / "key.pem", "-signature", tmp_path / "signature", tmp_path / "signed"
    )
    assert b"Verified OK" in checked
    text = _openssl("x509", "-in", leaf, "-noout", "-text")
    assert b"Policy: 2.23.146.1.2.1.7" in text
    assert _openssl("verify", "-ignore_critical", "-CAfile", ci, leaf).rstrip().endswith(b"OK")


def _openssl(*arguments: str | Path) -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True, timeout=30).stdout


def _integer(octets: bytes) -> bytes:
    stripped = octets.lstrip(b"\0") or b"\0"
    return (b"\0" if stripped[0] & 0x80 else b"") + stripped
