"""Switches: programs of the host, a relay at a serial port; and the card that has to come back."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
import tty

import pytest

from harness.errors import DeviceSilent, LabFault
from harness.lab.power.mains import Mains
from harness.lab.power.switches import CommandSwitch, RelaySwitch, switch_of
from harness.lab.power.wiring import Command, Relay, Wiring
from harness.links.events import Exchange, Observers

FINE = Command(("true",), ("true",))


def python(text: str) -> tuple[str, ...]:
    return sys.executable, "-ISc", text


def test_a_program_that_fails_says_so_with_its_last_words() -> None:
    switch = CommandSwitch(Command(python("import sys; sys.exit('no such hub')"), ("true",)), 10)
    with pytest.raises(LabFault, match="ended with 1: no such hub"):
        switch.off()
    switch.on()


def test_a_program_that_is_not_there_or_never_ends() -> None:
    switch = CommandSwitch(Command(("/no/such/program",), python("import signal; signal.pause()")), 0.2)
    with pytest.raises(LabFault, match="cannot be started"):
        switch.off()
    with pytest.raises(LabFault, match="did not end within"):
        switch.on()


def test_no_shell_reads_a_command() -> None:
    told = (*python("import sys; sys.exit(sys.argv[1])"), "$(id); $HOME")
    switch = CommandSwitch(Command(told, ("true",)), 10)
    with pytest.raises(LabFault, match=r"ended with 1: \$\(id\); \$HOME"):
        switch.off()


def test_a_relay_gets_its_octets() -> None:
    ours, theirs = os.openpty()
    try:
        tty.setraw(theirs)
        switch = switch_of(Wiring(Relay(os.ttyname(theirs), bytes.fromhex("A00100A1"), bytes.fromhex("A00101A2"))))
        assert isinstance(switch, RelaySwitch)
        switch.off()
        switch.on()
        octets = b""
        while len(octets) < 8 and select.select([ours], [], [], 5)[0]:
            octets += os.read(ours, 100)
        assert octets.hex() == "a00100a1a00101a2"
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_relay_that_is_gone() -> None:
    with pytest.raises(LabFault, match="/no/such/port does not obey"):
        RelaySwitch(Relay("/no/such/port", b"0", b"1"), 1).off()


def test_every_order_is_told_and_the_card_may_take_its_time() -> None:
    told: list[Exchange] = []
    answers = iter([DeviceSilent("it boots"), LabFault("no card"), None])

    def answer() -> None:
        fault = next(answers)
        if fault is not None:
            raise fault

    mains = Mains(CommandSwitch(FINE, 10), Wiring(FINE, pause=0), Observers([told.append]))
    mains.off()
    mains.on(answer)
    assert [exchange.note["event"] for exchange in told] == ["power off ordered", "power off", "power on"]
    assert next(answers, "all asked") == "all asked"


def test_a_card_that_never_comes_back() -> None:
    def silent() -> None:
        raise DeviceSilent("dead")

    mains = Mains(CommandSwitch(FINE, 10), Wiring(FINE, pause=0, back=0), Observers())
    with pytest.raises(LabFault, match="did not come back within 0 s of its power: dead"):
        mains.on(silent)


def test_an_order_is_given_once_or_called_off() -> None:
    told: list[Exchange] = []
    mains = Mains(CommandSwitch(FINE, 10), Wiring(FINE), Observers([told.append]))
    later = mains.off_in(60)
    assert later.call_off()
    later.wait()
    assert not told
    now = mains.off_in(0)
    now.wait()
    assert not now.call_off()
    assert len(told) == 2


def test_a_slow_switch_is_told_before_the_action_begins() -> None:
    class Slow:
        began: list[float]

        def off(self) -> None:
            self.began.append(time.monotonic())
            subprocess.run(python("import select; select.select([], [], [], 0.2)"), check=True)

        def on(self) -> None: ...

    slow = Slow()
    slow.began = []
    mains = Mains(slow, Wiring(FINE), Observers())
    mains.off()
    countdown = mains.off_in(0.01)
    returned = time.monotonic()
    countdown.wait()
    assert returned - slow.began[1] > 0.15
