"""Accounts at real SM-DP+s: each code goes out once, whatever happens to who took it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.errors import ConfigurationError, LabFault, Withheld
from harness.lab.file.accounts import FILE, Account, AccountPool
from harness.lab.file.configuration import read_lab

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
CODES = [f"1$smdp.example.com$CODE-{number}" for number in range(200)]
TAKER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from harness.lab.file.accounts import Account, AccountPool
pool = AccountPool([Account(f"1$smdp.example.com$CODE-{number}") for number in range(200)], Path(sys.argv[1]))
while True:
    print(pool.take("card", "DP-015", datetime.now(UTC)).code, flush=True)
"""
SLOTS = "slots:\n  card: {kind: euicc, device: {simulated: {}}, links: {apdu: memory}}\n"


def test_each_code_goes_out_once_and_it_is_written_who_took_it(tmp_path: Path) -> None:
    pool = AccountPool([Account(code) for code in CODES[:2]], tmp_path / "state")
    assert [pool.take("card", "DP-015", NOW).code for _ in range(2)] == CODES[:2]
    with pytest.raises(Withheld, match="2 in all"):
        pool.take("card", "DP-015", NOW)
    used = json.loads((tmp_path / "state" / FILE).read_text())
    assert used[CODES[0]] == {"device": "card", "case": "DP-015", "at": "2026-11-28T12:00:00+00:00"}


def test_no_accounts_at_all() -> None:
    with pytest.raises(Withheld, match="no account at an SM-DP\\+"):
        AccountPool([], None).take("card", "DP-015", NOW)


def test_two_at_once_of_which_one_is_killed_never_get_the_same_code(tmp_path: Path) -> None:
    takers = [
        subprocess.Popen([sys.executable, "-c", TAKER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    got: list[str] = []
    for taker in takers:
        assert taker.stdout is not None
        got += [taker.stdout.readline().strip() for _ in range(5)]
    for taker in takers:
        taker.kill()
        rest, _ = taker.communicate(timeout=30)
        got += [line for line in rest.splitlines() if line in CODES]
    used = json.loads((tmp_path / FILE).read_text())
    assert len(got) == len(set(got))
    assert set(got) <= set(used), "a code is on disk before anybody has it"
    left = AccountPool([Account(code) for code in CODES], tmp_path)
    remaining = len(CODES) - len(used)
    assert not {left.take("card", "DP-015", NOW).code for _ in range(remaining)} & set(used)


@pytest.mark.parametrize("text", ["[]", "{", '"x"'])
def test_a_record_that_cannot_be_read_gives_nothing_away(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(LabFault, match="cannot be used"):
        AccountPool([Account(CODES[0])], tmp_path).take("card", "DP-015", NOW)
    assert (tmp_path / FILE).read_text() == text


def test_mistakes_are_told_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(
        f"""lab: x
state: state
smdp_accounts:
  - {{code: "{CODES[0]}"}}
  - {{code: "LPA:{CODES[0]}"}}
  - {{code: "2$smdp.example.com$X"}}
  - {{code: "1$smdp.example.com$X$$1"}}
  - {{tls: nowhere.pem}}
  - {{code: "1$smdp.example.com$Y", tls: nowhere.pem}}
{SLOTS}"""
    )
    with pytest.raises(ConfigurationError) as caught:
        read_lab(file)
    said = [(fault.line, fault.message) for fault in caught.value.faults]
    assert [line for line, _ in said] == [5, 6, 7, 8, 9]
    words = ("twice", "another format", "confirmation code", "'code' is missing", "does not exist")
    for (_, message), wanted in zip(said, words, strict=True):
        assert wanted in message


def test_a_lab_without_state_cannot_have_accounts(tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(f'lab: x\nstate: null\nsmdp_accounts:\n  - {{code: "{CODES[0]}"}}\n{SLOTS}')
    with pytest.raises(ConfigurationError, match=r"lab\.yaml:4: .*kept in the lab's state"):
        read_lab(file)
