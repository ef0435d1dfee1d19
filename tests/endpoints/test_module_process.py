"""The simulated module as a process: a real serial line, real TLS, power cuts."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.crypto.certificates import Certificate
from harness.errors import DeviceSilent, LabFault
from harness.links.at import AtEngine
from harness.links.at_cgla import AtCglaLink
from harness.links.at_csim import AtCsimLink
from harness.roles.eim.commands import enable, list_profile_info
from harness.roles.eim.events import ResultAccepted
from harness.roles.es10 import Es10
from harness.roles.ipa import IpaSettings
from harness.simulators.euicc import CardConfig
from harness.simulators.module import ModuleConfig, NetworkScript, ProfileNetwork
from tests.endpoints.module_bench import Bench, bench

EID = CardConfig().eid


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


def associated(made: Bench) -> Es10:
    """The card over +CSIM, with the eIM on it."""
    engine = AtEngine(made.module.port)
    engine.initialise()
    es10 = Es10(AtCsimLink(engine))
    certs = es10.get_certs()
    made.eim.associate(es10.get_eid(), euicc_certificate=certs.euicc, eum_certificate=certs.eum)
    assert es10.add_initial_eim([made.eim.configuration()]).error is None
    return es10


def test_the_card_answers_over_both_at_ways(running: Bench) -> None:
    engine = AtEngine(running.module.port)
    engine.initialise()
    for link in (AtCsimLink(engine), AtCglaLink(engine)):
        es10 = Es10(link)
        assert es10.get_eid() == EID
        assert Certificate(es10.get_certs().euicc).serial_number == EID.hex()
        es10.reset()
        assert es10.get_euicc_info2().ipa_mode == 0
        es10.close()
    engine.close()


@pytest.mark.parametrize("after_enable", ["refresh", "reset"])
def test_a_life_over_the_air(tmp_path: Path, after_enable: str) -> None:
    with bench(tmp_path, after_enable) as made:
        es10 = associated(made)
        engine = es10.port.engine  # type: ignore[attr-defined]
        codes = dict(made.order(name) for name in ("bootstrap", "operational-a"))
        for code, iccid in codes.items():
            made.eim.queue_download(activation_code=code)
            transaction = made.eim.queue_package(None, enable(iccid, rollback=False))
            made.poll()
            assert made.eim.operation(transaction).state == "done"
            digits = iccid.hex().upper()
            swapped = "".join(digits[at + 1] + digits[at] for at in range(0, 20, 2)).rstrip("F")
            assert engine.command("AT+CCID").value("+CCID") == swapped
            assert engine.command("AT+CEREG?").value("+CEREG") in ("1,1", "1,5")
        assert engine.command("AT+CIMI").lines[0].isdigit()
        assert [info.iccid for info in es10.get_profiles_info() if info.is_enabled] == [list(codes.values())[-1]]
        assert {request.header("User-Agent") for request in made.seen.requests} == {"gsma-rsp-ipad"}
        assert any(type(event).__name__ == "NotificationReceived" for event in made.smdp.events)
        engine.close()


def test_rollback_when_the_network_refuses(running: Bench) -> None:
    es10 = associated(running)
    codes = [running.order(name) for name in ("bootstrap", "operational-a")]
    for code, _ in codes:
        running.eim.queue_download(activation_code=code)
    running.eim.queue_package(None, enable(codes[0][1]))
    running.poll()
    [_, (_, second)] = codes
    digits = second.hex().upper()
    name = "".join(digits[at + 1] + digits[at] for at in range(0, 20, 2)).rstrip("F")
    running.module.set_network(NetworkScript({name: ProfileNetwork(attaches=False)}))
    running.eim.queue_package(None, enable(second, rollback=True))
    running.poll()
    last = [event for event in running.eim.events if isinstance(event, ResultAccepted)][-1]
    assert [result for result, _ in last.results] == ["rollbackResult"]
    assert [info.iccid for info in es10.get_profiles_info() if info.is_enabled] == [codes[0][1]]


def test_time_is_the_parents(running: Bench) -> None:
    associated(running)
    due = running.module.wake(running.now)
    assert due == running.now + 3600
    assert running.module.wake(due - 1) == due
    assert len(running.seen.requests) == 1
    running.now = due
    assert running.module.wake(due) == due + 3600
    assert [request.at for request in running.seen.requests] == [due - 3600, due]


def test_on_a_real_clock_the_firmware_wakes_by_itself(tmp_path: Path) -> None:
    config = ModuleConfig(ipa=IpaSettings(polling_interval=0.05, first_retry=0.05, longest_retry=0.05))
    with bench(tmp_path, config=config, clock="real") as made:
        associated(made)
        assert made.seen.wait_for_more_than(3, deadline=10)
        made.module.check()


def test_the_power_may_go_while_the_firmware_works(running: Bench) -> None:
    associated(running)
    with running.eim._changed:  # the eIM cannot answer before this is left
        order = running.module.begin_wake(running.now + 1, trigger=True)
        running.module.power_off()
    running.module.finish_wake(order)
    assert running.module.wake(running.now + 2) is None
    running.module.power_on()
    assert running.module.wake(running.now + 3) == running.now + 3 + 3600


def test_the_port_answers_while_the_firmware_waits_for_a_server(running: Bench) -> None:
    es10 = associated(running)
    engine = es10.port.engine  # type: ignore[attr-defined]
    with running.eim._changed:  # the eIM cannot answer before this is left
        order = running.module.begin_wake(running.now + 1, trigger=True)
        for _ in range(20):
            assert engine.command("AT+CGMM", deadline=1).ok
            assert es10.get_eid() == EID
    assert running.module.finish_wake(order) is not None
    engine.close()


def test_a_power_cut_keeps_what_the_card_keeps(running: Bench) -> None:
    es10 = associated(running)
    package = running.eim.package(list_profile_info())
    result = es10.load_package(package)
    es10.port.engine.close()  # type: ignore[attr-defined]
    running.module.kill()
    with pytest.raises(LabFault):
        running.module.snapshot()
    running.module.restart()
    running.poll()
    delivered = [event for event in running.eim.events if isinstance(event, ResultAccepted)]
    assert [event.transaction_id for event in delivered] == [result.transaction_id]


@pytest.mark.parametrize("late", [False, True])
def test_a_power_cut_at_a_write(running: Bench, late: bool) -> None:
    es10 = associated(running)
    running.module.cut_power_at_write(2, late=late)
    assert es10.set_default_dp_address("first.example.com") == 0
    assert running.module.writes == 1
    assert not running.module.was_cut()
    with pytest.raises(LabFault):
        es10.set_default_dp_address("second.example.com")
    assert running.module.was_cut(2.0)
    es10.port.engine.close()  # type: ignore[attr-defined]
    running.module.kill()
    running.module.restart()
    engine = AtEngine(running.module.port)
    engine.initialise()
    kept = Es10(AtCsimLink(engine)).get_configured_addresses().default_dp_address
    assert kept == ("second.example.com" if late else "first.example.com")
    engine.close()


def test_snapshots_defects_and_networks_are_orders(running: Bench) -> None:
    virgin = running.module.snapshot()
    es10 = associated(running)
    assert len(es10.get_eim_configuration()) == 1
    running.module.restore(virgin)
    assert es10.get_eim_configuration() == ()
    running.module.set_defects(["refuses-to-name-its-model"])
    engine = es10.port.engine  # type: ignore[attr-defined]
    engine.initialise()
    assert not engine.command("AT+CGMM").ok
    running.module.set_defects([])
    engine.initialise()
    assert engine.command("AT+CGMM").ok
    assert es10.get_eid() == EID


def test_a_mute_module_and_a_port_that_vanishes(running: Bench) -> None:
    engine = AtEngine(running.module.port)
    engine.initialise()
    running.module.mute()
    with pytest.raises(DeviceSilent):
        engine.command("AT", deadline=0.2)
    running.module.mute(False)
    assert engine.command("AT").ok
    running.module.vanish()
    assert not os.path.lexists(running.module.port)
    running.module.appear()
    with pytest.raises(LabFault):
        engine.command("AT", deadline=2)
    assert engine.command("AT").ok
    running.module.announce("^HELLO: 1")
    assert engine.wait_for(lambda text: text.startswith("^HELLO"), deadline=5).text == "^HELLO: 1"
    engine.close()


def test_noise_on_the_line_does_no_harm(running: Bench) -> None:
    engine = AtEngine(running.module.port)
    engine.initialise()
    draw = random.Random(3)
    for _ in range(50):
        engine.send_raw(bytes(draw.randrange(256) for _ in range(200)) + b"\r")
    assert engine.command("AT").ok
    engine.send_raw(b"AT+CSIM=" + b"9" * 300_000 + b"\r")
    engine.initialise()
    assert engine.command("AT+CGMM").ok
    engine.close()


def test_the_child_goes_with_its_parent(running: Bench) -> None:
    pid = running.module.pid
    os.kill(pid, 0)
    running.module.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not os.path.lexists(running.module.port)
