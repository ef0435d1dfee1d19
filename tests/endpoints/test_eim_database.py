"""What an eIM keeps in its database: everything that it accepted, whatever happens to its process."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.crypto import pki
from harness.crypto.entropy import Entropy
from harness.endpoints.eim_database import EimDatabase
from harness.errors import LabFault
from harness.lab.clock import EPOCH
from harness.roles.eim import Eim, EimIdentity, commands
from harness.roles.eim.state import DELIVERED, QUEUED
from harness.roles.eim.writing import read_back, written

EID = bytes.fromhex("89049032123451234512345678900071")
ICCID = "89001010000000000018"
POLL = b"\xbf\x4f\x12\x5a\x10" + EID
DEADLINE = 30.0


def eim_on(database: EimDatabase, name: str = "eim.example") -> Eim:
    key = pki.mint(Entropy("database"), datetime(2026, 1, 1, tzinfo=UTC)).trust("nist").eim_sign.private_key
    return Eim(EimIdentity(name, key), Entropy(os.urandom(8)), store=database)


def test_an_eim_takes_up_where_it_ended(tmp_path: Path) -> None:
    database = EimDatabase(tmp_path / "eim.sqlite")
    eim = eim_on(database)
    eim.associate(EID, association_token=7, counter=41)
    first = eim.queue_package(EID, commands.enable(ICCID, rollback=True), expires_at=EPOCH + 60)
    second = eim.queue_download(EID, activation_code="1$smdp.example$M-1")
    delivered = eim.handle(POLL, EPOCH)
    before = eim.state
    database.close()

    again = eim_on(EimDatabase(tmp_path / "eim.sqlite"))
    assert dict(again.state.operations) == dict(before.operations)
    assert dict(again.state.devices) == dict(before.devices)
    assert dict(again.state.delivered) == dict(before.delivered)
    assert dict(again.state.by_counter) == dict(before.by_counter)
    assert again.operation(first).state == DELIVERED
    assert again.operation(second).state == QUEUED
    assert again.handle(POLL, EPOCH + 1) == delivered, "what left without an answer is offered again, octet for octet"
    assert again.device(EID).association.counter == 42


def test_a_device_that_left_keeps_its_counter(tmp_path: Path) -> None:
    database = EimDatabase(tmp_path / "eim.sqlite")
    eim = eim_on(database)
    eim.associate(EID, counter=9, association_token=3)
    eim.dissociate(EID)
    database.close()
    database = EimDatabase(tmp_path / "eim.sqlite")
    eim = eim_on(database)
    with pytest.raises(KeyError):
        eim.device(EID)
    assert eim.associate(EID).association.counter == 9


def test_the_version_of_an_ipa_is_kept_and_a_file_from_before_is_read(tmp_path: Path) -> None:
    file = tmp_path / "eim.sqlite"
    database = EimDatabase(file)
    eim_on(database).associate(EID, version="1.3", ipa_version="1.0.1")
    database.close()
    database = EimDatabase(file)
    device = eim_on(database).device(EID)
    assert (device.ipa_version, device.esipa_version) == ("1.0.1", "1.0.1")
    database.close()
    with sqlite3.connect(file) as raw:
        ((value,),) = raw.execute("SELECT value FROM devices").fetchall()
        raw.execute("UPDATE devices SET value = ?", (value.replace(', "ipa_version": "1.0.1"', ""),))
    raw.close()
    device = eim_on(EimDatabase(file)).device(EID)
    assert (device.ipa_version, device.esipa_version) == (None, "1.3")


def test_eims_share_a_file_and_nothing_else(tmp_path: Path) -> None:
    database = EimDatabase(tmp_path / "eim.sqlite")
    one, other = eim_on(database, "one.example"), eim_on(database, "other.example")
    one.associate(EID, counter=1)
    other.associate(EID, counter=1000)
    one.queue_package(EID, commands.get_rat())
    database.close()
    database = EimDatabase(tmp_path / "eim.sqlite")
    assert eim_on(database, "one.example").device(EID).association.counter == 1
    assert eim_on(database, "other.example").queue(EID) == ()


def test_one_process_serves_from_a_file(tmp_path: Path) -> None:
    held = EimDatabase(tmp_path / "eim.sqlite")
    with pytest.raises(LabFault, match="locked") as refused:
        EimDatabase(tmp_path / "eim.sqlite")
    assert "another process" in refused.value.hint
    held.close()


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "eim.sqlite"
    file.write_bytes(b"this is no database, and somebody may want it " * 100)
    before = file.read_bytes()
    with pytest.raises(LabFault, match="not a database"):
        EimDatabase(file)
    assert file.read_bytes() == before


def test_a_poll_without_news_writes_nothing(tmp_path: Path) -> None:
    database = EimDatabase(tmp_path / "eim.sqlite")
    eim = eim_on(database)
    eim.associate(EID)
    eim.handle(POLL, EPOCH)
    log = tmp_path / "eim.sqlite-wal"
    size = log.stat().st_size
    for minute in range(100):
        eim.handle(POLL, EPOCH + 60 * minute)
    assert log.stat().st_size == size
    assert eim.device(EID).last_seen == EPOCH + 60 * 99


CHILD = """
import json, sys
from pathlib import Path
from tests.endpoints.test_eim_database import EID, ICCID, POLL, EPOCH, eim_on
from harness.endpoints.eim_database import EimDatabase
from harness.roles.eim import commands
eim = eim_on(EimDatabase(Path(sys.argv[1])))
eim.associate(EID)
print(json.dumps({"ready": True}), flush=True)
while True:
    number = eim.queue_package(EID, commands.get_rat())
    print(json.dumps({"accepted": number.hex()}), flush=True)
    package = eim.handle(POLL, EPOCH)
    print(json.dumps({"counter": eim.device(EID).association.counter, "package": package.hex()}), flush=True)
    eim.cancel(eim.queue(EID)[0].transaction_id)
"""


def test_nothing_accepted_is_lost_to_kill_9(tmp_path: Path) -> None:
    chance = random.Random(20261128)
    file = tmp_path / "eim.sqlite"
    accepted: set[str] = set()
    packages: dict[int, str] = {}
    for _ in range(5):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(file)], stdout=subprocess.PIPE, text=True)
        try:
            assert child.stdout is not None
            for _ in range(chance.randint(5, 60)):
                line = json.loads(child.stdout.readline())
                accepted |= {line["accepted"]} if "accepted" in line else set()
                if "counter" in line:
                    # What left without an answer is offered again as it was; anything else has a counter of its own.
                    assert packages.setdefault(line["counter"], line["package"]) == line["package"]
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait(DEADLINE)
    database = EimDatabase(file)
    kept = {operation.hex() for operation in database.load_state("eim.example").operations}
    assert accepted <= kept
    assert database.load("eim.example")[EID].counter >= max(packages)
    database.close()


def test_events_are_read_by_their_numbers(tmp_path: Path) -> None:
    database = EimDatabase(tmp_path / "eim.sqlite")
    eim = eim_on(database)
    eim.associate(EID)
    for _ in range(3):
        eim.cancel(eim.queue_package(EID, commands.get_rat()), EPOCH)
    first, second, third = database.events("eim.example", eid=EID)
    assert (first.kind, first.value["state"]) == ("OperationEnded", "cancelled")
    assert database.events("eim.example", after=first.number) == [second, third]
    assert database.events("eim.example", after=third.number) == []
    assert database.events("eim.example", eid=bytes(16)) == []


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        "x",
        b"\x00\xff",
        (1, (b"a", 3)),
        [1, b"2"],
        {"a": (1,), b"b": None},
        frozenset({"a", "b"}),
        {5: {"x": b""}},
    ],
)
def test_values_read_back_as_they_were(value: object) -> None:
    again = read_back(json.loads(json.dumps(written(value))))
    assert again == value
    assert type(again) is type(value)


def test_what_was_never_written_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing that an eIM keeps"):
        read_back({"is": "Popen", "args": "true"})
    with pytest.raises(TypeError, match="cannot be kept"):
        written(object())
