"""Packages and results between independent implementations (SGP.32 v1.0 dialect), from the lab's own data."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.codec.tlv import parse
from harness.crypto import ecdsa
from harness.crypto.entropy import Entropy
from harness.roles.eim import CONFORMING, Eim, EimIdentity
from harness.roles.eim.packages import PackageFields, package_signed
from harness.roles.eim.results import read_result, signature_holds
from harness.roles.eim.rules import Rules

FOLDER = os.environ.get("SGP32_TEST_DATA")
pytestmark = pytest.mark.skipif(
    FOLDER is None, reason="SGP32_TEST_DATA is not set: the recorded packages are not at hand"
)


@pytest.fixture(scope="module")
def capture():
    return json.loads((Path(FOLDER or "") / "captures" / "es10b-packages-v1.0.json").read_text())


@pytest.fixture(scope="module")
def pairs(capture):
    """Request and result of each package."""
    lines = [(line[0], bytes.fromhex(line[2:].strip())) for line in capture["exchange"]]
    found = [
        (octets, lines[at + 1][1])
        for at, (way, octets) in enumerate(lines)
        if way == ">" and octets.startswith(b"\xbf\x51")
    ]
    assert len(found) == 5
    return found


def test_same_fields_give_the_same_signed_octets(pairs):
    for request, _ in pairs:
        signed = parse(request).get(0x30)
        fields = PackageFields(
            signed.get(0x80).value.decode(),
            signed.get(0x5A).value,
            int.from_bytes(signed.get(0x81).value, "big"),
            signed.get(0x82).value,
            tuple(command.raw for command in signed.children[-1].children),
        )
        assert package_signed(fields, signed.children[-1].tag) == signed.raw


def test_their_package_signatures_cover_what_ours_cover(capture, pairs):
    key = ecdsa.load_point("nist", bytes.fromhex(capture["eimPublicKeyUncompressed"]))
    for request, _ in pairs:
        covered = CONFORMING["package-signature-input"](parse(request).get(0x30).raw, capture["associationToken"])
        assert ecdsa.verify(key, parse(request).get(0x5F37).value, covered)


def test_results_are_read_and_their_signatures_hold(capture, pairs):
    key = ecdsa.load_point("nist", bytes.fromhex(capture["euiccPublicKeyUncompressed"]))
    results = [read_result(parse(result)) for _, result in pairs]
    assert [result.sequence_number for result in results] == [1, 2, 3, 4, 5]
    for result in results:
        assert signature_holds(result, key, capture["associationToken"])
        assert not signature_holds(result, key, capture["associationToken"] + 1)


def test_results_are_accepted(capture, pairs):
    """With the card's key in the place of its certificate, which the capture does not hold."""
    eid = bytes.fromhex(capture["eid"])
    key = ecdsa.load_point("nist", bytes.fromhex(capture["euiccPublicKeyUncompressed"]))

    def holds(result, device):
        return signature_holds(result, key, device.association.token)

    rules: Rules = CONFORMING.replacing("result-is-signed-by-device", holds)
    eim = Eim(EimIdentity("eIM", ecdsa.generate("nist", Entropy(1))), Entropy(2), rules)
    eim.associate(eid, association_token=capture["associationToken"])
    for number, (request, result) in enumerate(pairs, start=1):
        signed = parse(request).get(0x30)
        transaction = signed.get(0x82).value
        commands = tuple(command.raw for command in signed.children[-1].children)
        eim.package(*commands, counter=number + 1, transaction_id=transaction)
        assert eim.take_result(result).reply == bytes.fromhex("BF5006BF53038001") + bytes([number])
        assert eim.operation(transaction).answer == result
