"""Results that nobody vouches for, late ones and those of others: none of them undoes what an eIM was rightly told."""

from __future__ import annotations

import pytest

from harness.codec.tlv import build as t
from harness.endpoints.eim import EimEndpoint
from harness.links.http_messages import Request, TlsFacts
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable
from tests.roles.eim.support import (
    EID,
    ICCID,
    NOW,
    OTHER_EID,
    get_eim_package,
    installation_result,
    make_eim,
    poll,
    result_data,
    signed_error,
    signed_result,
)

FAILED = b"\x01"
NUMBER = t(0xBF50, t(0x02, FAILED))


def say(eim: Eim, body: bytes, *callers: bytes) -> None:
    eim.exchange(t(0xBF50, body), NOW, callers=callers)


def unsigned(transaction: bytes) -> list[bytes]:
    """Everything by which an IPA says that an operation failed."""
    return [
        t(0x02, FAILED),
        t(0xA0, t(0x80, transaction), t(0x02, FAILED)),
        t(0xBF51, t(0xA2, t(0x80, b"eim.example"), t(0x82, transaction))),
        t(0xBF52, t(0x81, FAILED)),
        t(0xBF52, t(0xA1, t(0x80, transaction), t(0x02, FAILED))),
        t(0xBF54, t(0x82, transaction), t(0x30, t(0x80, FAILED))),
    ]


@pytest.mark.parametrize("version", ["1.0.1", "1.2"])
def test_what_a_card_signed_is_not_undone_by_what_nobody_did(version: str) -> None:
    eim = make_eim()
    eim.associate(EID, ipa_version=version)
    transaction = eim.queue_package(EID, enable(ICCID))
    package = poll(eim)
    say(eim, signed_result(result_data(package)), EID)
    done = eim.operation(transaction)
    assert done.state == "done"
    for body in [*unsigned(transaction), signed_error(package, 4)]:
        say(eim, body, EID)
        assert eim.operation(transaction) == done, body.hex()


@pytest.mark.parametrize("version", ["1.0.1", "1.2"])
def test_data_and_downloads_that_are_over_stay_as_they_are(version: str) -> None:
    eim = make_eim()
    eim.associate(EID, ipa_version=version)
    data = eim.queue_data_request(EID)
    poll(eim)
    say(eim, t(0xBF52, t(0xA0, t(0x87, data))), EID)
    download = eim.queue_download(EID, activation_code="1$smdp.example$M1")
    poll(eim)
    say(eim, t(0xBF54, t(0x82, download), installation_result(bytes(16))), EID)
    over = [eim.operation(one) for one in (data, download)]
    assert [one.state for one in over] == ["done", "done"]
    for body in [*unsigned(data), *unsigned(download)]:
        say(eim, body, EID)
        assert [eim.operation(one) for one in (data, download)] == over, body.hex()


def test_a_result_of_the_card_still_counts_after_an_error_of_its_ipa() -> None:
    eim = make_eim()
    transaction = eim.queue_package(EID, enable(ICCID))
    package = poll(eim)
    say(eim, t(0xA0, t(0x80, transaction), t(0x02, FAILED)))
    assert eim.operation(transaction).state == "failed"
    say(eim, signed_result(result_data(package)))
    assert eim.operation(transaction).state == "done"


def test_a_stranger_with_a_number_fails_nothing_of_v1_2() -> None:
    eim = make_eim()
    transaction = eim.queue_package(EID, enable(ICCID))
    poll(eim)
    say(eim, t(0x02, FAILED))
    assert eim.operation(transaction).state == "delivered"


class Gateway:
    """Devices of v1.0.1 behind one connection."""

    def __init__(self, *eids: bytes) -> None:
        self.eim = make_eim()
        for eid in eids:
            self.eim.associate(eid, ipa_version="1.0.1")
        self._endpoint = EimEndpoint(self.eim, lambda: NOW)

    def post(self, body: bytes) -> bytes:
        headers = (("Content-Type", "application/x-gsma-rsp-asn1"), ("X-Admin-Protocol", "gsma/rsp/v2.1.0"))
        tls = TlsFacts("TLSv1.3", "x", None)
        return self._endpoint(Request("POST", "/gsma/rsp2/asn1", headers, body, tls, 1)).body

    def states(self, *transactions: bytes) -> list[str]:
        return [self.eim.operation(one).state for one in transactions]


def test_a_number_on_a_shared_connection_is_nobodys_while_two_owe_an_answer() -> None:
    gateway = Gateway(EID, OTHER_EID)
    numbers = [gateway.eim.queue_package(eid, enable(ICCID)) for eid in (EID, OTHER_EID)]
    for eid in (EID, OTHER_EID):
        gateway.post(get_eim_package(eid))
    gateway.post(NUMBER)
    assert gateway.states(*numbers) == ["delivered", "delivered"]


def test_an_answer_on_a_shared_connection_is_of_the_one_that_owes_it() -> None:
    """The other one polled last, and was given nothing."""
    gateway = Gateway(EID, OTHER_EID)
    data = gateway.eim.queue_data_request(EID)
    for eid in (EID, OTHER_EID):
        gateway.post(get_eim_package(eid))
    gateway.post(t(0xBF50, t(0xBF52, t(0xA0, t(0x80, b"dp.example")))))
    assert gateway.states(data) == ["done"]
    assert gateway.eim.device(OTHER_EID).data is None


def test_a_device_answers_for_nobody_who_never_polled_on_its_connection() -> None:
    gateway = Gateway(EID, OTHER_EID)
    number = gateway.eim.queue_package(OTHER_EID, enable(ICCID))
    gateway.eim.handle(get_eim_package(OTHER_EID), NOW)
    gateway.post(get_eim_package(EID))
    gateway.post(NUMBER)
    assert gateway.states(number) == ["delivered"]
