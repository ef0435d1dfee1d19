"""A module's own sockets, driven over a real serial line to a server that sends back what it gets, by maker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.endpoints.application import ApplicationServer
from harness.endpoints.loop import LoopThread
from harness.endpoints.module_process import ModuleProcess
from harness.links.at import AtEngine
from harness.links.at_grammar import AtRefused
from harness.links.at_habits import HABITS
from harness.links.at_sockets import SOCKETS, TCP, UDP, Sockets, exchange
from harness.simulators.module import ModuleConfig
from tests.endpoints.module_bench import FACTORY

HOST, ECHO = "app.example", 7
MESSAGE = "sgp32-harness/" * 60


class Bench:
    """A module of one dialect, and how it is driven."""

    def __init__(self, module: ModuleProcess, dialect: str) -> None:
        self.module = module
        self.sockets: Sockets = SOCKETS[HABITS[dialect].sockets]
        self.engine = AtEngine(module.port)
        self._dialect = dialect

    def boot(self, *defects: str) -> None:
        """Boots it anew, with these defects."""
        self.module.set_defects(defects)
        self.engine.initialise()
        for command in HABITS[self._dialect].start:
            self.engine.command(command).checked()

    def trip(self, transport: str, address: str, text: str = MESSAGE, patience: float = 10.0) -> str:
        socket = self.sockets.open(self.engine, transport, address, ECHO)
        try:
            return exchange(self.sockets, self.engine, socket, text, patience=patience)
        finally:
            self.sockets.close(self.engine, socket)


@pytest.fixture(scope="module", params=[name for name, habits in HABITS.items() if habits.sockets])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp(request.param)
    loop = LoopThread()
    loop.start()
    server = ApplicationServer(loop)
    server.start()
    card = {"memory": str(folder / "memory.card"), "after_enable": "refresh"}
    config = ModuleConfig(dialect=request.param)
    with ModuleProcess(FACTORY, card, folder, config=config) as module:
        module.set_addresses({}, {HOST: server.address})
        made = Bench(module, request.param)
        yield made
        made.engine.close()
    server.stop()
    loop.stop()


def test_data_go_there_and_back(bench: Bench) -> None:
    bench.boot()
    address = bench.sockets.resolve(bench.engine, HOST)
    for transport in (TCP, UDP, TCP):
        assert bench.trip(transport, address) == MESSAGE
    assert bench.sockets.resolve(bench.engine, HOST) == address, "what is up already does no harm"


def test_what_leads_nowhere_is_refused_and_what_follows_works(bench: Bench) -> None:
    bench.boot()
    address = bench.sockets.resolve(bench.engine, HOST)
    with pytest.raises(AtRefused):
        bench.sockets.resolve(bench.engine, "nobody.example")
    with pytest.raises(AtRefused):
        bench.sockets.open(bench.engine, TCP, "198.51.100.99", ECHO)
    bench.boot()
    bench.sockets.resolve(bench.engine, HOST)
    assert bench.trip(TCP, address) == MESSAGE


def test_a_connection_that_is_denied_is_refused(bench: Bench) -> None:
    bench.boot("denies-its-connections")
    address = bench.sockets.resolve(bench.engine, HOST)
    for transport in (TCP, UDP):
        with pytest.raises(AtRefused):
            bench.trip(transport, address)


def test_what_is_lost_is_missing(bench: Bench) -> None:
    bench.boot("loses-what-its-sockets-receive")
    address = bench.sockets.resolve(bench.engine, HOST)
    assert bench.trip(TCP, address, "0123456789", patience=0.5) == "012345678"
