"""The operator's side: what waits, what is taken back, and what becomes of counters, keys and the device's inventory."""

from __future__ import annotations

from time import perf_counter

import pytest

from harness.codec.tlv import build as t
from harness.codec.tlv import parse
from harness.crypto import ecdsa
from harness.crypto.entropy import Entropy
from harness.errors import LabFault
from harness.roles.eim import Association, Eim, JsonStore
from harness.roles.eim.commands import disable, enable, get_rat
from harness.roles.eim.counters import GUARANTEED_COUNTER, KEPT_BACK
from harness.roles.eim.events import CounterExhausted, CounterResynchronised, KeyTaken, OperationEnded, ProfilesChanged
from harness.roles.eim.identity import key_name
from tests.roles.eim.support import (
    EID,
    ICCID,
    NOW,
    deliver,
    get_eim_package,
    make_eim,
    poll,
    result_data,
    signed_error,
    signed_result,
)

OTHER_ICCID = bytes.fromhex("98001032547698103224")
NONE_AVAILABLE = bytes.fromhex("BF4F03020101")
OK_UPDATE = t(0x8A, b"\x00")
REPLAY = 4


def kinds(eim: Eim) -> list[str]:
    return [operation.kind for operation in eim.queue()]


def answered(eim: Eim, *results: bytes) -> None:
    """The next package, executed with these results."""
    deliver(eim, signed_result(result_data(poll(eim), *results)))


def counter_of(reply: bytes) -> int:
    return int.from_bytes(parse(reply).get(0xBF51, 0x30, 0x81).value, "big")


def is_signed_with(reply: bytes, key: ecdsa.PrivateKey) -> bool:
    package = parse(reply).get(0xBF51)
    return ecdsa.verify(key.public_key(), package.get(0x5F37).value, package.get(0x30).raw + t(0x84, b"\x00"))


def another_key() -> ecdsa.PrivateKey:
    return ecdsa.generate("nist", Entropy("another key"))


def test_cancelled_operation_is_never_delivered():
    eim = make_eim()
    transaction = eim.queue_package(EID, enable(ICCID))
    assert eim.cancel(transaction, NOW).state == "cancelled"
    assert poll(eim) == NONE_AVAILABLE
    assert eim.events[0] == OperationEnded(NOW, EID, transaction, "cancelled")
    assert eim.operation(transaction).counter is None


def test_result_of_a_cancelled_package_that_had_left_still_counts():
    eim = make_eim()
    transaction = eim.queue_package(EID, enable(ICCID))
    package = poll(eim)
    eim.cancel(transaction)
    assert poll(eim) == NONE_AVAILABLE
    assert parse(deliver(eim, signed_result(result_data(package)))).find(0xBF53) is not None
    assert eim.cancel(transaction).state == "done"


def test_operation_expires():
    eim = make_eim()
    late = eim.queue_package(EID, enable(ICCID), expires_at=NOW)
    early = eim.queue_package(EID, get_rat(), expires_at=NOW + 1)
    reply = poll(eim)
    assert parse(reply).get(0xBF51, 0x30, 0x82).value == early
    assert eim.operation(late).state == "expired"
    assert OperationEnded(NOW, EID, late, "expired") in eim.events


def test_implicit_disable_is_two_changes():
    eim = make_eim()
    eim.queue_package(EID, enable(ICCID))
    answered(eim)
    eim.queue_package(EID, enable(OTHER_ICCID))
    answered(eim)
    assert eim.device().profiles == {ICCID: False, OTHER_ICCID: True}
    changes = [event.changes for event in eim.events if isinstance(event, ProfilesChanged)]
    assert [sorted(each) for each in changes] == [[(ICCID, True)], [(ICCID, False), (OTHER_ICCID, True)]]


def test_commands_behind_the_first_failure_change_nothing():
    eim = make_eim()
    eim.queue_package(EID, disable(ICCID), enable(OTHER_ICCID))
    answered(eim, t(0x84, b"\x01"))
    assert eim.device().profiles == {}


def test_whole_list_replaces_what_was_known():
    eim = make_eim()
    eim.queue_package(EID, enable(ICCID))
    answered(eim)
    eim.queue_package(EID, ("listProfileInfo", {}))
    entry = t(0xE3, t(0x5A, OTHER_ICCID), t(0x9F70, b"\x00"))
    answered(eim, t(0xBF2D, t(0xA0, entry)))
    assert eim.device().profiles == {OTHER_ICCID: False}


def test_state_change_asks_once_and_is_over_with_the_data():
    eim = make_eim()
    for _ in range(2):
        eim.queue_package(EID, enable(ICCID))
        eim.handle(get_eim_package(EID, t(0x80), t(0x81, b"\x00")), NOW)
    assert kinds(eim).count("data") == 1
    assert eim.device().is_stale
    deliver(eim, t(0xBF52, t(0xA0)))
    assert not eim.device().is_stale


@pytest.mark.parametrize("cause", [b"\x03", b"\x7f", b"\x2a"])
def test_any_cause_is_a_change(cause):
    eim = make_eim()
    eim.handle(get_eim_package(EID, t(0x80), t(0x81, cause)), NOW)
    assert eim.device().is_stale


def test_replay_error_sends_the_commands_anew_further_up():
    eim = make_eim()
    card = 5000
    first = eim.queue_package(EID, enable(ICCID))
    sent = []
    for _ in range(6):
        reply = poll(eim)
        sent.append(counter_of(reply))
        if sent[-1] > card:
            answered_ok = deliver(eim, signed_result(result_data(reply)))
            assert parse(answered_ok).find(0xBF53) is not None
            break
        deliver(eim, signed_error(reply, REPLAY))
    assert sent == [1, 18, 275, 4372, 69909]
    resyncs = [event for event in eim.events if isinstance(event, CounterResynchronised)]
    assert resyncs[0].transaction_id == first
    assert eim.operation(first).state == "failed"


def test_refused_copy_is_no_reason_to_send_anew_but_to_ask_for_the_result():
    eim = make_eim()
    eim.queue_package(EID, enable(ICCID))
    poll(eim)
    deliver(eim, signed_error(poll(eim), REPLAY))
    assert kinds(eim) == ["data"]
    assert parse(poll(eim)).get(0xBF52, 0x5C).value == b"\xa2"


def test_package_that_a_case_made_is_never_sent_anew():
    eim = make_eim()
    package = eim.package(enable(ICCID), counter=1)
    deliver(eim, signed_error(t(0xBF4F, package), REPLAY))
    assert kinds(eim) == []


def test_last_counters_are_kept_for_a_new_key():
    eim = make_eim()
    eim.associate(EID, counter=GUARANTEED_COUNTER - KEPT_BACK - 1)
    eim.queue_package(EID, get_rat())
    assert counter_of(poll(eim)) == GUARANTEED_COUNTER - KEPT_BACK
    deliver(eim, signed_result(result_data(poll(eim))))
    held = eim.queue_package(EID, get_rat())
    assert poll(eim) == NONE_AVAILABLE
    assert CounterExhausted(NOW, EID, held, GUARANTEED_COUNTER - KEPT_BACK) in eim.events
    eim.take_new_key(another_key())
    eim.queue_new_key(EID, counter=0)
    answered(eim, OK_UPDATE)
    assert eim.device().association == Association(0, 0, key_name(another_key()))
    assert counter_of(poll(eim)) == 1


def test_each_device_is_sent_packages_under_the_key_it_knows():
    eim = make_eim()
    old = eim.identity.signing_key
    eim.take_new_key(another_key())
    assert is_signed_with(t(0xBF4F, eim.package(get_rat())), old)
    update = eim.queue_new_key(EID)
    reply = poll(eim)
    assert is_signed_with(reply, old)
    deliver(eim, signed_result(result_data(reply, OK_UPDATE)))
    assert KeyTaken(NOW, EID, update, key_name(another_key())) in eim.events
    eim.queue_package(EID, get_rat())
    assert is_signed_with(poll(eim), another_key())


def test_refused_key_is_not_used():
    eim = make_eim()
    old = eim.identity.signing_key
    eim.take_new_key(another_key())
    eim.queue_new_key(EID)
    answered(eim, t(0x8A, b"\x07"))
    eim.queue_package(EID, get_rat())
    assert is_signed_with(poll(eim), old)


def test_known_key_outlives_the_eim(tmp_path):
    eim = make_eim(store=JsonStore(tmp_path / "eims.json"))
    old = eim.identity.signing_key
    eim.queue_package(EID, get_rat())
    answered(eim)
    eim.take_new_key(another_key())
    again = make_eim(store=JsonStore(tmp_path / "eims.json"), associated=False)
    again.take_new_key(another_key())
    again.associate(EID)
    again.queue_package(EID, get_rat())
    assert is_signed_with(poll(again), old)


def test_key_that_is_gone_is_a_lab_fault():
    eim = make_eim()
    with pytest.raises(LabFault, match="no signing key"):
        eim.identity.key_named("0123456789abcdef")


def test_a_message_costs_the_same_with_many_devices():
    """A poll in the midst of 20,000 devices takes no longer than with one; a copied table would take a thousand times."""
    few, many = make_eim(), make_eim()
    for number in range(20_000):
        many.associate(number.to_bytes(16, "big"))

    def best(eim: Eim) -> float:
        def once() -> float:
            begun = perf_counter()
            poll(eim)
            return perf_counter() - begun

        return min(once() for _ in range(50))

    assert best(many) < 20 * best(few)


@pytest.mark.parametrize("what", ["version", "ipa_version"])
def test_a_version_that_no_device_has_is_refused(what: str) -> None:
    eim = make_eim()
    before = eim.device()
    with pytest.raises(ValueError, match=r"'9' is no version of SGP\.32 .*: 1\.0\.1, 1\.2, 1\.3"):
        eim.associate(EID, **{what: "9"})  # type: ignore[arg-type]
    assert eim.device() == before
