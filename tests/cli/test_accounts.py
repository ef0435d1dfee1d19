"""A card that believes none of the lab's SM-DP+ keys takes a profile by an account at somebody else's SM-DP+."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.crypto.entropy import Entropy
from harness.endpoints.smdp import SmdpEndpoint
from harness.lab.file.accounts import FILE
from harness.lab.file.configuration import read_lab
from harness.lab.rack import Rack, prepare
from harness.lab.servers import Server
from harness.links.events import Interface
from harness.roles.smdp import OrderState, Smdp, SmdpIdentity
from tests.cli.conftest import Sgp32

LAB = """lab: accounts
state: state
ACCOUNTS
slots:
  card: {kind: euicc, device: {simulated: {prepare: functions}}, links: {apdu: memory}, trust: {smdp: false}}
"""


def result(run: Path) -> dict[str, Any]:
    (line,) = map(json.loads, (run / "results.jsonl").read_text().splitlines())
    return dict(line)


def test_a_code_is_used_and_then_there_is_none(sgp32: Sgp32, tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(LAB.replace("ACCOUNTS", "smdp_accounts: []"))
    lab = read_lab(file)
    prepare(lab, 1)
    with Rack(lab, 1) as rack:
        server = Server(rack, "dp-tls", Interface.ES9P)
        port = server.start()
        smdp = Smdp(SmdpIdentity.of(rack.pki, f"localhost:{port}"), Entropy("an operator's"))
        server.behind = SmdpEndpoint(smdp, lambda: datetime.now(UTC))
        order = smdp.order(rack.profiles["operational-b"])
        file.write_text(LAB.replace("ACCOUNTS", f'smdp_accounts:\n  - {{code: "LPA:{order.activation_code}"}}'))
        sgp32("run", "DP-015", "--lab", file, "--out", tmp_path / "first")
        sgp32("run", "DP-015", "--lab", file, "--out", tmp_path / "second")
        server.stop()
    first, second = result(tmp_path / "first"), result(tmp_path / "second")
    assert (first["verdict"], first["reason"]) == ("pass", "")
    assert smdp.order_now(order).state is OrderState.INSTALLED
    assert second["verdict"] == "not_run"
    assert "every account at an SM-DP+ is used up (1 in all)" in second["reason"]
    assert list(json.loads((tmp_path / "state" / FILE).read_text())) == [order.activation_code]


def test_an_sm_dp_plus_that_is_not_there_is_no_fault_of_the_card(sgp32: Sgp32, tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(LAB.replace("ACCOUNTS", 'smdp_accounts:\n  - {code: "1$localhost:1$X"}'))
    sgp32("run", "DP-015", "--lab", file, "--out", tmp_path / "run")
    assert result(tmp_path / "run")["verdict"] == "inconclusive"
