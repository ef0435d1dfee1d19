"""SCP03t: a whole chain recomputed with the openssl command, then everything that must be refused."""

from __future__ import annotations

import pytest

from harness.codec import tlv
from harness.crypto.agreement import SessionKeys
from harness.crypto.entropy import Entropy
from harness.crypto.scp03t import FORM, MAC, MAX_SEGMENT, PADDING, SIZE, Scp03tError, Scp03tReceiver, Scp03tSender
from tests.crypto.real_data import openssl


def drawn(label: str) -> SessionKeys:
    entropy = Entropy(label)
    return SessionKeys(entropy.bytes(16), entropy.bytes(16), entropy.bytes(16))


KEYS = drawn("session")
PROFILE_KEYS = drawn("profile")
METADATA = Entropy("metadata").bytes(1500)
PROFILE = Entropy("profile").bytes(2100)


def aes_cbc(key: bytes, iv: bytes, data: bytes) -> bytes:
    return openssl("enc", "-aes-128-cbc", "-nopad", "-K", key.hex(), "-iv", iv.hex(), stdin=data)


def aes_cmac(key: bytes, data: bytes) -> bytes:
    options = ("cipher:AES-128-CBC", f"hexkey:{key.hex()}")
    told = openssl("mac", *(part for option in options for part in ("-macopt", option)), "-in", "-", "CMAC", stdin=data)
    return bytes.fromhex(told.decode().strip())


class OpensslChain:
    """What the standard says of one direction, with nothing of ours in it."""

    def __init__(self, keys: SessionKeys) -> None:
        self.keys, self.chain, self.counter = keys, keys.initial_mac_chaining, 1

    def segment(self, tag: int, plaintext: bytes) -> bytes:
        data = plaintext
        if tag != 0x88:
            padded = plaintext + b"\x80"
            padded += bytes(-len(padded) % 16)
            icv = aes_cbc(self.keys.s_enc, bytes(16), self.counter.to_bytes(16, "big"))
            data = aes_cbc(self.keys.s_enc, icv, padded)
        size = len(data) + 8
        length = (
            bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")
        )
        self.chain = aes_cmac(self.keys.s_mac, self.chain + bytes([tag]) + length + data)
        self.counter += 1
        return bytes([tag]) + length + data + self.chain[:8]


def a_whole_package(sender: Scp03tSender) -> list[tuple[int, bytes, bytes]]:
    """Tag, plaintext and segment of everything in a bound profile package with replaced session keys."""
    row = [(0x87, b"\xbf\x24\x00", sender.protect(0x87, b"\xbf\x24\x00"))]
    cuts = [METADATA[:1008], METADATA[1008:]]
    row += [(0x88, plain, segment) for plain, segment in zip(cuts, sender.segments(0x88, METADATA), strict=True)]
    replacement = b"".join((PROFILE_KEYS.initial_mac_chaining, PROFILE_KEYS.s_enc, PROFILE_KEYS.s_mac))
    row.append((0x87, replacement, sender.protect(0x87, replacement)))
    sender.replace_keys(PROFILE_KEYS)
    cuts = [PROFILE[:1007], PROFILE[1007:2014], PROFILE[2014:]]
    row += [(0x86, plain, segment) for plain, segment in zip(cuts, sender.segments(0x86, PROFILE), strict=True)]
    return row


def test_a_whole_chain_is_what_openssl_makes_of_it() -> None:
    chain = OpensslChain(KEYS)
    for tag, plaintext, segment in a_whole_package(Scp03tSender(KEYS)):
        if tag == 0x86 and chain.keys is KEYS:
            chain = OpensslChain(PROFILE_KEYS)
        assert segment == chain.segment(tag, plaintext)


def test_the_receiver_gets_everything_back() -> None:
    receiver = Scp03tReceiver(KEYS)
    for tag, plaintext, segment in a_whole_package(Scp03tSender(KEYS)):
        if tag == 0x86 and plaintext == PROFILE[:1007]:
            receiver.replace_keys(PROFILE_KEYS)
        assert receiver.unprotect(segment) == plaintext


@pytest.mark.parametrize("tag", [0x86, 0x87, 0x88])
@pytest.mark.parametrize(
    "size", [0, 1, 15, 16, 17, 103, 104, 119, 120, 231, 247, 1006, 1007, 1008, 1009, 2014, 2016, 5000]
)
def test_segments_fill_but_never_pass_the_limit(tag: int, size: int) -> None:
    data = Entropy(size).bytes(size)
    segments = Scp03tSender(KEYS).segments(tag, data)
    receiver = Scp03tReceiver(KEYS)
    assert b"".join(receiver.unprotect(segment) for segment in segments) == data
    assert all(len(segment) <= MAX_SEGMENT for segment in segments)
    assert all(len(segment) == MAX_SEGMENT for segment in segments[:-1])


def test_the_counter_advances_for_a_mac_only_segment() -> None:
    after_nothing, after_metadata = Scp03tSender(KEYS), Scp03tSender(KEYS)
    after_metadata.protect(0x88, b"metadata")
    assert after_nothing.protect(0x86, b"x")[2:18] != after_metadata.protect(0x86, b"x")[2:18]


def test_replaced_keys_begin_anew() -> None:
    sender = Scp03tSender(KEYS)
    sender.protect(0x87, b"x")
    sender.replace_keys(PROFILE_KEYS)
    assert sender.protect(0x86, b"y") == Scp03tSender(PROFILE_KEYS).protect(0x86, b"y")


@pytest.mark.parametrize("tag", [0x86, 0x88])
def test_every_changed_octet_is_refused_and_changes_nothing(tag: int) -> None:
    segment = Scp03tSender(KEYS).protect(tag, b"profile element")
    receiver = Scp03tReceiver(KEYS)
    for at in range(len(segment)):
        changed = segment[:at] + bytes([segment[at] ^ 0x01]) + segment[at + 1 :]
        with pytest.raises(Scp03tError) as refusal:
            receiver.unprotect(changed)
        assert refusal.value.reason == (MAC if at > 1 or (at == 0 and tag == 0x86) else FORM)
    assert receiver.unprotect(segment) == b"profile element"


def test_order_matters() -> None:
    sender = Scp03tSender(KEYS)
    first, second = sender.protect(0x86, b"one"), sender.protect(0x86, b"two")
    receiver = Scp03tReceiver(KEYS)
    assert not receiver.mac_is_valid(second)
    assert receiver.unprotect(first) == b"one"
    with pytest.raises(Scp03tError):
        receiver.unprotect(first)
    assert receiver.unprotect(second) == b"two"


def test_a_segment_above_the_limit_is_refused_unless_any_size_is_wanted() -> None:
    large = Scp03tSender(KEYS).protect(0x86, bytes(1008))
    assert len(large) == 1036
    with pytest.raises(Scp03tError) as refusal:
        Scp03tReceiver(KEYS).unprotect(large)
    assert refusal.value.reason == SIZE
    assert Scp03tReceiver(KEYS, max_segment=None).unprotect(large) == bytes(1008)


def test_wrong_padding_is_refused_behind_a_right_mac() -> None:
    chain = OpensslChain(KEYS)
    for end in (b"\x00" * 16, b"\x01" * 16, b"\x80" + b"\x00" * 14 + b"\x01", b"\x80" + bytes(31)):
        icv = aes_cbc(KEYS.s_enc, bytes(16), (1).to_bytes(16, "big"))
        data = aes_cbc(KEYS.s_enc, icv, end)
        mac = aes_cmac(KEYS.s_mac, chain.chain + bytes([0x86, len(data) + 8]) + data)
        segment = tlv.build(0x86, data, mac[:8])
        with pytest.raises(Scp03tError) as refusal:
            Scp03tReceiver(KEYS).unprotect(segment)
        assert refusal.value.reason == PADDING


@pytest.mark.parametrize(
    "segment",
    [
        b"",
        b"\x86",
        b"\x86\x00",
        b"\x86\x08" + bytes(8),
        b"\x86\x09" + bytes(9),
        b"\x88\x07" + bytes(7),
        b"\x85\x08" + bytes(8),
        b"\x86\x81\x18" + bytes(24),
        b"\x86\x18" + bytes(25),
    ],
    ids=bytes.hex,
)
def test_what_is_no_segment_is_refused(segment: bytes) -> None:
    with pytest.raises(Scp03tError) as refusal:
        Scp03tReceiver(KEYS).unprotect(segment)
    assert refusal.value.reason == FORM


def test_other_tags_are_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="no tag 85"):
        Scp03tSender(KEYS).protect(0x85, b"")
