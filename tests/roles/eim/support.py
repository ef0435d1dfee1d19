"""What the eIM's tests share: a lab of one eIM and one eUICC, and results signed as a card would sign them.

Origin: derived. Every message is built tag by tag with the TLV writer; no schema had a hand in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from harness.codec.tlv import build as t
from harness.codec.tlv import integer, parse
from harness.crypto import ecdsa, pki
from harness.crypto.entropy import Entropy
from harness.roles.eim import CONFORMING, Eim, EimIdentity
from harness.roles.eim.ports import AssociationStore, HttpPort
from harness.rules import Rules

EID = bytes.fromhex("89049032123451234512345678901235")
OTHER_EID = bytes.fromhex("89049032000000000000000000000020")
ICCID = bytes.fromhex("98001032547698103214")
EIM_ID = "eim.harness.test"
NOW = 1000.0

OK_ENABLE = t(0x83, b"\x00")


@cache
def minted_pki() -> pki.TestPki:
    return pki.mint(Entropy("eim tests"), datetime(2026, 11, 1, tzinfo=UTC))


@cache
def euicc(eid: bytes = EID) -> pki.EuiccIdentity:
    return minted_pki().euicc_identity("nist", eid)


def make_eim(
    rules: Rules = CONFORMING,
    store: AssociationStore | None = None,
    *,
    http: HttpPort | None = None,
    trusted: bool = True,
    associated: bool = True,
    name: str = EIM_ID,
    token: int = 0,
) -> Eim:
    key = ecdsa.generate("nist", Entropy(f"key of {name}"))
    identity = EimIdentity(name, key, fqdn="eim.harness.test:8443")
    ci = (minted_pki().trust("nist").ci.certificate,) if trusted else ()
    eim = Eim(identity, Entropy(f"ids of {name}"), rules, store, http=http, trusted_ci=ci)
    if associated:
        eim.associate(
            EID,
            euicc_certificate=euicc().certificate,
            eum_certificate=euicc().eum_certificate,
            association_token=token,
        )
    return eim


def get_eim_package(eid: bytes = EID, *more: bytes) -> bytes:
    return t(0xBF4F, t(0x5A, eid), *more)


def poll(eim: Eim, eid: bytes = EID) -> bytes:
    return eim.handle(get_eim_package(eid), NOW)


def deliver(eim: Eim, result: bytes, eid: bytes | None = EID) -> bytes:
    head = b"" if eid is None else t(0x5A, eid)
    return eim.handle(t(0xBF50, head, result), NOW)


def result_data(package: bytes, *results: bytes, sequence_number: int = 7, eim_id: str | None = None) -> bytes:
    """The data a card signs for the package in a GetEimPackageResponse or BF51."""
    request = parse(package)
    signed = request.get(0xBF51, 0x30) if request.tag == 0xBF4F else request.get(0x30)
    transaction = signed.find(0x82)
    return t(
        0x30,
        t(0x80, eim_id.encode()) if eim_id else signed.get(0x80).raw,
        signed.get(0x81).raw,
        b"" if transaction is None else transaction.raw,
        integer(0x83, sequence_number),
        t(0x30, *(results or (OK_ENABLE,))),
    )


def signed_result(
    data: bytes, *, token: int = 0, key: ecdsa.PrivateKey | None = None, choice: int | None = 0xA0
) -> bytes:
    """BF51 around the data with the card's signature; `choice` None leaves the automatic tag out."""
    signature = ecdsa.sign(key or euicc().private_key, data + integer(0x84, token))
    body = data + t(0x5F37, signature)
    return t(0xBF51, body if choice is None else t(choice, body))


def signed_error(package: bytes, code: int, *, token: int = 0) -> bytes:
    signed = parse(package).get(0xBF51, 0x30)
    data = t(0x30, signed.get(0x80).raw, signed.get(0x81).raw, signed.get(0x82).raw, integer(0x02, code))
    return signed_result(data, token=token, choice=0xA1)


def notification(sequence_number: int = 9, address: str = "smdp.example") -> bytes:
    """An OtherSignedNotification; nobody on the way looks at its signature or certificates."""
    metadata = t(
        0xBF2F,
        integer(0x80, sequence_number),
        t(0x81, b"\x06\x40"),
        t(0x0C, address.encode()),
        t(0x5A, ICCID),
    )
    return t(0x30, metadata, t(0x5F37, bytes(64)), euicc().certificate, euicc().eum_certificate)


def installation_result(
    transaction_id: bytes, *, installed: bool = True, sequence_number: int = 8, address: str = "smdp.example"
) -> bytes:
    aid = t(0x4F, bytes.fromhex("A0000005591010FFFFFFFF8900001100"))
    success = t(0xA0, aid, t(0x04, b"\x30\x00"))
    failure = t(0xA1, t(0x80, b"\x05"), t(0x81, b"\x0a"))
    metadata = t(0xBF2F, integer(0x80, sequence_number), t(0x81, b"\x07\x80"), t(0x0C, address.encode()))
    data = t(
        0xBF27,
        t(0x80, transaction_id),
        metadata,
        t(0x06, b"\x88\x37\x0a"),
        t(0xA2, success if installed else failure),
    )
    return t(0xBF37, data, t(0x5F37, bytes(64)))


@dataclass(frozen=True)
class Answered:
    status: int = 204
    body: bytes = b""


@dataclass
class Servers:
    """HTTP servers that answer as told and keep what they were sent."""

    answers: dict[str, Answered | Exception] = field(default_factory=dict)
    """By the last part of the path; what has none gets 204."""
    posts: list[tuple[str, bytes]] = field(default_factory=list)

    def post(self, url: str, headers: object, body: bytes) -> Answered:
        self.posts.append((url, body))
        answer = self.answers.get(url.rpartition("/")[2], Answered())
        if isinstance(answer, Exception):
            raise answer
        return answer
