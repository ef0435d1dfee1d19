"""What a power cut leaves an action by ends at the `with`; everything else goes on as it was."""

from __future__ import annotations

from random import Random

import pytest

from harness.conformance.adversaries.fuzzing import Chance
from harness.conformance.devices.power import AtTime, AtWrite, TimedPower, WritePower
from harness.errors import DeviceFault, DeviceSilent, LabFault
from harness.lab.power.mains import Mains
from harness.lab.power.wiring import Command, Wiring
from harness.links.events import Observers

LONG = 60.0
"""Seconds that no test waits for: what would come then is called off before."""


class Switch:
    """A switch that notes what is done with it; `gone` is whether the power went."""

    def __init__(self) -> None:
        self.orders: list[tuple[int, bool]] = []
        self.writes = 3
        self.gone = False
        self.restored = 0

    def cut_at_write(self, number: int, *, late: bool = False) -> None:
        self.orders.append((number, late))

    def was_cut(self) -> bool:
        return self.gone

    def restore(self) -> None:
        self.restored += 1


class Card:
    resets = 0

    def reset(self) -> bytes:
        self.resets += 1
        return b""


class MainsSwitch:
    """Notes its orders; `fault` is raised where it is told to take the power away."""

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.fault: LabFault | None = None

    def off(self) -> None:
        self.orders.append("off")
        if self.fault is not None:
            raise self.fault

    def on(self) -> None:
        self.orders.append("on")


@pytest.fixture
def mains_switch() -> MainsSwitch:
    return MainsSwitch()


@pytest.fixture
def timed(mains_switch: MainsSwitch, card: Card) -> TimedPower:
    wiring = Wiring(Command(("off",), ("on",)), points=5, pause=0)
    mains = Mains(mains_switch, wiring, Observers())
    return TimedPower(mains, card, lambda: None, Chance("seed"))  # type: ignore[arg-type]


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def card() -> Card:
    return Card()


@pytest.fixture
def power(switch: Switch, card: Card) -> WritePower:
    return WritePower(switch, card)  # type: ignore[arg-type]


def test_writes_are_counted_from_the_beginning(power: WritePower, switch: Switch) -> None:
    with power.rehearse() as whole:
        assert switch.orders == [(0, False)]
    assert [str(cut) for cut in whole.cuts[:2]] == ["before write 1", "behind write 1"]
    assert len(whole.cuts) == 6
    assert whole.in_words.startswith("3 writes")


@pytest.mark.parametrize("fault", [DeviceSilent("mute"), LabFault("the reader is gone"), DeviceFault("half")])
def test_a_cut_ends_at_the_with(power: WritePower, switch: Switch, card: Card, fault: Exception) -> None:
    with power.cut(AtWrite(2, late=True)):
        assert switch.orders == [(2, True)]
        switch.gone = True
        raise fault
    assert (switch.restored, card.resets) == (1, 1)


def test_another_fault_is_not_swallowed(power: WritePower, switch: Switch, card: Card) -> None:
    with pytest.raises(DeviceFault, match="refused"), power.cut(AtWrite(1)):
        raise DeviceFault("refused")
    assert switch.orders == [(1, False), (0, False)]
    assert (switch.restored, card.resets) == (0, 0)


def test_an_action_that_does_not_write_so_often(power: WritePower, switch: Switch) -> None:
    with pytest.raises(AssertionError, match="no write 9"), power.cut(AtWrite(9)):
        pass
    assert switch.orders[-1] == (0, False)


def test_the_moments_of_a_real_card_come_from_the_seed(timed: TimedPower) -> None:
    with timed.rehearse() as whole:
        pass
    moments = [cut for cut in whole.cuts if isinstance(cut, AtTime)]
    assert len(moments) == 5
    assert all(0 <= cut.after <= cut.of for cut in moments)
    again = Random("seed")
    assert [cut.after for cut in moments] == [again.uniform(0, cut.of) for cut in moments]
    assert "5 random points, seed 'seed'" in whole.in_words


def test_power_that_a_switch_took_comes_back(timed: TimedPower, mains_switch: MainsSwitch, card: Card) -> None:
    with timed.cut(AtTime(0.0, 1.0, "point 1 of 5")):
        pass
    assert mains_switch.orders == ["off", "on"]
    assert card.resets == 1


def test_a_fault_before_the_cut_is_not_swallowed(timed: TimedPower, mains_switch: MainsSwitch, card: Card) -> None:
    with pytest.raises(DeviceFault, match="refused"), timed.cut(AtTime(LONG, LONG, "point 1 of 5")):
        raise DeviceFault("refused")
    assert mains_switch.orders == []
    assert card.resets == 0


def test_a_switch_that_fails_still_gives_the_power_back(timed: TimedPower, mains_switch: MainsSwitch) -> None:
    mains_switch.fault = LabFault("the hub is gone")
    with pytest.raises(LabFault, match="the hub is gone"), timed.cut(AtTime(0.0, 1.0, "point 1 of 5")):
        pass
    assert mains_switch.orders == ["off", "on"]
