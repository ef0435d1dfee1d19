"""Compact forms: each is rebuilt here by hand, and comes out as what the card signed."""

from __future__ import annotations

from harness.codec import decode, tlv
from harness.roles.ipa import compact
from harness.roles.ipa.compact import EUICC_CERTIFICATE, EUM_CERTIFICATE, INFO2
from tests.roles.ipa.world import World, profile

EVERYTHING = frozenset({INFO2, EUM_CERTIFICATE, EUICC_CERTIFICATE})
SIGNATURE = tlv.build(0x5F37, bytes(64))
CERTIFICATE = tlv.build(0x30, tlv.build(0x02, b"\x07"))
INFO = tlv.build(0xBF22, tlv.build(0x84, b"\x81\x01\x05"), tlv.build(0x85, b"\x00"))
CTX = tlv.build(0xA0, tlv.build(0x80, b"M"))
SIGNED1 = tlv.build(0x30, tlv.build(0x80, b"T"), tlv.build(0x83, b"a"), tlv.build(0x84, bytes(16)), INFO, CTX)
AUTHENTICATE = tlv.build(0xBF38, tlv.build(0xA0, SIGNED1, SIGNATURE, CERTIFICATE, CERTIFICATE))


def test_authenticate_server() -> None:
    resource = tlv.build(0x84, b"\x81\x01\x05")
    shortest = tlv.build(0xBF38, tlv.build(0xA2, tlv.build(0xA0, resource), SIGNATURE))
    assert compact.authenticate_response(AUTHENTICATE, EVERYTHING, True) == shortest
    with_ctx = tlv.build(0xBF38, tlv.build(0xA2, tlv.build(0xA0, resource, tlv.build(0xA2, CTX)), SIGNATURE))
    assert compact.authenticate_response(AUTHENTICATE, EVERYTHING, False) == with_ctx
    untold = compact.authenticate_response(AUTHENTICATE, frozenset(), False)
    contents = tlv.parse(CERTIFICATE).value
    certificates = tlv.build(0xA1, contents), tlv.build(0xA2, contents)
    assert untold == tlv.build(0xBF38, tlv.build(0xA2, SIGNED1, SIGNATURE, *certificates))


def test_prepare_download_and_cancel_session() -> None:
    key, hash_cc = tlv.build(0x5F49, b"\x04" + bytes(64)), tlv.build(0x04, bytes(32))
    full = tlv.build(0xBF21, tlv.build(0xA0, tlv.build(0x30, tlv.build(0x80, b"T"), key, hash_cc), SIGNATURE))
    short = tlv.build(0xBF21, tlv.build(0xA2, tlv.build(0x30, key), SIGNATURE))
    assert compact.prepare_response(full, True) == short
    assert compact.prepare_response(full, False) == tlv.build(
        0xBF21, tlv.build(0xA2, tlv.build(0x30, key, hash_cc), SIGNATURE)
    )
    signed = tlv.build(0x30, tlv.build(0x80, b"T"), tlv.build(0x06, b"\x2a"), tlv.build(0x82, b"\x03"))
    cancelled = compact.cancel_response(tlv.build(0xBF41, tlv.build(0xA0, signed, SIGNATURE)))
    assert cancelled == tlv.build(0xBF41, tlv.build(0xA2, tlv.build(0x30, tlv.build(0x80, b"\x03")), SIGNATURE))


def test_errors_stay_as_they_are() -> None:
    error = tlv.build(0xA1, tlv.build(0x80, b"T"), tlv.integer(0x02, 1))
    for write in (
        lambda full: compact.authenticate_response(full, EVERYTHING, True),
        lambda full: compact.prepare_response(full, True),
        compact.cancel_response,
    ):
        assert write(tlv.build(0xBF38, error)) == tlv.build(0xBF38, error)


def test_notifications_of_a_card() -> None:
    world = World()
    iccid = profile("operational-a").iccid
    world.install("operational-a")
    [installation] = [event.raw for event in world.smdp.events if type(event).__name__ == "NotificationReceived"]
    short = compact.pending_notification(installation, world.eid)
    assert len(short) < len(installation) - 30
    kind, value = decode("PendingNotification", short)
    assert kind == "compactProfileInstallationResult"
    data = value["compactProfileInstallationResultData"]
    full = tlv.parse(installation)
    aid = full.get(0xBF27, 0xA2, 0xA0, 0x4F).value
    assert data["compactFinalResult"][1]["compactAid"] == aid[13:15]
    assert full.get(0xBF27, 0xBF2F, 0x5A).value == iccid
    assert tlv.parse(short).get(0x5F37).raw == full.get(0x5F37).raw


def test_what_the_eim_cannot_rebuild_stays_whole() -> None:
    world = World()
    world.install("operational-a")
    [installation] = [event.raw for event in world.smdp.events if type(event).__name__ == "NotificationReceived"]
    session = tlv.parse(installation).get(0xBF27, 0x80).value
    assert not compact.eim_can_rebuild(installation, EVERYTHING, frozenset({b"another"}))
    assert compact.eim_can_rebuild(installation, frozenset(), frozenset({session}))
    metadata = tlv.build(0xBF2F, tlv.build(0x80, b"\x01"))
    other = tlv.build(0x30, metadata, SIGNATURE, CERTIFICATE, CERTIFICATE)
    assert compact.eim_can_rebuild(other, EVERYTHING, frozenset())
    assert not compact.eim_can_rebuild(other, frozenset({EUICC_CERTIFICATE}), frozenset({session}))
