"""Accounts at real SM-DP+s: activation codes of the lab file, each of which is good for one download.

    smdp_accounts:
      - {code: "1$smdp.example.com$MATCHING-ID", tls: ci/gsma.pem}

Rules of this room:
- A code is on disk as used before anybody gets it: after `kill -9` one may be lost, and none is used twice.
- The file is replaced as a whole under a lock that the kernel releases, since several slots take from one pool.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.errors import LabFault, Withheld
from harness.nodes import Value

FILE = "smdp-accounts.json"


@dataclass(frozen=True, slots=True)
class Account:
    """One profile that waits at an SM-DP+."""

    code: str
    """Its activation code, without "LPA:"."""
    tls: tuple[Path, ...] = ()
    """Certificates that the SM-DP+'s TLS certificate leads to, beside those of the lab."""


class AccountPool:
    """The accounts of a lab, and which of them are used."""

    def __init__(self, accounts: Sequence[Account], state: Path | None) -> None:
        """`state` is the lab's; without one there are no accounts either."""
        self._accounts = tuple(accounts)
        self._state = state

    def take(self, device: str, case: str, now: datetime) -> Account:
        """The first account that nobody used, from now on used. Raises Withheld where there is none left.

        Raises LabFault where the record of what is used cannot be read or written.
        """
        if self._state is None or not self._accounts:
            hint = "name activation codes under `smdp_accounts` of the lab file"
            raise Withheld(
                "the card believes none of the lab's keys, and the lab has no account at an SM-DP+", hint=hint
            )
        try:
            with self._locked(self._state) as file:
                used = self._read(file)
                left = [account for account in self._accounts if account.code not in used]
                if left:
                    taken = {"device": device, "case": case, "at": now.isoformat(timespec="seconds")}
                    self._write(file, {**used, left[0].code: taken})
        except (OSError, ValueError) as problem:
            hint = "restore it; it says which activation codes are used"
            raise LabFault(f"{self._state / FILE} cannot be used: {problem}", hint=hint) from problem
        if not left:
            hint = "order more and add their activation codes to `smdp_accounts`"
            raise Withheld(f"every account at an SM-DP+ is used up ({len(self._accounts)} in all)", hint=hint)
        return left[0]

    @staticmethod
    @contextmanager
    def _locked(state: Path) -> Iterator[Path]:
        state.mkdir(parents=True, exist_ok=True)
        with (state / f"{FILE}.lock").open("a") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            yield state / FILE

    @staticmethod
    def _read(file: Path) -> Mapping[str, object]:
        if not file.exists():
            return {}
        known = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(known, dict):
            raise ValueError("it is no record of used accounts")
        return known

    @staticmethod
    def _write(file: Path, used: Mapping[str, object]) -> None:
        beside = file.with_name(f"{FILE}.new")
        with beside.open("w", encoding="utf-8") as out:
            json.dump(used, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read_accounts(value: Value, folder: Path) -> tuple[Account, ...]:
    """The accounts of a lab file; paths are relative to `folder`. Faults are noted."""
    from harness.lab.file.trust import read_certificates

    found: dict[str, Account] = {}
    for item in value.items():
        keys = item.mapping(("code", "tls"))
        if "code" not in keys:
            if item.is_mapping:
                item.fault("'code' is missing", 'write `code: "1$smdp.example.com$MATCHING-ID"`')
            continue
        code = _code(keys["code"])
        if code in found:
            keys["code"].fault("this activation code is there twice", "each is good for one download")
        elif code is not None:
            found[code] = Account(code, read_certificates(keys["tls"], folder) if "tls" in keys else ())
    return tuple(found.values())


def _code(value: Value) -> str | None:
    from harness.roles.ipa.activation import TriggerRefused, activation_code

    word = value.text()
    if word is None:
        return None
    code = word.removeprefix("LPA:")
    try:
        activation_code(code.encode())
    except TriggerRefused as refused:
        value.fault(str(refused), 'an activation code is "1$ADDRESS$MATCHING-ID"')
        return None
    if code.split("$")[4:] == ["1"]:
        value.fault("a profile that asks for a confirmation code cannot be used", "order it without one")
        return None
    return code
