"""The power goes at any moment: afterwards the card is as before or as after, never between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.codec import encode
from harness.crypto import pki
from harness.crypto.entropy import Entropy
from harness.errors import LabFault
from harness.simulators.euicc import CardConfig, FileMemory, SimulatedEuicc, VolatileMemory, serial
from harness.simulators.euicc.state import CardState
from tests.simulators.euicc.conftest import Bench
from tests.simulators.euicc.support import Smdp, Terminal, delete, download, enable


class PowerCut(Exception):
    """The supply is gone."""


class FailingMemory(VolatileMemory):
    """Loses power at its n-th store, just before or just after the new state is there."""

    def __init__(self, state: bytes | None, stores: int, late: bool) -> None:
        super().__init__(state)
        self._left = stores
        self._late = late

    def store(self, state: bytes) -> None:
        self._left -= 1
        if self._left:
            super().store(state)
            return
        if self._late:
            super().store(state)
        raise PowerCut


Act = Callable[[Terminal, Bench], object]


def _install(terminal: Terminal, bench: Bench) -> object:
    package = bench.packages["operational-b"]
    metadata = encode("StoreMetadataRequest", dict(package.metadata))
    return download(terminal, Smdp(bench.trust, bench.card.config.eid), metadata, package.der)


def _enable(terminal: Terminal, bench: Bench) -> object:
    iccid = bench.packages["operational-a"].iccid
    return terminal.es10(bench.eim.psmo(enable(iccid), counter=50))


def _switch_and_delete(terminal: Terminal, bench: Bench) -> object:
    old, new = (bench.packages[name].iccid for name in ("bootstrap", "operational-a"))
    return terminal.es10(bench.eim.psmo(enable(new), delete(old), counter=50))


def _reset(terminal: Terminal, _bench: Bench) -> object:
    return terminal.es10("BF6404820201FE")


@pytest.mark.parametrize("act", [_install, _enable, _switch_and_delete, _reset])
def test_a_cut_at_any_store_leaves_before_or_after(bench: Bench, credentials: pki.TestPki, act: Act) -> None:
    bench.install("bootstrap")
    bench.install("operational-a")
    bench.associate()
    bench.terminal.es10(bench.eim.psmo(enable(bench.packages["bootstrap"].iccid)))
    before = bench.card.snapshot()
    identities = credentials.euicc_identities(bench.card.config.eid)

    def life(memory: VolatileMemory) -> SimulatedEuicc:
        return SimulatedEuicc(bench.card.config, identities, memory, Entropy("life"))

    whole = life(VolatileMemory(before))
    act(Terminal(whole).start(), bench)
    after = whole.snapshot()
    assert after != before
    cuts = 0
    for late in (False, True):
        for stores in range(1, 20):
            memory = FailingMemory(before, stores, late)
            try:
                act(Terminal(life(memory)).start(), bench)
                break
            except PowerCut:
                cuts += 1
            survivor = life(VolatileMemory(memory.load()))
            Terminal(survivor).start()
            assert survivor.snapshot() in (before, after)
            assert len([p for p in survivor.state.profiles if p.enabled]) <= 1
    assert cuts >= 2


def test_a_repeated_package_after_a_cut_is_executed_once(bench: Bench, credentials: pki.TestPki) -> None:
    """A cut before the commit leaves the counter too, so that the eIM may send the package again."""
    iccid = bench.install("operational-a")
    bench.associate()
    before = bench.card.snapshot()
    identities = credentials.euicc_identities(bench.card.config.eid)
    package = bench.eim.psmo(enable(iccid))
    memory = FailingMemory(before, 1, late=False)
    card = SimulatedEuicc(bench.card.config, identities, memory, Entropy("life"))
    with pytest.raises(PowerCut):
        Terminal(card).start().es10(package)
    card = SimulatedEuicc(bench.card.config, identities, VolatileMemory(memory.load()), Entropy("life"))
    terminal = Terminal(card).start()
    assert terminal.es10(package).find(0xA0) is not None
    assert terminal.es10(package).find(0xA1) is not None


def test_state_in_a_file_outlives_the_card(bench: Bench, credentials: pki.TestPki, tmp_path: Path) -> None:
    config = CardConfig()
    identities = credentials.euicc_identities(config.eid)
    file = FileMemory(tmp_path / "card")
    card = SimulatedEuicc(config, identities, file, Entropy("card"))
    bench.terminal, bench.card = Terminal(card).start(), card
    iccid = bench.install("operational-a")
    bench.associate()
    bench.terminal.es10(bench.eim.psmo(enable(iccid)))
    again = SimulatedEuicc(config, identities, FileMemory(tmp_path / "card"), Entropy("other"))
    Terminal(again).start()
    assert again.snapshot() == card.snapshot()
    assert [entry.name for entry in tmp_path.iterdir()] == ["card"]


def test_snapshot_and_restore(bench: Bench) -> None:
    virgin = bench.card.snapshot()
    bench.install("operational-a")
    bench.associate(-1)
    installed = bench.card.snapshot()
    bench.card.restore(virgin)
    assert bench.card.state == CardState()
    assert bench.terminal.start().es10("BF2D00").raw == bytes.fromhex("BF2D02A000")
    bench.card.restore(installed)
    assert bench.card.snapshot() == installed
    assert serial.from_bytes(serial.to_bytes(bench.card.state)) == bench.card.state
    assert bench.terminal.start().es10("BF2D00").get(0xA0).children


@pytest.mark.parametrize("octets", [b"", b"{}", b"[]", b'{"format":2}', b'{"format":1,"state":{"eims":3}}', b"\xff"])
def test_another_file_is_no_state(bench: Bench, octets: bytes) -> None:
    with pytest.raises(LabFault, match="cannot be read"):
        bench.card.restore(octets)
