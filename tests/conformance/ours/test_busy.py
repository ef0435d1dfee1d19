"""What a change that has to wait for the end of a proactive session may come to."""

from __future__ import annotations

import pytest

from harness.conformance.adversaries.stalling import StallingTerminal
from harness.conformance.ours.busy import Change, OpenSession
from harness.links.apdu import CardLink
from harness.roles.es10 import Es10
from harness.roles.es10.status import StatusWordFault


class SilentLink:
    """A link on which the harness is the terminal, and nobody says anything."""

    is_terminal = True


def session(*, fetched: bytes = b"\xd0\x00") -> OpenSession:
    link: CardLink = SilentLink()  # type: ignore[assignment]
    terminal = StallingTerminal(link)
    terminal.fetched = fetched
    return OpenSession(Es10(terminal), terminal)


def refusing(sw: int) -> Change:
    def make(_es10: Es10) -> int:
        raise StatusWordFault(sw, bytes.fromhex("81E29100"))

    return Change("a change", make)


@pytest.mark.parametrize(("answer", "waits"), [(5, True), (0x6985, True), (0, False), (127, False)])
def test_only_cat_busy_and_a_refusal_until_the_reset_are_waiting(answer: int, waits: bool) -> None:
    assert session().makes_wait(answer) is waits


def test_a_version_may_have_another_code_for_it() -> None:
    assert session().makes_wait(127, 127)
    assert not session().makes_wait(5, 127)


def test_a_card_that_asks_for_nothing_has_no_session_to_wait_for() -> None:
    assert session(fetched=b"").makes_wait(0)


def test_what_a_change_comes_to_is_a_code_or_the_refusal() -> None:
    assert session().tried(Change("a change", lambda _es10: 5)) == 5
    assert session().tried(refusing(0x6985)) == 0x6985
    with pytest.raises(StatusWordFault):
        session().tried(refusing(0x6F00))
