"""A message that waits for an SM-DP+ keeps nobody else waiting, and undoes nothing that happened meanwhile."""

from __future__ import annotations

import threading

from harness.codec.tlv import build as t
from harness.roles.eim import commands
from harness.roles.eim.merging import merged
from harness.roles.eim.state import DELIVERED, DONE, QUEUED, Association, Device, DownloadSession, EimState, Operation
from tests.roles.eim.support import EID, ICCID, NOW, OTHER_EID, make_eim, poll
from tests.roles.eim.test_data import INFO1
from tests.roles.eim.test_indirect_download import ADDRESS, TRANSACTION, initiate, smdp

DEADLINE = 10.0
FIRST, SECOND, THIRD = b"\x01", b"\x02", b"\x03"


class SlowServers:
    """An SM-DP+ that answers when it is let."""

    def __init__(self) -> None:
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self._servers = smdp()

    def post(self, url, headers, body):
        self.asked.set()
        assert self.may_answer.wait(DEADLINE)
        return self._servers.post(url, headers, body)


def test_others_poll_and_operators_order_while_an_sm_dp_plus_thinks():
    servers = SlowServers()
    eim = make_eim(http=servers)
    eim.associate(OTHER_EID)
    download = eim.queue_download(EID, activation_code=f"1${ADDRESS}$M1")
    poll(eim)
    answers: list[bytes] = []
    message = initiate(INFO1, t(0x82, download))
    relaying = threading.Thread(target=lambda: answers.append(eim.handle(message, NOW)))
    relaying.start()
    assert servers.asked.wait(DEADLINE)
    meanwhile = eim.queue_package(OTHER_EID, commands.get_rat())
    eim.handle(t(0xBF4F, t(0x5A, OTHER_EID)), NOW)
    own = eim.queue_package(EID, commands.enable(ICCID))
    servers.may_answer.set()
    relaying.join(DEADLINE)
    assert answers[0][:2] == b"\xbf\x39"
    assert TRANSACTION in eim.state.sessions
    assert eim.operation(meanwhile).state == DELIVERED
    assert eim.operation(own).state == QUEUED
    assert own in eim.device(EID).queue
    assert eim.device(OTHER_EID).association.counter == 1


def three() -> EimState:
    state = EimState().with_device(Device(EID, Association(counter=5), queue=(FIRST, SECOND)))
    for number in (FIRST, SECOND):
        state = state.with_operation(Operation(number, EID, "package", DELIVERED))
    return state.kept()


def test_what_a_message_left_alone_stays_as_others_made_it():
    base = three()
    device = base.devices[EID]
    after = base.with_operation(Operation(FIRST, EID, "package", DONE)).with_session(DownloadSession(b"s", "dp", None))
    current = base.with_device(Device(EID, Association(counter=6), queue=(*device.queue, THIRD), last_seen=9.0)).kept()
    state = merged(current, base, after)
    assert state.devices[EID] == Device(EID, Association(counter=6), queue=(SECOND, THIRD), last_seen=9.0)
    assert state.operations[FIRST].state == DONE
    assert b"s" in state.sessions
    assert state.touched.operations == {FIRST}


def test_both_change_one_device():
    base = three()
    device = base.devices[EID]
    after = base.with_device(Device(EID, Association(5, key="new"), queue=device.queue, is_stale=True))
    current = base.with_device(Device(EID, Association(6), queue=device.queue, version="1.3")).kept()
    expected = Device(EID, Association(6, key="new"), queue=device.queue, is_stale=True, version="1.3")
    assert merged(current, base, after).devices[EID] == expected


def test_a_device_that_was_forgotten_meanwhile_stays_forgotten():
    base = three()
    after = base.with_device(Device(EID, Association(7)))
    assert EID not in merged(base.without_device(EID).kept(), base, after).devices
    gone = base.without_device(EID)
    assert EID not in merged(base.with_device(Device(OTHER_EID)).kept(), base, gone).devices


def test_nobody_came_between():
    base = three()
    after = base.with_operation(Operation(FIRST, EID, "package", DONE))
    assert merged(base, base, after) is after
