"""What a power cut leaves an action by ends at the `with`; everything else goes on as it was."""

from __future__ import annotations

import pytest

from harness.conformance.power import Cut, PowerUnderTest, Writes
from harness.errors import DeviceFault, DeviceSilent, LabFault


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


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def card() -> Card:
    return Card()


@pytest.fixture
def power(switch: Switch, card: Card) -> PowerUnderTest:
    return PowerUnderTest(switch, card)  # type: ignore[arg-type]


def test_writes_are_counted_from_the_beginning(power: PowerUnderTest, switch: Switch) -> None:
    with power.count_writes() as writes:
        assert switch.orders == [(0, False)]
    assert writes.count == 3
    assert [str(cut) for cut in Writes(1).cuts] == ["before write 1", "behind write 1"]


@pytest.mark.parametrize("fault", [DeviceSilent("mute"), LabFault("the reader is gone"), DeviceFault("half")])
def test_a_cut_ends_at_the_with(power: PowerUnderTest, switch: Switch, card: Card, fault: Exception) -> None:
    with power.cut(Cut(2, late=True)):
        assert switch.orders == [(2, True)]
        switch.gone = True
        raise fault
    assert (switch.restored, card.resets) == (1, 1)


def test_another_fault_is_not_swallowed(power: PowerUnderTest, switch: Switch, card: Card) -> None:
    with pytest.raises(DeviceFault, match="refused"), power.cut_at_write(1):
        raise DeviceFault("refused")
    assert switch.orders == [(1, False), (0, False)]
    assert (switch.restored, card.resets) == (0, 0)


def test_an_action_that_does_not_write_so_often(power: PowerUnderTest, switch: Switch) -> None:
    with pytest.raises(AssertionError, match="no write 9"), power.cut_at_write(9):
        pass
    assert switch.orders[-1] == (0, False)
