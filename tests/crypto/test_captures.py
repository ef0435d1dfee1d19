"""Two downloads and a row of signed packages between other implementations, followed octet by octet."""

from __future__ import annotations

from typing import Any

import pytest

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.crypto.agreement import SessionKeys, session_keys
from harness.crypto.certificates import Certificate
from harness.crypto.chain import euicc_chain_faults, verify_server_chain
from harness.crypto.ecdsa import Curve, load_point, private_key, public_key_point, verify
from harness.crypto.scp03t import MAX_SEGMENT, SIZE, Scp03tError, Scp03tReceiver
from tests.crypto.real_data import capture

DOWNLOADS = ["download-ts48-v2-unique", "download-ts48-v7-bertlv-suci"]

SIGNATURE = 0x5F37
ONE_TIME_KEY = 0x5F49


class Download:
    """The messages of one download, cut."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.eid = bytes.fromhex(content["eid"])
        self.authenticate = self.message("authenticateServerRequest").children
        self.authenticated = self.message("authenticateServerResponse").get(0xA0).children
        self.prepare = self.message("prepareDownloadRequest").children
        self.prepared = self.message("prepareDownloadResponse").get(0xA0).children
        self.package = self.message("boundProfilePackage")
        self.channel = self.package.get(0xBF23)
        self.dp_auth = Certificate(self.authenticate[3].raw)
        self.dp_pb = Certificate(self.prepare[-1].raw)

    def message(self, name: str) -> Tlv:
        return tlv.parse(bytes.fromhex(self.content[name]))

    def certificate(self, name: str) -> Certificate:
        return Certificate(bytes.fromhex(self.content[name]))

    def receiver(self, max_segment: int | None = None) -> Scp03tReceiver:
        own = private_key(Curve.NIST, bytes.fromhex(self.content["euiccOneTimePrivateKey"]))
        peer = self.channel.get(ONE_TIME_KEY).value
        host_id = self.channel.get(0xA6, 0x84).value
        return Scp03tReceiver(session_keys(own, peer, host_id=host_id, eid=self.eid), max_segment=max_segment)


@pytest.fixture(params=DOWNLOADS)
def download(request: pytest.FixtureRequest) -> Download:
    return Download(capture(request.param))


def test_every_signature_holds_over_the_received_octets(download: Download) -> None:
    euicc = download.certificate("euiccCertificate").public_key
    dp_auth, dp_pb = download.dp_auth.public_key, download.dp_pb.public_key
    server_signed1, server_signature1 = download.authenticate[:2]
    euicc_signed1, euicc_signature1 = download.authenticated[:2]
    smdp_signed2, smdp_signature2 = download.prepare[:2]
    euicc_signed2, euicc_signature2 = download.prepared[:2]
    key_of_euicc = euicc_signed2.get(ONE_TIME_KEY)
    *channel, channel_signature = download.channel.children
    result, result_signature = download.message("profileInstallationResult").children

    signed = [
        (dp_auth, server_signature1, server_signed1.raw),
        (euicc, euicc_signature1, euicc_signed1.raw),
        (dp_pb, smdp_signature2, smdp_signed2.raw + euicc_signature1.raw),
        (euicc, euicc_signature2, euicc_signed2.raw + smdp_signature2.raw),
        (dp_pb, channel_signature, b"".join(part.raw for part in channel) + key_of_euicc.raw),
        (euicc, result_signature, result.raw),
    ]
    for key, signature, message in signed:
        assert signature.tag == SIGNATURE
        assert verify(key, signature.value, message)
        assert not verify(key, signature.value, message + b"\x00")


def test_the_one_time_key_belongs_to_the_response(download: Download) -> None:
    own = private_key(Curve.NIST, bytes.fromhex(download.content["euiccOneTimePrivateKey"]))
    assert public_key_point(own) == download.prepared[0].get(ONE_TIME_KEY).value


def test_the_bound_package_opens_to_exactly_the_unprotected_one(download: Download) -> None:
    receiver = download.receiver()
    _, configure, metadata, replace, elements = download.package.children
    configured = [tlv.parse(receiver.unprotect(segment.raw)) for segment in configure.children]
    assert [part.tag for part in configured] == [0xBF24]
    stored = tlv.parse(b"".join(receiver.unprotect(segment.raw) for segment in metadata.children))
    assert stored.tag == 0xBF25
    assert stored.get(0x5A).value.hex() == download.content["storeMetadata_iccid"]
    replacement = tlv.parse(b"".join(receiver.unprotect(segment.raw) for segment in replace.children))
    assert replacement.tag == 0xBF26
    receiver.replace_keys(SessionKeys(*(replacement.get(tag).value for tag in (0x80, 0x81, 0x82))))
    profile = b"".join(receiver.unprotect(segment.raw) for segment in elements.children)
    assert profile.hex() == download.content["unprotectedProfilePackage"]


def test_its_segments_are_longer_than_a_strict_receiver_takes(download: Download) -> None:
    elements = download.package.children[-1].children
    assert {len(segment.raw) for segment in elements[:-1]} == {1036}
    with pytest.raises(Scp03tError) as refusal:
        download.receiver(MAX_SEGMENT).unprotect(elements[0].raw)
    assert refusal.value.reason == SIZE


def test_the_chains_hold_but_for_a_policy_that_the_euicc_certificate_lacks(download: Download) -> None:
    ci = download.certificate("ciCertificate")
    verify_server_chain(ci, download.dp_auth, "dp-auth")
    verify_server_chain(ci, download.dp_pb, "dp-pb")
    assert download.dp_auth.rid_oid == download.dp_pb.rid_oid
    eum, euicc = download.certificate("eumCertificate"), download.certificate("euiccCertificate")
    faults = euicc_chain_faults(ci, eum, euicc, eid=download.eid)
    assert [(fault.role, fault.rule) for fault in faults] == [("euicc", "policy")]


def test_packages_and_results_are_signed_with_the_association_token() -> None:
    content = capture("es10b-packages-v1.0")
    token = tlv.integer(0x84, content["associationToken"])
    assert token.hex() == "840101"
    keys = {
        ">": load_point(Curve.NIST, bytes.fromhex(content["eimPublicKeyUncompressed"])),
        "<": load_point(Curve.NIST, bytes.fromhex(content["euiccPublicKeyUncompressed"])),
    }
    seen = {">": 0, "<": 0}
    for line in content["exchange"]:
        direction, octets = line.split()
        message = tlv.parse(bytes.fromhex(octets))
        if message.tag != 0xBF51:
            continue
        package = message if direction == ">" else message.get(0xA0)
        data, signature = package.children
        assert verify(keys[direction], signature.value, data.raw + token)
        assert not verify(keys[direction], signature.value, data.raw)
        seen[direction] += 1
    assert seen == {">": 5, "<": 5}
