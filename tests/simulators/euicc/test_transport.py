"""ATR, logical channels, selection, TERMINAL CAPABILITY, STORE DATA and GET RESPONSE, octet by octet."""

from __future__ import annotations

import pytest

from harness.codec import tlv
from harness.codec.atr import parse_atr
from harness.errors import LabFault
from harness.simulators.euicc import CardConfig
from tests.simulators.euicc.conftest import Bench, Maker
from tests.simulators.euicc.support import CAPABILITY, CONSUMER_CAPABILITY, ISDR, LIST, PROFILE, enable

GET_EID = bytes.fromhex("BF3E035C015A")


def test_atr_offers_t0_and_carries_its_check_octet(bench: Bench) -> None:
    atr = bench.card.power_on()
    assert parse_atr(atr).protocols == (0,) or 0 in parse_atr(atr).protocols
    check = 0
    for octet in atr[1:]:
        check ^= octet
    assert check == 0


def test_a_card_without_power_is_a_fault_of_the_lab(bench: Bench) -> None:
    bench.card.power_off()
    with pytest.raises(LabFault, match="without power"):
        bench.card.transmit(bytes.fromhex("00A40004023F00"))


def test_isdr_fci(bench: Bench) -> None:
    data, sw = bench.terminal.apdu(bytes.fromhex("01A4040010") + ISDR + b"\x00")
    assert sw == 0x9000
    assert data == bytes.fromhex("6F248410A0000005591010FFFFFFFF8900000100A5049F6501FFE0058203020500E103800100")
    assert bench.terminal.apdu(bytes.fromhex("01A4040C10") + ISDR) == (b"", 0x9000)


def test_isdr_fci_of_a_card_with_an_enabled_profile_and_an_ipae(make_bench: Maker) -> None:
    """With both bits set the answer is the one seen from a production card."""
    bench = make_bench(CardConfig(ipae_supported=True))
    bench.associate()
    bench.terminal.es10(bench.eim.psmo(enable(bench.install("operational-a"))))
    data, _ = bench.terminal.apdu(bytes.fromhex("01A4040010") + ISDR + b"\x00")
    assert data == bytes.fromhex("6F258410A0000005591010FFFFFFFF8900000100A5049F6501FFE0058203020500E104800206C0")


@pytest.mark.parametrize("position", range(16))
def test_another_aid_selects_nothing(bench: Bench, position: int) -> None:
    aid = bytearray(ISDR)
    aid[position] ^= 0x01
    assert bench.terminal.apdu(bytes.fromhex("01A4040010") + aid) == (b"", 0x6A82)


def test_channels_open_until_none_is_left_and_close_once(bench: Bench) -> None:
    opened = [bench.terminal.apdu(bytes.fromhex("0070000001")) for _ in range(3)]
    assert opened == [(b"\x02", 0x9000), (b"\x03", 0x9000), (b"", 0x6A81)]
    assert bench.terminal.apdu(bytes.fromhex("0070800200")) == (b"", 0x9000)
    assert bench.terminal.apdu(bytes.fromhex("00708002")) == (b"", 0x6881)
    assert bench.terminal.apdu(bytes.fromhex("02A4040010") + ISDR) == (b"", 0x6881)
    assert bench.terminal.apdu(bytes.fromhex("0070000001")) == (b"\x02", 0x9000)


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00A404", 0x6700),
        ("00A4040005A000", 0x6700),
        ("81E2910002BF", 0x6700),
        ("01770000", 0x6D00),
        ("FFA4000002", 0x6E00),
        ("04A4000002", 0x6882),
        ("81E2920006BF3E035C015A", 0x6A86),
        ("81E2910003BF7F00", 0x6A88),
        ("81E2910003BF3E01", 0x6A80),
        ("81E29100043080BF20", 0x6A80),
        ("81C0000010", 0x6985),
        ("8012000000", 0x6985),
    ],
)
def test_refusals(bench: Bench, command: str, sw: int) -> None:
    assert bench.terminal.apdu(bytes.fromhex(command)) == (b"", sw)


def test_get_eid_as_real_cards_answer(bench: Bench) -> None:
    assert bench.terminal.apdu(bytes.fromhex("81E2910006BF3E035C015A")) == (b"", 0x6115)
    expected = bytes.fromhex("BF3E125A10") + bench.card.config.eid
    assert bench.terminal.apdu(bytes.fromhex("81C0000015")) == (expected, 0x9000)


def test_get_response_with_another_length(bench: Bench) -> None:
    expected = bytes.fromhex("BF3E125A10") + bench.card.config.eid
    bench.terminal.apdu(bytes.fromhex("81E2910006BF3E035C015A"))
    assert bench.terminal.apdu(bytes.fromhex("81C0000016")) == (b"", 0x6C15)
    assert bench.terminal.apdu(bytes.fromhex("81C0000010")) == (expected[:16], 0x6105)
    assert bench.terminal.apdu(bytes.fromhex("81C0000000")) == (expected[16:], 0x9000)
    assert bench.terminal.apdu(bytes.fromhex("81C0000000")) == (b"", 0x6985)


def test_an_answer_that_nobody_fetched_is_dropped_by_the_next_command(bench: Bench) -> None:
    bench.terminal.apdu(bytes.fromhex("81E2910006BF3E035C015A"))
    bench.terminal.apdu(bytes.fromhex("0170000001"))
    assert bench.terminal.apdu(bytes.fromhex("81C0000015")) == (b"", 0x6985)


def test_case_4_brings_the_answer_at_once(bench: Bench) -> None:
    data, sw = bench.terminal.apdu(bytes.fromhex("81E2910006BF3E035C015A00"))
    assert (data[:5].hex(), len(data), sw) == ("bf3e125a10", 21, 0x9000)


@pytest.mark.parametrize("size", [1, 7, 64, 255])
def test_a_chain_is_one_command_whatever_the_block_size(bench: Bench, size: int) -> None:
    bench.associate()
    answer = tlv.parse(bench.terminal.send(bench.eim.psmo(LIST), size=size))
    assert answer.find(0xA0) is not None
    assert len(bench.card.state.results) == 1


@pytest.mark.parametrize("numbers", [(1,), (0, 0), (0, 2), (0, 1, 1), (0, 1, 3)])
def test_a_wrong_block_number_ends_the_chain(bench: Bench, numbers: tuple[int, ...]) -> None:
    answers = [
        bench.terminal.apdu(bytes([0x81, 0xE2, 0x11, number, 1]) + GET_EID[at : at + 1])[1]
        for at, number in enumerate(numbers)
    ]
    assert answers[:-1] == [0x9000] * (len(numbers) - 1)
    assert answers[-1] == 0x6A86
    assert bench.terminal.send(GET_EID)[5:] == bench.card.config.eid


def test_chains_on_two_channels_do_not_mix(bench: Bench) -> None:
    assert bench.terminal.apdu(bytes.fromhex("0070000001")) == (b"\x02", 0x9000)
    bench.terminal.apdu(bytes.fromhex("02A4040010") + ISDR)
    assert bench.terminal.apdu(bytes.fromhex("81E2110003BF3E03")) == (b"", 0x9000)
    assert bench.terminal.apdu(bytes.fromhex("82E2910003BF2000"))[1] >> 8 == 0x61
    assert bench.terminal.apdu(bytes.fromhex("81E29101035C015A")) == (b"", 0x6115)


def test_a_chain_has_an_end(make_bench: Maker) -> None:
    bench = make_bench(CardConfig(max_command_size=600))
    answers = [bench.terminal.apdu(bytes([0x81, 0xE2, 0x11, number, 255]) + bytes(255))[1] for number in range(3)]
    assert answers == [0x9000, 0x9000, 0x6A84]
    assert bench.terminal.send(GET_EID)[5:] == bench.card.config.eid


def test_es10_waits_for_a_terminal_with_an_ipad(bench: Bench) -> None:
    """Only the first TERMINAL CAPABILITY after a reset counts."""
    card, apdu = bench.card, bench.terminal.apdu
    for first, works in ((b"", False), (CONSUMER_CAPABILITY, False), (CAPABILITY, True)):
        card.power_on()
        if first:
            assert apdu(first) == (b"", 0x9000)
        assert apdu(bytes.fromhex("00A4040010") + ISDR)[1] >> 8 == 0x61
        assert apdu(bytes.fromhex("80E2910006BF3E035C015A"))[1] == (0x6115 if works else 0x6985)
        if not first:
            continue
        assert apdu(CAPABILITY) == (b"", 0x9000)
        assert apdu(bytes.fromhex("80E2910006BF3E035C015A"))[1] == (0x6115 if works else 0x6985)


def test_other_habits_about_terminal_capability(make_bench: Maker) -> None:
    bench = make_bench(CardConfig(latches_terminal_capability=False))
    bench.card.power_on()
    bench.terminal.apdu(bytes.fromhex("00A4040010") + ISDR)
    for command in (CONSUMER_CAPABILITY, CAPABILITY):
        bench.terminal.apdu(command)
    assert bench.terminal.apdu(bytes.fromhex("80E2910006BF3E035C015A"))[1] == 0x6115
    bench = make_bench(CardConfig(needs_terminal_capability=False))
    bench.card.power_on()
    bench.terminal.apdu(bytes.fromhex("00A4040010") + ISDR)
    assert bench.terminal.apdu(bytes.fromhex("80E2910006BF3E035C015A"))[1] == 0x6115


@pytest.mark.parametrize(("first", "status"), [(b"", 0x6985), (CONSUMER_CAPABILITY, 0x6115), (CAPABILITY, 0x6115)])
def test_a_card_with_an_ipae_needs_no_terminal_with_an_ipad(make_bench: Maker, first: bytes, status: int) -> None:
    bench = make_bench(CardConfig(ipae_supported=True))
    bench.card.power_on()
    if first:
        bench.terminal.apdu(first)
    bench.terminal.apdu(bytes.fromhex("00A4040010") + ISDR)
    assert bench.terminal.apdu(bytes.fromhex("80E2910006BF3E035C015A"))[1] == status


def test_refresh_is_offered_fetched_and_ended(bench: Bench) -> None:
    iccid = bench.install("operational-a")
    bench.associate()
    package = bench.eim.psmo(enable(iccid))
    bench.terminal.apdu(bytes([0x81, 0xE2, 0x91, 0x00, len(package)]) + package)
    data, sw = bench.terminal.apdu(bytes.fromhex("81C0000000"))
    assert tlv.parse(data).find(0xA0) is not None
    assert sw == 0x910B
    assert bench.terminal.apdu(bytes.fromhex("80F20000"))[1] == 0x910B
    assert bench.terminal.apdu(bytes.fromhex("8012000005")) == (b"", 0x6C0B)
    assert bench.terminal.apdu(bytes.fromhex("801200000B")) == (
        bytes.fromhex("D009 8103010104 82028182"),
        0x9000,
    )
    assert bench.terminal.apdu(bytes.fromhex("801200000B"))[1] == 0x6985
    assert bench.terminal.apdu(bytes.fromhex("801400000C 810301010482028281830100"))[1] == 0x9000
    assert bench.terminal.apdu(bytes.fromhex("80F20000"))[1] == 0x9000


def test_no_refresh_for_a_terminal_without_profile(bench: Bench) -> None:
    iccid = bench.install("operational-a")
    bench.associate()
    bench.card.power_on()
    bench.terminal.apdu(CAPABILITY)
    bench.terminal.apdu(bytes.fromhex("0070000001"))
    bench.terminal.apdu(bytes.fromhex("01A4040010") + ISDR)
    bench.terminal.send(bench.eim.psmo(enable(iccid)))
    assert bench.terminal.sw == 0x9000
    assert bench.card.state.enabled is not None


def test_the_other_habit_wants_a_reset(make_bench: Maker) -> None:
    bench = make_bench(CardConfig(after_enable="reset"))
    iccid = bench.install("operational-a")
    bench.associate()
    answer = bench.terminal.es10(bench.eim.psmo(enable(iccid)))
    assert answer.find(0xA0) is not None
    assert bench.terminal.sw == 0x9000
    assert bench.terminal.apdu(bytes.fromhex("81E2910006BF3E035C015A")) == (b"", 0x6985)
    bench.terminal.start()
    assert bench.terminal.es10(GET_EID).tag == 0xBF3E
    assert bench.card.state.enabled is not None


def test_profile_state_change_as_refresh(make_bench: Maker) -> None:
    bench = make_bench(CardConfig(refresh="profile-state-change"))
    iccid = bench.install("operational-a")
    bench.associate()
    bench.terminal.es10(bench.eim.psmo(enable(iccid)))
    assert bench.terminal.refreshes == [bytes.fromhex("D009 8103010109 82028182")]


def test_terminal_profile_needs_contents(bench: Bench) -> None:
    bench.card.power_on()
    assert bench.terminal.apdu(bytes.fromhex("80100000"))[1] == 0x6700
    assert bench.terminal.apdu(PROFILE)[1] == 0x9000
    assert bench.terminal.apdu(bytes.fromhex("80AA0000028100"))[1] == 0x6A80
