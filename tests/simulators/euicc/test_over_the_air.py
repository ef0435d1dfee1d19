"""ENVELOPE and ES6 on the simulated card, with packets that these tests make of TLVs and openssl by hand."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest

from harness.codec import decode_pe, encode, split_profile_package, tlv
from harness.crypto.scp80 import Algorithm
from harness.simulators.euicc import CardConfig, SimulatedEuicc, VolatileMemory, domain, secured_packets
from harness.simulators.euicc.state import Profile
from tests.crypto.real_data import openssl, vector
from tests.crypto.test_scp03t import aes_cbc, aes_cmac
from tests.simulators.euicc.conftest import Bench, Maker
from tests.simulators.euicc.support import enable

TAR = bytes.fromhex("B20100")
RENAMED = bytes.fromhex("BF2A0992075265") + b"named"
WRONG_DATA, UNKNOWN_CLA, WRONG_P1_P2 = 0x6A80, 0x6E00, 0x6A86
PROTECTED = 0x16


@dataclass
class Network:
    """An operator with keys, and the network up to the terminal."""

    bench: Bench
    version: int
    encryption: bytes
    authentication: bytes
    sw: int = 0

    def packet(
        self, script: bytes, counter: int, *, spi1: int = PROTECTED, spi2: int = 0x09, tar: bytes = TAR
    ) -> bytes:
        indication = bytes([self.version << 4 | 2]) * 2
        size = 8 if spi1 & 3 == 2 else 0
        padding = -(6 + size + len(script)) % 16 if spi1 & 4 else 0
        script += bytes(padding)
        head = bytes([13 + size, spi1, spi2]) + indication + tar
        counters = counter.to_bytes(5, "big") + bytes([padding])
        length = (len(head) + 6 + size + len(script)).to_bytes(2, "big")
        mac = aes_cmac(self.authentication, length + head + counters + script)[:size]
        body = counters + mac + script
        return length + head + (aes_cbc(self.encryption, bytes(16), body) if spi1 & 4 else body)

    def send(self, packet: bytes) -> bytes:
        return self.deliver(b"\x02\x70\x00" + packet)

    def deliver(self, user_data: bytes) -> bytes:
        message = bytes.fromhex("4005812143657FF662101000000000") + bytes([len(user_data)]) + user_data
        return self.envelope(tlv.build(0xD1, tlv.build(0x82, b"\x83\x81"), tlv.build(0x8B, message)))

    def envelope(self, download: bytes) -> bytes:
        data, self.sw = self.bench.terminal.apdu(bytes([0x80, 0xC2, 0, 0, len(download)]) + download + b"\x00")
        return data

    def update(self, request: bytes, counter: int, **how: int) -> bytes:
        return self.send(self.packet(store_data(request), counter, **how))  # type: ignore[arg-type]

    @property
    def profile(self) -> Profile:
        found = self.bench.card.state.enabled
        assert found is not None
        return found

    @property
    def name(self) -> str:
        found = self.profile.field(0x92)
        return "" if found is None else found.value.decode()


def store_data(request: bytes) -> bytes:
    return bytes([0x80, 0xE2, 0x91, 0x00, len(request)]) + request


def network(bench: Bench, name: str = "operational-a") -> Network:
    bench.associate()
    iccid = bench.install(name)
    bench.terminal.es10(bench.eim.psmo(enable(iccid)))
    description = bench.packages[name].description
    assert description is not None
    assert description.subscription is not None
    keys = description.subscription.ota
    return Network(bench, keys.version, keys.encryption, keys.authentication)


@pytest.fixture
def air(bench: Bench) -> Network:
    return network(bench)


def status(receipt: bytes) -> int:
    return receipt[15]


def test_update_is_executed_and_receipted(air: Network) -> None:
    receipt = air.update(RENAMED, 1)
    assert air.sw == 0x9000
    head = bytes.fromhex("027100001612B20100000000000100") + b"\x00"
    told = bytes.fromhex("019000")
    assert receipt == head + aes_cmac(air.authentication, head + told)[:8] + told
    assert air.name == "Renamed"


def test_receipt_is_enciphered_where_asked_for(air: Network) -> None:
    receipt = air.update(RENAMED, 1, spi2=0x19)
    plain = openssl(
        "enc", "-d", "-aes-128-cbc", "-nopad", "-K", air.encryption.hex(), "-iv", bytes(16).hex(), stdin=receipt[9:]
    )
    assert plain[:5].hex() == "0000000001"
    assert plain[6] == 0
    assert plain[15:18].hex() == "019000"
    assert len(plain) == 18 + plain[5]


@pytest.mark.parametrize(("spi2", "good", "bad"), [(0x00, False, False), (0x01, True, True), (0x02, False, True)])
def test_receipt_comes_when_asked_for(air: Network, spi2: int, good: bool, bad: bool) -> None:
    assert bool(air.update(RENAMED, 1, spi2=spi2)) is good
    assert bool(air.update(RENAMED, 1, spi2=spi2)) is bad


def test_counter_is_kept_over_a_reset(air: Network) -> None:
    packet = air.packet(store_data(RENAMED), 7)
    assert status(air.send(packet)) == secured_packets.OK
    air.bench.terminal.start()
    before = air.bench.card.state
    assert status(air.send(packet)) == secured_packets.COUNTER_LOW
    assert status(air.update(RENAMED, 6)) == secured_packets.COUNTER_LOW
    assert air.bench.card.state == before
    assert status(air.update(RENAMED, 8)) == secured_packets.OK


def test_a_packet_without_counter_leaves_it(air: Network) -> None:
    card, profile = air.bench.card, air.profile
    assert profile.domain is not None
    open_domain = replace(profile.domain, minimum_security=0)
    card._device.commit(card.state.with_profile(replace(profile, domain=open_domain)))
    for spi1 in (0x06, 0x0E):
        assert status(air.update(RENAMED, 9, spi1=spi1)) == secured_packets.OK
        assert air.profile.domain == open_domain
    assert status(air.update(RENAMED, 1)) == secured_packets.OK


def test_counter_that_has_to_be_the_next_one(air: Network) -> None:
    assert status(air.update(RENAMED, 2, spi1=0x1E)) == secured_packets.COUNTER_HIGH
    assert status(air.update(RENAMED, 1, spi1=0x1E)) == secured_packets.OK


@pytest.mark.parametrize(
    ("spi1", "said"),
    [
        (0x00, secured_packets.INSUFFICIENT_SECURITY),
        (0x12, secured_packets.INSUFFICIENT_SECURITY),
        (0x06, secured_packets.INSUFFICIENT_SECURITY),
        (0x0E, secured_packets.INSUFFICIENT_SECURITY),
        (0x14, secured_packets.INSUFFICIENT_SECURITY),
        (0x15, secured_packets.SECURITY_ERROR),
        (0x17, secured_packets.SECURITY_ERROR),
        (0x16, secured_packets.OK),
    ],
)
def test_minimum_security_level_of_the_package(air: Network, spi1: int, said: int) -> None:
    assert status(air.update(RENAMED, 1, spi1=spi1)) == said
    assert air.name == ("Renamed" if said == secured_packets.OK else "Operational A")


def test_wrong_keys_change_nothing(air: Network) -> None:
    before = air.bench.card.state
    forger = replace(air, authentication=bytes(16))
    assert status(forger.update(RENAMED, 1)) == secured_packets.CHECKSUM_FAILED
    stranger = replace(air, encryption=bytes(16))
    assert status(stranger.update(RENAMED, 1)) == secured_packets.CHECKSUM_FAILED
    assert status(replace(air, version=5).update(RENAMED, 1)) == secured_packets.SECURITY_ERROR
    assert status(air.send(air.packet(store_data(RENAMED), 1, tar=b"\xb0\x00\x10"))) == secured_packets.TAR_UNKNOWN
    assert air.bench.card.state == before


def test_nobody_listens_without_an_enabled_profile(bench: Bench) -> None:
    air = Network(bench, 1, bytes(16), bytes(16))
    assert status(air.update(RENAMED, 1)) == secured_packets.TAR_UNKNOWN


def test_parts_may_come_in_any_order(air: Network) -> None:
    packet = air.packet(store_data(RENAMED), 1)
    first, rest = packet[:20], packet[20:]
    assert air.deliver(b"\x05\x00\x03\x09\x02\x02" + rest) == b""
    assert air.name == "Operational A"
    assert status(air.deliver(b"\x07\x00\x03\x09\x02\x01\x70\x00" + first)) == secured_packets.OK
    assert air.name == "Renamed"


def test_a_reset_forgets_parts(air: Network) -> None:
    packet = air.packet(store_data(RENAMED), 1)
    air.deliver(b"\x07\x00\x03\x09\x02\x01\x70\x00" + packet[:20])
    air.bench.terminal.start()
    assert air.deliver(b"\x05\x00\x03\x09\x02\x02" + packet[20:]) == b""
    assert air.name == "Operational A"


def test_a_script_ends_with_its_first_fault(air: Network) -> None:
    script = store_data(RENAMED) + bytes.fromhex("80CA006600") + store_data(bytes.fromhex("BF2A03920141"))
    receipt = air.send(air.packet(script, 1))
    assert receipt[-3:].hex() == "026d00"
    assert air.name == "Renamed"


@pytest.mark.parametrize(
    ("request_octets", "sw"),
    [
        ("BF2A00", "9000"),
        ("BF2B00", "6a88"),
        ("BF2A0392", "6a80"),
        ("BF2A0499020780", "6a80"),
        ("BF2A029900", "6a80"),
        ("00", "6a80"),
    ],
)
def test_requests_and_their_status_words(air: Network, request_octets: str, sw: str) -> None:
    before = air.profile.metadata
    assert air.update(bytes.fromhex(request_octets), 1)[-2:].hex() == sw
    assert air.profile.metadata == before


def test_fields_take_their_places(air: Network) -> None:
    request = encode(
        "UpdateMetadataRequest", {"serviceProviderName": "East", "iconType": 1, "icon": b"\x89PNG"}, version="1.3"
    )
    before = {field.tag: field.raw for field in tlv.parse(air.profile.metadata).children}
    air.update(request, 1)
    after = tlv.parse(air.profile.metadata).children
    assert [field.tag for field in after] == [0x5A, 0x91, 0x92, 0x93, 0x94, 0x95, 0xB6, 0xB7, 0x9F67]
    kept = {field.tag: field.raw for field in after if field.tag not in (0x91, 0x93, 0x94)}
    assert kept == {tag: raw for tag, raw in before.items() if tag != 0x91}


def test_policy_rules_are_lifted_and_never_set(make_bench: Maker) -> None:
    air = network(make_bench(), "operational-kept")
    assert air.profile.policy_rules == {2}
    air.update(bytes.fromhex("BF2A0499020560"), 1)
    assert air.profile.policy_rules == {2}
    air.update(bytes.fromhex("BF2A0499020640"), 2)
    assert air.profile.policy_rules == frozenset()
    air.update(bytes.fromhex("BF2A0499020560"), 3)
    assert air.profile.policy_rules == frozenset()


@pytest.mark.parametrize(
    ("version", "declares", "updates"),
    [("1.0.1", True, False), ("1.2", True, False), ("1.3", False, False), ("1.3", True, True)],
)
def test_fallback_allowed_is_updated_where_declared(
    make_bench: Maker, version: str, declares: bool, updates: bool
) -> None:
    bench = make_bench(CardConfig(version=version, fallback_allowed_update_supported=declares))
    air = network(bench, "operational-b")
    assert air.update(bytes.fromhex("BF2A049F6701FF"), 1)[-2:].hex() == "9000"
    found = air.profile.field(0x9F67)
    assert bool(found and found.value == b"\xff") is updates
    iot = bench.terminal.es10("BF2200").find(0xB4)
    assert iot is not None
    assert (iot.find(0x83) is not None) is updates


@pytest.mark.parametrize(
    "download",
    ["D60419010982", "D1048202838100", "D10482028381", "D10A820283818B04040581", "D108820283818B020100", "00"],
)
def test_what_is_no_short_message_is_refused(air: Network, download: str) -> None:
    before = air.bench.card.state
    assert air.envelope(bytes.fromhex(download)) == b""
    assert air.sw == WRONG_DATA
    assert air.bench.card.state == before


def test_envelope_has_its_class_and_parameters(air: Network) -> None:
    assert air.bench.terminal.apdu(bytes.fromhex("00C2000002D100"))[1] == UNKNOWN_CLA
    assert air.bench.terminal.apdu(bytes.fromhex("80C2010002D100"))[1] == WRONG_P1_P2


def test_no_mutated_packet_is_taken(air: Network) -> None:
    chance = random.Random(80)
    packet = air.packet(store_data(RENAMED), 1)
    before = air.bench.card.state
    for _ in range(300):
        mutant = bytearray(packet)
        for _ in range(chance.randint(1, 3)):
            mutant[chance.randrange(len(mutant))] ^= chance.randint(1, 255)
        if bytes(mutant) == packet or mutant[4:5] != packet[4:5]:
            continue  # what the receipt looks like is not protected by what it asks for
        air.send(bytes(mutant[: chance.choice((len(mutant), chance.randrange(len(mutant))))]))
        assert air.sw in (0x9000, WRONG_DATA)
    assert air.bench.card.state == before


def test_no_mutated_envelope_breaks_the_card(air: Network) -> None:
    chance = random.Random(31)
    packet = air.packet(store_data(RENAMED), 1)
    user_data = b"\x07\x00\x03\x09\x01\x01\x70\x00" + packet
    message = bytes.fromhex("4005812143657FF662101000000000") + bytes([len(user_data)]) + user_data
    download = tlv.build(0xD1, tlv.build(0x82, b"\x83\x81"), tlv.build(0x8B, message))
    before = air.bench.card.state
    for _ in range(500):
        mutant = bytearray(download)
        for _ in range(chance.randint(1, 4)):
            mutant[chance.randrange(len(mutant))] = chance.randrange(256)
        air.envelope(bytes(mutant[: chance.choice((len(mutant), chance.randrange(1, len(mutant))))]))
        assert air.sw in (0x9000, WRONG_DATA)
        if air.bench.card.state != before:  # an address, a time stamp or a reference is under no checksum
            assert air.name == "Renamed"
            air.bench.card._device.commit(before)
    assert status(air.send(packet)) == secured_packets.OK


def test_one_write_keeps_counter_and_metadata(air: Network) -> None:
    card = air.bench.card
    card.cut_power_at_write(2)
    air.update(RENAMED, 1)
    assert card.writes == 1


def test_packets_of_another_implementation_open_on_the_card(bench: Bench) -> None:
    """The keys and packets of the public vectors, put into a card's state."""
    air = network(bench)
    card, profile = air.bench.card, air.profile
    for one in vector("scp80-packets")["commands"]:
        indication = int(one["indication"], 16)
        spi1 = int(one["spi"][:2], 16)
        kind = 0x88 if indication & 0x0F == Algorithm.AES else 0x80
        keys = tuple(
            domain.SecuredKey(number, kind, bytes.fromhex(one[name]))
            for number, name in ((1, "encryption"), (2, "authentication"))
        )
        keyset = domain.KeySet(indication >> 4, keys, 0)
        own = domain.SecurityDomain((bytes.fromhex(one["tar"]),), 0, (keyset,))
        card._device.commit(card.state.with_profile(replace(profile, domain=own)))
        receipt = air.send(bytes.fromhex(one["packet"]))
        if int(one["spi"][2:], 16) & 0x10 == 0:
            told = receipt[-3:].hex()
            assert (status(receipt), told) == (secured_packets.OK, "016d00"), f"SPI1 {spi1:02X}"


def test_keys_and_addresses_come_from_the_package(bench: Bench) -> None:
    found = network(bench).profile.domain
    assert found is not None
    assert found.tars == (TAR, b"\x00\x00\x00")
    assert found.minimum_security == PROTECTED
    assert [(one.version, [key.identifier for key in one.keys]) for one in found.keysets] == [(1, [1, 2, 3])]


def test_a_security_domain_without_toolkit_parameters_is_the_issuers(bench: Bench) -> None:
    elements = [decode_pe(raw) for raw in split_profile_package(bench.packages["operational-a"].der)]
    for kind, value in elements:
        if kind == "securityDomain":
            del value["instance"]["applicationParameters"]
    found = domain.security_domain_of(elements)
    assert found is not None
    assert (found.tars, found.minimum_security) == ((b"\x00\x00\x00",), 0)
    assert domain.security_domain_of([]) is None


def test_state_survives_being_written(air: Network) -> None:
    air.update(RENAMED, 3)
    card = air.bench.card
    memory = VolatileMemory(card.snapshot())
    again = SimulatedEuicc(card.config, card._device.identities, memory, card._device.entropy)
    again.power_on()
    assert again.state == card.state
    assert "keys 1, counter 3" in again.describe()
