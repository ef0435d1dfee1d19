"""The parties around the card under test, built from TLVs by hand: a terminal, an eIM that signs, an SM-DP+ that binds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.codec import encode, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa
from harness.crypto.agreement import SessionKeys, session_keys
from harness.crypto.entropy import Entropy
from harness.crypto.pki import CiSet
from harness.crypto.scp03t import Scp03tSender
from harness.simulators.euicc import SimulatedEuicc

ISDR = bytes.fromhex("A0000005591010FFFFFFFF8900000100")
CAPABILITY = bytes.fromhex("80AA00000DA90B8100820101830107840101")
CONSUMER_CAPABILITY = bytes.fromhex("80AA00000AA9088100820101830107")
PROFILE = bytes.fromhex("80100000050100E80001")
ADDRESS = "smdp.example.com"


@dataclass
class Terminal:
    """A terminal in front of a card: channel 1 with the ISD-R selected."""

    card: SimulatedEuicc
    refreshes: list[bytes] = field(default_factory=list)
    sw: int = 0

    def start(self) -> Terminal:
        self.card.power_on()
        for command in (CAPABILITY, PROFILE):
            assert self.apdu(command) == (b"", 0x9000)
        assert self.apdu(bytes.fromhex("0070000001")) == (b"\x01", 0x9000)
        _, sw = self.apdu(bytes.fromhex("01A4040010") + ISDR)
        assert sw >> 8 == 0x61
        self.fetch_all(1, sw)
        return self

    def apdu(self, command: bytes) -> tuple[bytes, int]:
        response = self.card.transmit(command)
        return response[:-2], int.from_bytes(response[-2:], "big")

    def fetch_all(self, channel: int, sw: int) -> bytes:
        data = b""
        while sw >> 8 == 0x61:
            part, sw = self.apdu(bytes([0x80 | channel, 0xC0, 0, 0, sw & 0xFF]))
            data += part
        self.sw = sw
        return data

    def send(self, octets: bytes, channel: int = 1, size: int = 255) -> bytes:
        """One STORE DATA chain; the answer's data. The last status word is in `sw`; a 91xx is served."""
        blocks = [octets[at : at + size] for at in range(0, len(octets), size)] or [b""]
        data, sw = b"", 0
        for number, block in enumerate(blocks):
            last = number == len(blocks) - 1
            head = bytes([0x80 | channel, 0xE2, 0x91 if last else 0x11, number & 0xFF, len(block)])
            data, sw = self.apdu(head + block)
            if sw >> 8 not in (0x61, 0x90, 0x91):
                break
        self.sw = sw
        data += self.fetch_all(channel, sw) if sw >> 8 == 0x61 else b""
        if self.sw >> 8 == 0x91:
            self.serve(self.sw & 0xFF)
        return data

    def serve(self, length: int) -> None:
        command, sw = self.apdu(bytes([0x80, 0x12, 0, 0, length]))
        assert sw == 0x9000
        self.refreshes.append(command)
        answer = bytes.fromhex("810301010482028281830100")
        assert self.apdu(bytes([0x80, 0x14, 0, 0, len(answer)]) + answer)[1] == 0x9000
        self.start()

    def es10(self, octets: bytes | str) -> Tlv:
        """A function that must answer with one TLV."""
        return tlv.parse(self.send(bytes.fromhex(octets) if isinstance(octets, str) else octets))


@dataclass
class Eim:
    """An eIM with one key."""

    eid: bytes
    eim_id: str = "eim.example.com"
    token: int = 0
    counter: int = 0
    seed: str = "eim"
    curve: str = "nist"

    @property
    def key(self) -> ecdsa.PrivateKey:
        return ecdsa.generate(self.curve, Entropy(self.seed))

    def configuration(
        self, *, token: int | None = None, counter: int | None = 0, tag: int = 0x30, more: bytes = b""
    ) -> bytes:
        spki = tlv.parse(ecdsa.public_key_info(self.key)).value
        return tlv.build(
            tag,
            tlv.build(0x80, self.eim_id.encode()),
            tlv.build(0x81, b"eim.example.com"),
            tlv.integer(0x82, 2),
            b"" if counter is None else tlv.integer(0x83, counter),
            b"" if token is None else tlv.integer(0x84, token),
            tlv.build(0xA5, tlv.build(0xA0, spki)),
            more,
        )

    def psmo(self, *commands: bytes, **changes: object) -> bytes:
        return self.package(0xA0, commands, **changes)

    def eco(self, *commands: bytes, **changes: object) -> bytes:
        return self.package(0xA1, commands, **changes)

    def package(
        self,
        tag: int,
        commands: Sequence[bytes],
        *,
        counter: object = None,
        eid: object = None,
        eim_id: object = None,
        tid: object = b"\x11" * 16,
        token: object = None,
    ) -> bytes:
        if counter is None:
            self.counter += 1
            counter = self.counter
        assert isinstance(counter, int)
        signed = tlv.build(
            0x30,
            tlv.build(0x80, str(eim_id or self.eim_id).encode()),
            tlv.build(0x5A, eid if isinstance(eid, bytes) else self.eid),
            tlv.integer(0x81, counter),
            tlv.build(0x82, tid) if isinstance(tid, bytes) else b"",
            tlv.build(tag, *commands),
        )
        covered = signed + tlv.integer(0x84, token if isinstance(token, int) else self.token)
        return tlv.build(0xBF51, signed, tlv.build(0x5F37, ecdsa.sign(self.key, covered)))


def enable(iccid: bytes, rollback: bool = False) -> bytes:
    return tlv.build(0xA3, tlv.build(0x5A, iccid), b"\x05\x00" if rollback else b"")


def disable(iccid: bytes) -> bytes:
    return tlv.build(0xA4, tlv.build(0x5A, iccid))


def delete(iccid: bytes) -> bytes:
    return tlv.build(0xA5, tlv.build(0x5A, iccid))


LIST = bytes.fromhex("BF2D00")


@dataclass
class Smdp:
    """An SM-DP+ for one download."""

    trust: CiSet
    eid: bytes
    address: str = ADDRESS
    tid: bytes = b"\xd0" * 16
    entropy: Entropy = field(default_factory=lambda: Entropy("smdp"))

    def authenticate(self, challenge: bytes, *, certificate: bytes | None = None, ci: bytes | None = None) -> bytes:
        signed1 = tlv.build(
            0x30,
            tlv.build(0x80, self.tid),
            tlv.build(0x81, challenge),
            tlv.build(0x83, self.address.encode()),
            tlv.build(0x84, b"\xc5" * 16),
        )
        signature = ecdsa.sign(self.trust.dp_auth.private_key, signed1)
        context = tlv.build(
            0xA0, tlv.build(0x80, b"MATCHING"), tlv.build(0xA1, tlv.build(0x80, b"\x35\x29\x06\x11"), tlv.build(0xA1))
        )
        return tlv.build(
            0xBF38,
            signed1,
            tlv.build(0x5F37, signature),
            tlv.build(0x04, ci or self.trust.ci_key_id),
            certificate or self.trust.dp_auth.certificate,
            context,
        )

    def prepare(self, answer: Tlv, *, hash_cc: bytes | None = None, tid: bytes | None = None) -> bytes:
        signature1 = answer.get(0xA0, 0x5F37).raw
        required = b"\xff" if hash_cc is not None else b"\x00"
        signed2 = tlv.build(0x30, tlv.build(0x80, tid or self.tid), tlv.build(0x01, required))
        signature = ecdsa.sign(self.trust.dp_pb.private_key, signed2 + signature1)
        return tlv.build(
            0xBF21,
            signed2,
            tlv.build(0x5F37, signature),
            tlv.build(0x04, hash_cc) if hash_cc else b"",
            self.trust.dp_pb.certificate,
        )

    def bind(
        self,
        answer: Tlv,
        metadata: bytes,
        package: bytes,
        *,
        ppk: bool = True,
        tid: bytes | None = None,
        configuration: bytes = b"",
        key_size: int = 16,
    ) -> Bound:
        point = answer.get(0xA0, 0x30, 0x5F49)
        key = ecdsa.generate(self.trust.curve, self.entropy)
        crt = tlv.build(0xA6, b"\x80\x01\x88\x81\x01\x10", tlv.build(0x84, b"host"))
        ours = tlv.build(0x5F49, ecdsa.public_key_point(key))
        head = b"\x82\x01\x01" + tlv.build(0x80, tid or self.tid) + crt + ours
        signature = tlv.build(0x5F37, ecdsa.sign(self.trust.dp_pb.private_key, head + point.raw))
        keys = session_keys(key, point.value, host_id=b"host", eid=self.eid)
        sender = Scp03tSender(keys)
        a0 = sender.segments(0x87, tlv.build(0xBF24, configuration))
        a1 = sender.segments(0x88, metadata)
        a2: list[bytes] = []
        if ppk:
            fresh = SessionKeys(*(self.entropy.bytes(size) for size in (16, key_size, key_size)))
            a2 = sender.segments(
                0x87,
                tlv.build(
                    0xBF26,
                    tlv.build(0x80, fresh.initial_mac_chaining),
                    tlv.build(0x81, fresh.s_enc),
                    tlv.build(0x82, fresh.s_mac),
                ),
            )
            sender.replace_keys(fresh)
        return Bound(tlv.build(0xBF23, head, signature), a0, a1, a2, sender.segments(0x86, package))


@dataclass
class Bound:
    """A bound profile package in its parts."""

    secure_channel: bytes
    a0: list[bytes]
    a1: list[bytes]
    a2: list[bytes]
    a3: list[bytes]

    def chains(self) -> list[bytes]:
        """One element for each STORE DATA chain (SGP.22 §2.5.5)."""
        a0, a1 = tlv.build(0xA0, *self.a0), tlv.build(0xA1, *self.a1)
        a2, a3 = tlv.build(0xA2, *self.a2) if self.a2 else b"", tlv.build(0xA3, *self.a3)
        whole = tlv.build(0xBF36, self.secure_channel, a0, a1, a2, a3)
        inner = len(self.secure_channel + a0 + a1 + a2 + a3)
        return [
            whole[: len(whole) - inner] + self.secure_channel,
            a0,
            _head(a1, self.a1),
            *self.a1,
            *([a2] if a2 else []),
            _head(a3, self.a3),
            *self.a3,
        ]


def _head(container: bytes, segments: Sequence[bytes]) -> bytes:
    return container[: len(container) - sum(map(len, segments))]


def chains_of(bpp: bytes) -> Iterator[bytes]:
    """A bound profile package cut for the card."""
    whole = tlv.parse(bpp)
    first, *containers = whole.children
    yield whole.raw[: whole.header_length] + first.raw
    for container in containers:
        if container.tag in (0xA0, 0xA2):
            yield container.raw
            continue
        yield container.raw[: container.header_length]
        yield from (segment.raw for segment in container.children)


def download(terminal: Terminal, smdp: Smdp, metadata: bytes, package: bytes, *, ppk: bool = True) -> Tlv:
    """A whole download; the Profile Installation Result."""
    challenge = terminal.es10("BF2E00").get(0x80).value
    answer = terminal.es10(smdp.authenticate(challenge))
    answer = terminal.es10(smdp.prepare(answer))
    return load(terminal, smdp.bind(answer, metadata, package, ppk=ppk).chains())


def load(terminal: Terminal, chains: Sequence[bytes]) -> Tlv:
    """Sends chains until the card answers with something."""
    for chain in chains:
        found = terminal.send(chain)
        if found or terminal.sw != 0x9000:
            assert found, f"{terminal.sw:04X}"
            return tlv.parse(found)
    raise AssertionError("the card never answered")


def store_metadata(iccid: bytes, **changes: object) -> bytes:
    value = {"iccid": iccid, "serviceProviderName": "Op", "profileName": "Name", "profileClass": 2, **changes}
    return encode("StoreMetadataRequest", value)
