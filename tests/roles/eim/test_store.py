"""Counters and tokens outlive the eIM."""

from __future__ import annotations

import json

import pytest

from harness.codec.tlv import parse
from harness.errors import LabFault
from harness.roles.eim import Association, JsonStore, MemoryStore
from harness.roles.eim.commands import enable, get_rat
from tests.roles.eim.support import EID, ICCID, make_eim, poll


def test_counter_and_token_survive_a_restart(tmp_path):
    store = JsonStore(tmp_path / "state" / "eims.json")
    eim = make_eim(store=store, token=5)
    eim.package(get_rat())
    eim.queue_package(EID, enable(ICCID))
    poll(eim)
    again = make_eim(store=JsonStore(tmp_path / "state" / "eims.json"), associated=False)
    again.associate(EID)
    assert again.device().association == Association(2, 5)


def test_two_eims_share_a_file(tmp_path):
    path = tmp_path / "eims.json"
    one, two = make_eim(store=JsonStore(path)), make_eim(store=JsonStore(path), name="two")
    one.package(get_rat())
    two.package(get_rat())
    one.package(get_rat())
    assert JsonStore(path).load("eim.harness.test") == {EID: Association(2, 0)}
    assert JsonStore(path).load("two") == {EID: Association(1, 0)}
    assert [child.name for child in tmp_path.iterdir()] == ["eims.json"]


def test_counter_is_kept_before_the_package_leaves():
    class Watching(MemoryStore):
        saved = 0

        def save(self, eim_id, eid, association):
            super().save(eim_id, eid, association)
            Watching.saved = association.counter

    eim = make_eim(store=Watching())
    package = eim.package(get_rat())
    assert parse(package).get(0x30, 0x81).value == bytes([Watching.saved]) == b"\x01"


def test_package_does_not_leave_where_the_counter_cannot_be_kept():
    class Full(MemoryStore):
        is_full = False

        def save(self, eim_id, eid, association):
            if self.is_full:
                raise LabFault("the disk is full")
            super().save(eim_id, eid, association)

    store = Full()
    eim = make_eim(store=store)
    transaction = eim.queue_package(EID, enable(ICCID))
    store.is_full = True
    with pytest.raises(LabFault):
        poll(eim)
    assert eim.operation(transaction).state == "queued"
    store.is_full = False
    assert parse(poll(eim)).get(0xBF51, 0x30, 0x81).value == b"\x01"


@pytest.mark.parametrize("content", ["", "[]", '{"eim.harness.test": {"zz": {}}}', '{"eim.harness.test": 1}'])
def test_damaged_file_is_a_lab_fault(tmp_path, content):
    path = tmp_path / "eims.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(LabFault) as fault:
        make_eim(store=JsonStore(path))
    assert str(path) in str(fault.value)
    assert fault.value.hint


def test_folder_that_cannot_be_made_is_a_lab_fault(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(LabFault):
        make_eim(store=JsonStore(tmp_path / "file" / "eims.json"))


def test_file_is_readable(tmp_path):
    path = tmp_path / "eims.json"
    make_eim(store=JsonStore(path), token=1)
    assert json.loads(path.read_text()) == {
        "eim.harness.test": {EID.hex().upper(): {"counter": 0, "association_token": 1}}
    }
