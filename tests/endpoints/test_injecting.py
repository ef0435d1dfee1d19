"""An eIM that goes to a device which listens, over real TLS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from harness.codec import tlv
from harness.endpoints.injecting import Binding, ListeningDevice, bring
from harness.endpoints.module_listener import NAME, Listener
from harness.errors import HarnessError, MalformedAnswer
from harness.links.events import Interface
from harness.links.https_client import HttpsClient
from harness.links.tls import Trust
from harness.roles.eim.commands import enable
from tests.roles.eim.support import EID, ICCID, NOW, make_eim, result_data, signed_result

RECEIVED = bytes.fromhex("BF4E020500")


@contextmanager
def listening(transfer: Callable[[bytes], bytes], binding: Binding, key: bytes = b"") -> Iterator[ListeningDevice]:
    listener = Listener(transfer)
    trust = Trust(pinned_keys=(key or listener.key,))
    client = HttpsClient(trust, interface=Interface.ESIPA, addresses={NAME: ("127.0.0.1", listener.port)})
    try:
        with closing(client):
            yield ListeningDevice(client, NAME, binding)
    finally:
        listener.stop()


def executed(message: bytes) -> bytes:
    """The answer of a device that executes packages and applies acknowledgements."""
    [package] = tlv.parse(message).children
    return RECEIVED if package.tag == 0xBF53 else tlv.build(0xBF4E, signed_result(result_data(package.raw)))


@pytest.mark.parametrize("binding", ["asn1", "json"])
def test_a_result_is_taken_and_acknowledged(binding: Binding) -> None:
    eim, asked = make_eim(), []
    transaction = eim.queue_package(EID, enable(ICCID))

    def transfer(message: bytes) -> bytes:
        asked.append(message)
        return executed(message)

    with listening(transfer, binding) as device:
        result, last = bring(eim, EID, device, lambda: NOW)
        assert bring(eim, EID, device, lambda: NOW) == ()
    assert [tlv.parse(message).children[0].tag for message in asked] == [0xBF51, 0xBF53]
    assert (tlv.parse(result).children[0].tag, last) == (0xBF51, RECEIVED)
    assert eim.operation(transaction).state == "done"


@pytest.mark.parametrize("answer", [b"", b"\xbf\x4e", bytes.fromhex("BF4F020500"), bytes.fromhex("BF4E0405000500")])
def test_what_is_no_answer_leaves_the_package_waiting(answer: bytes) -> None:
    eim = make_eim()
    transaction = eim.queue_package(EID, enable(ICCID))
    with listening(lambda message: answer, "asn1") as device, pytest.raises(MalformedAnswer):
        bring(eim, EID, device, lambda: NOW)
    assert eim.operation(transaction).state == "delivered"
    with listening(executed, "asn1") as device:
        assert len(bring(eim, EID, device, lambda: NOW)) == 2
    assert eim.operation(transaction).state == "done"


def test_another_device_gets_nothing() -> None:
    eim, asked = make_eim(), []
    transaction = eim.queue_package(EID, enable(ICCID))

    def transfer(message: bytes) -> bytes:
        asked.append(message)
        return RECEIVED

    another = Listener(transfer)
    try:
        with listening(transfer, "asn1", another.key) as device, pytest.raises(HarnessError, match="pinned"):
            bring(eim, EID, device, lambda: NOW)
    finally:
        another.stop()
    assert asked == []
    assert eim.operation(transaction).is_open
