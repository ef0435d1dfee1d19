"""Commands that are no sound TLV, and commands that are too long. SGP.22 §5.7.2, X.690."""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.raw import RawChannel, open_isdr
from harness.conformance.steps import CaseSteps

GET_EID = bytes.fromhex("BF3E035C015A")
ANNOUNCED = 0xFFFF
"""Octets of the longest command, far above what any function of a card needs."""
BLOCK = 255


def nested(depth: int) -> bytes:
    """A package of SEQUENCEs inside one another."""
    inner = b""
    for _ in range(depth):
        inner = tlv.build(0x30, inner)
    return tlv.build(0xBF51, inner)


BOMBS = {
    "a length of 4 GB": bytes.fromhex("BF3E84FFFFFFFF5C015A"),
    "a length in 126 octets": bytes.fromhex("BF3EFE") + bytes(126),
    "an inner length beyond the outer one": bytes.fromhex("BF51058003414243"),
    "an inner length of 2 GB": bytes.fromhex("BF5109308480000000800141"),
    "an indefinite length": bytes.fromhex("BF3E805C015A0000"),
    "less than its length": bytes.fromhex("BF3E105C015A"),
    "a tag without an end": bytes.fromhex("BFFFFFFFFFFFFFFFFF"),
    "80 SEQUENCEs inside one another": nested(80),
    "nothing but FF": b"\xff" * BLOCK,
}


@case(
    "SE-025",
    clause="SGP.22 §5.7.2, X.690",
    area="security",
    catches=("says-ok-to-malformed-command", "is-lost-after-malformed-command"),
)
def test_tlv_bombs(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """A malformed or far too long command comes to an error, and the card goes on serving."""
    with step("open a channel to the ISD-R", precondition=True):
        channel = open_isdr(euicc)
    for name, octets in BOMBS.items():
        with step(f"a command with {name}", expect="an error status", confidence="likely") as seen:
            answer = channel.store_data(octets)
            seen.observed(f"{answer.data.hex().upper()} {answer.sw:04X}")
            assert not answer.is_success or tells_an_error(answer.data)
        with step("GetEID on the same channel", expect="the EID"):
            assert serves(channel)
    with step(f"a command of {ANNOUNCED} octets", expect="an error on the way or at its end") as seen:
        seen.observed(too_long(channel))
    with step("GetEID on the same channel", expect="the EID"):
        assert serves(channel)
    channel.close()


def too_long(channel: RawChannel) -> str:
    """Sends blocks until the card refuses one; how that ended."""
    left = bytes.fromhex("BF5182FFFF") + bytes(ANNOUNCED)
    number = 0
    while left:
        block, left = left[:BLOCK], left[BLOCK:]
        answer = channel.store_data(block, number=number & 0xFF, last=not left)
        if not answer.is_success:
            return f"block {number}: {answer.sw:04X}"
        number += 1
    assert tells_an_error(answer.data)
    return f"{answer.data.hex().upper()} after {number} blocks"


def tells_an_error(data: bytes) -> bool:
    """Whether an answer is the error of a function rather than a result: the card understood what was wrong."""
    return bool(data) and tlv.first(data).tag == 0xBF51 and tlv.first(data).find(0xA2) is not None


def serves(channel: RawChannel) -> bool:
    """Whether GetEID is answered with an EID."""
    answer = channel.store_data(GET_EID)
    return answer.is_success and len(tlv.parse(answer.data).get(0x5A).value) == 16
