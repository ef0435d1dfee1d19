"""Whole downloads: every shipped profile, and the published test profiles, into simulated eUICCs on both curves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness import resources
from harness.codec import tlv
from harness.crypto.entropy import Entropy
from harness.profiles import ProfilePackage, load_profiles, ready_made
from harness.roles.smdp import OrderState, Smdp, SmdpIdentity
from harness.roles.smdp.events import EuiccAuthenticated, NotificationReceived, PackageBound, SessionBegan
from tests.roles.smdp.client import PKI, Session, card, status

PROFILES = load_profiles(resources.path("fixtures/profiles"))
TEST_DATA = os.environ.get("SGP32_TEST_DATA")

both_curves = pytest.mark.parametrize("curve", ["nist", "brainpool"])


def smdp() -> Smdp:
    return Smdp(SmdpIdentity.of(PKI), Entropy("smdp"))


def installed(server: Smdp, profile: ProfilePackage, curve: str, **order: object) -> Session:
    placed = server.order(profile, **order)  # type: ignore[arg-type]
    session = Session(server, card([curve]), placed.matching_id)
    assert session.install().is_success
    (found,) = session.es10.get_profiles_info()
    assert found.iccid == profile.iccid
    session.notify(session.result.raw)
    assert server.order_now(placed).state is OrderState.INSTALLED
    return session


@both_curves
@pytest.mark.parametrize("name", PROFILES)
def test_every_fixture_profile_installs(name: str, curve: str) -> None:
    installed(smdp(), PROFILES[name], curve)


@both_curves
def test_under_keys_of_its_own(curve: str) -> None:
    installed(smdp(), PROFILES["operational-a"], curve, replaces_keys=True)


@both_curves
@pytest.mark.skipif(TEST_DATA is None, reason="SGP32_TEST_DATA is not set: no TS.48 packages")
@pytest.mark.parametrize("name", ["BERTLV_SUCI", "NoBERTLV_NoRAMRFM"])
def test_published_test_profiles_install(name: str, curve: str) -> None:
    der = Path(str(TEST_DATA), "ts48-v7.0", f"{name}.der").read_bytes()
    installed(smdp(), ready_made(name, der), curve)


def test_what_is_told_on_the_way() -> None:
    server = smdp()
    session = installed(server, PROFILES["operational-a"], "nist", matching_id="CODE-1")
    kinds = [type(event) for event in server.events]
    assert kinds == [SessionBegan, EuiccAuthenticated, PackageBound, NotificationReceived]
    authenticated, bound, notified = server.events[1:]
    assert isinstance(authenticated, EuiccAuthenticated)
    assert authenticated.eid == session.es10.get_eid()
    assert authenticated.matching_id == "CODE-1"
    assert isinstance(bound, PackageBound)
    assert not bound.is_retry
    assert isinstance(notified, NotificationReceived)
    assert notified.is_verified
    assert (notified.event, notified.error, notified.address) == ("install", None, "smdp.harness.test")


def test_the_same_seed_gives_the_same_package() -> None:
    packages = [
        Session(server := smdp(), card(), server.order(PROFILES["test"]).matching_id).to_package() for _ in "ab"
    ]
    assert packages[0] == packages[1]


def test_second_installation_of_the_same_profile_is_reported() -> None:
    server = smdp()
    session = installed(server, PROFILES["operational-a"], "nist")
    again = server.order(PROFILES["operational-a"])
    session.matching_id = again.matching_id
    assert session.install().error_reason == 9
    session.notify(session.result.raw)
    assert server.order_now(again).state is OrderState.FAILED
    event = server.events[-1]
    assert isinstance(event, NotificationReceived)
    assert event.error is not None
    assert event.error[1] == 9


def test_no_segment_above_its_limit() -> None:
    server = smdp()
    session = Session(server, card(), server.order(PROFILES["operational-b"], replaces_keys=True).matching_id)
    package = tlv.parse(session.to_package())
    assert [child.tag for child in package.children] == [0xBF23, 0xA0, 0xA1, 0xA2, 0xA3]
    segments = [segment for group in package.children[1:] for segment in group.children]
    assert [segment.tag for segment in segments] == [0x87, 0x88, 0x87, 0x86, 0x86, 0x86]
    assert max(len(segment.raw) for segment in segments) <= 1020


def test_an_interrupted_download_gets_the_same_segments_again() -> None:
    server = smdp()
    session = Session(server, card(), server.order(PROFILES["operational-a"]).matching_id)
    first = tlv.parse(session.to_package())
    second = tlv.parse(session.to_package())
    assert second.get(0xA3).raw == first.get(0xA3).raw
    assert second.get(0xBF23, 0x5F49).raw == first.get(0xBF23, 0x5F49).raw
    assert second.get(0xBF23, 0x80).raw != first.get(0xBF23, 0x80).raw
    assert server.events[-1].is_retry  # type: ignore[union-attr]
    assert session.es10.load_bound_profile_package(second.raw).is_success


def test_another_euicc_gets_a_binding_of_its_own_or_none() -> None:
    server = smdp()
    for may_rebind, expected in ((True, "Executed-Success"), (False, ("8.2", "3.7"))):
        order = server.order(PROFILES["operational-a"], may_rebind=may_rebind)
        Session(server, card(), order.matching_id).to_package()
        other = Session(server, card(seed="another"), order.matching_id)
        assert status(other.to_preparation().get_package()) == expected
