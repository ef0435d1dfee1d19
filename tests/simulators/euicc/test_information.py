"""What the card says of itself, its addresses and its eIMs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from harness.codec import decode, findings, tlv
from harness.crypto import pki
from harness.crypto.certificates import Certificate
from harness.crypto.chain import verify_euicc_chain
from harness.crypto.eid import valid_check_digits
from harness.crypto.entropy import Entropy
from harness.roles.es10.identity import EuiccInfo2
from harness.simulators.euicc import AuthorisationRule, CardConfig
from tests.simulators.euicc.conftest import Bench, Maker
from tests.simulators.euicc.support import Eim, enable


def test_eid_is_well_formed_and_stays(bench: Bench) -> None:
    eid = bench.terminal.es10("BF3E035C015A").get(0x5A).value
    assert valid_check_digits(eid)
    assert bench.terminal.start().es10("BF3E035C015A").get(0x5A).value == eid


def test_info1_and_info2_agree_and_are_der(bench: Bench) -> None:
    first, second = bench.terminal.es10("BF2000"), bench.terminal.es10("BF2200")
    assert findings("EUICCInfo1", first.raw) == []
    assert findings("EUICCInfo2", second.raw) == []
    assert [part.raw for part in first.children] == [second.get(tag).raw for tag in (0x82, 0xA9, 0xAA)]
    assert second.get(0x90).value == b"\x00"
    assert second.get(0xB4).value == bytes.fromhex("A0050403010200")
    assert len(first.get(0xA9).children) == 2


def test_ipa_mode_follows_the_terminal(make_bench: Maker) -> None:
    """A card with an IPA of its own reports it only in a terminal without one."""
    bench = make_bench(CardConfig(ipae_supported=True, needs_terminal_capability=False))
    assert bench.terminal.es10("BF2200").get(0x90).value == b"\x00"
    bench.card.power_on()
    bench.terminal.apdu(bytes.fromhex("00A4040010A0000005591010FFFFFFFF8900000100"))
    assert tlv.parse(bench.terminal.send(bytes.fromhex("BF2200"), channel=0)).get(0x90).value == b"\x01"


def test_challenges_differ_and_follow_from_the_seed(make_bench: Maker) -> None:
    first, second = make_bench(), make_bench()
    drawn = [first.terminal.es10("BF2E00").get(0x80).value for _ in range(3)]
    assert len(set(drawn)) == 3
    assert {len(challenge) for challenge in drawn} == {16}
    assert [second.terminal.es10("BF2E00").get(0x80).value for _ in range(3)] == drawn


def test_certificates_under_each_ci(bench: Bench, credentials: pki.TestPki) -> None:
    for curve in ("nist", "brainpool"):
        trust = credentials.trust(curve)
        answer = bench.terminal.es10(tlv.build(0xBF56, tlv.build(0x80, trust.ci_key_id)))
        value = decode("GetCertsResponse", answer.raw)[1]
        eum, euicc = Certificate(value["eumCertificate"]), Certificate(value["euiccCertificate"])
        verify_euicc_chain(trust.ci.view, eum, euicc, eid=bench.card.config.eid, now=datetime(2026, 6, 1, tzinfo=UTC))
        assert answer.get(0xA0, 0xA5).value == tlv.parse(trust.eum.certificate).value


def test_certificates_without_and_with_an_unknown_ci(bench: Bench) -> None:
    assert bench.terminal.es10("BF5600").find(0xA0, 0xA6) is not None
    unknown = tlv.build(0xBF56, tlv.build(0x80, bytes(20)))
    assert bench.terminal.es10(unknown).raw == bytes.fromhex("BF5603810101")


def test_addresses(bench: Bench) -> None:
    send = bench.terminal.es10
    assert [part.tag for part in send("BF3C00").children] == [0x81]
    assert send(tlv.build(0xBF65, tlv.build(0x80, b"smdp.example.com"))).raw == bytes.fromhex("BF6503800100")
    assert send("BF3C00").get(0x80).value == b"smdp.example.com"
    assert bench.terminal.start().es10("BF3C00").get(0x80).value == b"smdp.example.com"
    assert send("BF65028000").raw == bytes.fromhex("BF6503800100")
    assert send("BF3C00").find(0x80) is None


@pytest.mark.parametrize(("address", "code"), [(b"a", 0), (b"a" * 255, 0), (b"a" * 256, 127), (b"\xc3\x28", 127)])
def test_odd_addresses(bench: Bench, address: bytes, code: int) -> None:
    answer = bench.terminal.es10(tlv.build(0xBF65, tlv.build(0x80, address)))
    assert answer.get(0x80).value == bytes([code])


def test_authorisation_table(make_bench: Maker) -> None:
    rows = (AuthorisationRule((1,), bytes.fromhex("00F110"), True), AuthorisationRule((1, 2)))
    bench = make_bench(CardConfig(authorisation=rows))
    first, second = bench.terminal.es10("BF4300").get(0xA0).children
    assert first.raw == bytes.fromhex("3011 80020640 A107 3005 8003 00F110 82020780")
    assert second.raw == bytes.fromhex("3010 80020560 A107 3005 8003 EEEEEE 820100")


@pytest.mark.parametrize(("given", "forbidden"), [((1, 2), None), ((1,), "0520"), ((), "0560")])
def test_what_the_table_gives_to_nobody_is_forbidden(
    make_bench: Maker, given: tuple[int, ...], forbidden: str | None
) -> None:
    rows = (AuthorisationRule(given),) if given else ()
    info = make_bench(CardConfig(authorisation=rows)).terminal.es10("BF2200")
    field = info.find(0x99)
    assert (field and field.value.hex()) == forbidden
    assert EuiccInfo2.of(info.raw).free_memory == CardConfig().memory_size


@pytest.mark.parametrize(
    ("request_hex", "answer_hex"),
    [
        ("BF5D038001FF", "BF5D03800107"),
        ("BF5E038001FF", "BF5E03800106"),
        ("BF5B038001FF", "BF5B03800108"),
        ("BF5C038001FF", "BF5C03800102"),
        ("BF5F00", "BF5F03810101"),
        ("BF420480020780", "BF4203800101"),
        ("BF5A038001FF", "BF5A03800101"),
        ("BF58038001FF", "BF5803020101"),
        ("BF5500", "BF5502A000"),
        ("BF2800", "BF2802A000"),
        ("BF2B00", "BF2B02A000"),
        ("BF2B04A0028200", "BF2B02A200"),
        ("BF2D00", "BF2D02A000"),
        ("BF3003800107", "BF3003800101"),
    ],
)
def test_a_virgin_card(bench: Bench, request_hex: str, answer_hex: str) -> None:
    assert bench.terminal.es10(request_hex).raw == bytes.fromhex(answer_hex)


def test_first_association_as_seen_in_the_field(bench: Bench) -> None:
    """The frame of esipa field notes: one eIM that asks for a token gets BF5705A003840101."""
    bench.eim.eim_id = "eIM"
    answer = bench.terminal.es10(tlv.build(0xBF57, tlv.build(0xA0, bench.eim.configuration(token=-1))))
    assert answer.raw == bytes.fromhex("BF5705A003840101")
    (listed,) = bench.terminal.es10("BF5500").get(0xA0).children
    assert [part.tag for part in listed.children] == [0x80, 0x81, 0x82, 0x84, 0xA5]
    assert listed.get(0x84).raw == b"\x84\x01\x01"
    assert findings("GetEimConfigurationDataResponse", bench.terminal.es10("BF5500").raw) == []
    again = tlv.build(0xBF57, tlv.build(0xA0, Eim(b"", "other.example.com").configuration()))
    assert bench.terminal.es10(again).raw == bytes.fromhex("BF5703810102")
    assert len(bench.card.state.eims) == 1


def _initial(*configurations: bytes) -> bytes:
    return tlv.build(0xBF57, tlv.build(0xA0, *configurations))


def test_a_list_of_eims_is_taken_whole_or_not_at_all(bench: Bench) -> None:
    one, two = Eim(b"", "one"), Eim(b"", "two")
    assert bench.terminal.es10(_initial(one.configuration(), one.configuration())).raw.hex() == "bf5703810102"
    assert bench.card.state.eims == ()
    answer = bench.terminal.es10(_initial(one.configuration(token=-1), two.configuration()))
    assert answer.raw == bytes.fromhex("BF5707A005 840101 0500")


def test_what_is_refused_of_an_eim(bench: Bench) -> None:
    eim = bench.eim
    keyless = tlv.build(0x30, tlv.build(0x80, b"eim"))
    cases = {
        5: eim.configuration(token=7),
        6: eim.configuration(counter=0x800000),
        7: keyless,
        3: eim.configuration(more=tlv.build(0x88, bytes(20))),
    }
    for code, configuration in cases.items():
        assert bench.terminal.es10(_initial(configuration)).raw == bytes.fromhex("BF57038101") + bytes([code])
    eim.eim_id = "e" * 129
    assert bench.terminal.es10(_initial(eim.configuration())).raw.hex() == "bf5703810107"
    assert bench.card.state.eims == ()


def test_eims_until_the_memory_is_full(make_bench: Maker) -> None:
    bench = make_bench(CardConfig(max_eims=2))
    eims = [Eim(b"", f"eim{number}").configuration() for number in range(3)]
    assert bench.terminal.es10(_initial(*eims)).raw.hex() == "bf5703810101"
    assert bench.terminal.es10(_initial(*eims[:2])).find(0xA0) is not None


def test_an_eim_may_come_with_a_certificate(bench: Bench, trust: pki.CiSet) -> None:
    """Its key is the one in the certificate."""
    certificate = tlv.parse(trust.eim_sign.certificate).value
    configuration = tlv.build(0x30, tlv.build(0x80, b"eim"), tlv.build(0xA5, tlv.build(0xA1, certificate)))
    assert bench.terminal.es10(_initial(configuration)).raw.hex() == "bf5704a0020500"
    listed = decode("GetEimConfigurationDataResponse", bench.terminal.es10("BF5500").raw)
    assert listed["eimConfigurationDataList"][0]["eimPublicKeyData"] == (
        "eimCertificate",
        trust.eim_sign.certificate,
    )


def test_search_for_one_eim(bench: Bench) -> None:
    bench.associate()
    found = tlv.build(0xBF55, tlv.build(0xA0, tlv.build(0x80, bench.eim.eim_id.encode())))
    assert len(bench.terminal.es10(found).get(0xA0).children) == 1
    assert bench.terminal.es10(tlv.build(0xBF55, tlv.build(0xA0, tlv.build(0x80, b"other")))).raw.hex() == "bf5502a000"


def test_description_names_what_the_card_holds(bench: Bench) -> None:
    iccid = bench.install("operational-a")
    bench.associate(-1)
    bench.terminal.es10(bench.eim.psmo(enable(iccid)))
    text = bench.card.describe()
    for part in (bench.card.config.eid.hex(), iccid.hex().upper(), "enabled", "eim.example.com", "result", "channel 1"):
        assert part in text


def test_entropy_is_the_only_source_of_chance(make_bench: Maker) -> None:
    """The same seed and commands give the same octets."""
    answers = []
    for _ in range(2):
        bench = make_bench()
        bench.install("operational-a")
        bench.associate(-1)
        answers.append(bench.terminal.es10("BF2B00").raw + bench.card.snapshot())
    assert answers[0] == answers[1]
    assert Entropy("a").bytes(4) != Entropy("b").bytes(4)
