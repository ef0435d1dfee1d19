"""Two downloads between other implementations, taken up by our SM-DP+ in the other one's place."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.codec import decode, tlv
from harness.crypto.agreement import SessionKeys, session_keys
from harness.crypto.certificates import Certificate
from harness.crypto.ecdsa import Curve, load_point, private_key, public_key_point
from harness.crypto.entropy import Entropy
from harness.crypto.pki import load_sgp26
from harness.crypto.scp03t import Scp03tReceiver, Scp03tSender
from harness.profiles import ready_made
from harness.roles.smdp import CONFORMING, Smdp, SmdpIdentity
from harness.roles.smdp.events import EuiccAuthenticated, NotificationReceived
from harness.roles.smdp.messages import (
    AuthenticateClient,
    AuthenticateClientOk,
    GetBoundProfilePackage,
    GetBoundProfilePackageOk,
    HandleNotification,
)
from harness.roles.smdp.state import Session, SmdpState
from harness.roles.smdp.status import Status
from harness.simulators.defects import broken

TEST_DATA = os.environ.get("SGP32_TEST_DATA")
DOWNLOADS = ["download-ts48-v2-unique", "download-ts48-v7-bertlv-suci"]
NOW = datetime(2027, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(TEST_DATA is None, reason="SGP32_TEST_DATA is not set: no captured downloads")


class Captured:
    """One download, and our SM-DP+ with the session that the other one had."""

    def __init__(self, name: str) -> None:
        self.content: dict[str, Any] = json.loads(Path(str(TEST_DATA), "captures", f"{name}.json").read_text())
        request = tlv.parse(self.octets("authenticateServerRequest"))
        signed1 = decode("ServerSigned1", request.get(0x30).raw)
        self.matching_id = decode("AuthenticateServerRequest", request.raw)["ctxParams1"][1]["matchingId"]
        self.transaction_id: bytes = signed1["transactionId"]
        self.profile = ready_made(name, self.octets("unprotectedProfilePackage"))
        pki = load_sgp26(Path(str(TEST_DATA), "sgp26"), NOW)
        identity = SmdpIdentity.of(pki, signed1["serverAddress"], curves=["nist"])
        credentials = identity.credentials[0]
        session = Session(
            self.transaction_id,
            signed1["euiccChallenge"],
            signed1["serverChallenge"],
            credentials.ci_key_id,
            credentials.ci_certificate,
            credentials,
        )
        # That eUICC's certificate carries no policy, which our chain check rightly refuses: the chain is not the point here.
        rules = broken(CONFORMING, "smdp", ["accepts-any-euicc-certificate"])
        self.smdp = Smdp(identity, Entropy("captures"), rules, state=SmdpState().with_session(session))
        self.order = self.smdp.order(self.profile, matching_id=self.matching_id)

    def octets(self, name: str) -> bytes:
        return bytes.fromhex(self.content[name])

    def authenticated(self) -> AuthenticateClientOk | Any:
        return self.smdp.call(AuthenticateClient(self.transaction_id, self.octets("authenticateServerResponse")), NOW)

    def with_their_signature2(self) -> None:
        """The eUICC signed the other SM-DP+'s signature; ours differs by its key's randomness only."""
        theirs = tlv.parse(self.octets("prepareDownloadRequest")).get(0x5F37).raw
        session = replace(self.smdp.state.sessions[self.transaction_id], smdp_signature2=theirs)
        self.smdp._state = self.smdp.state.with_session(session)

    def keys(self, package: tlv.Tlv) -> SessionKeys:
        own = private_key(Curve.NIST, self.octets("euiccOneTimePrivateKey"))
        channel = package.get(0xBF23)
        host_id = channel.get(0xA6, 0x84).value
        return session_keys(own, channel.get(0x5F49).value, host_id=host_id, eid=self.octets("eid"))


@pytest.fixture(params=DOWNLOADS)
def captured(request: pytest.FixtureRequest) -> Captured:
    return Captured(request.param)


def test_the_euicc_is_authenticated_and_gets_what_it_was_offered(captured: Captured) -> None:
    answer = captured.authenticated()
    assert isinstance(answer, AuthenticateClientOk)
    assert answer.smdp_signed2 == tlv.parse(captured.octets("prepareDownloadRequest")).get(0x30).raw
    assert answer.smdp_certificate == tlv.parse(captured.octets("prepareDownloadRequest")).children[-1].raw
    told = captured.smdp.events[-1]
    assert isinstance(told, EuiccAuthenticated)
    assert (told.eid, told.matching_id) == (captured.octets("eid"), captured.matching_id)


def test_our_package_opens_with_that_euiccs_key(captured: Captured) -> None:
    captured.authenticated()
    captured.with_their_signature2()
    request = GetBoundProfilePackage(captured.transaction_id, captured.octets("prepareDownloadResponse"))
    answer = captured.smdp.call(request, NOW)
    assert isinstance(answer, GetBoundProfilePackageOk)
    package = tlv.parse(answer.bound_profile_package)
    receiver = Scp03tReceiver(captured.keys(package))
    opened = {
        group.tag: b"".join(receiver.unprotect(part.raw) for part in group.children) for group in package.children[1:]
    }
    assert opened[0xA3] == captured.profile.der
    assert tlv.parse(opened[0xA1]).get(0x5A).value == captured.profile.iccid


def test_its_installation_result_is_believed(captured: Captured) -> None:
    captured.authenticated()
    captured.with_their_signature2()
    captured.smdp.call(GetBoundProfilePackage(captured.transaction_id, captured.octets("prepareDownloadResponse")), NOW)
    captured.smdp.call(HandleNotification(captured.octets("profileInstallationResult")), NOW)
    told = captured.smdp.events[-1]
    assert isinstance(told, NotificationReceived)
    assert told.is_verified
    assert (told.event, told.error, told.eid) == ("install", None, captured.octets("eid"))


def test_the_strict_chain_refuses_that_euiccs_certificate(captured: Captured) -> None:
    captured.smdp._rules = CONFORMING
    assert captured.authenticated() is Status.EUICC_INVALID


def test_the_defect_of_oversized_segments_is_the_one_in_the_field(captured: Captured) -> None:
    """The other SM-DP+'s segments, octet by octet, from the same keys and contents."""
    package = tlv.parse(captured.octets("boundProfilePackage"))
    keys = captured.keys(package)
    receiver, sender = Scp03tReceiver(keys, max_segment=None), Scp03tSender(keys)
    segments = broken(CONFORMING, "smdp", ["sends-oversized-segments"])["segments"]
    for group in package.children[1:]:
        plain = b"".join(receiver.unprotect(part.raw) for part in group.children)
        assert tlv.build(group.tag, *segments(sender, group.children[0].tag, plain)) == group.raw
        if group.tag == 0xA2:
            replaced = SessionKeys(*(field.value for field in tlv.parse(plain).children))
            receiver.replace_keys(replaced)
            sender.replace_keys(replaced)
    assert plain == captured.profile.der


def test_the_captured_one_time_key_is_the_one_that_was_signed(captured: Captured) -> None:
    own = private_key(Curve.NIST, captured.octets("euiccOneTimePrivateKey"))
    signed = tlv.parse(captured.octets("prepareDownloadResponse")).get(0xA0, 0x30, 0x5F49)
    assert public_key_point(load_point(Curve.NIST, signed.value)) == public_key_point(own)
    assert Certificate(captured.octets("euiccCertificate")).eid == captured.octets("eid")
