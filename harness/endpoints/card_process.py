"""A simulated card as a child process behind the virtual reader, so that a power cut is a SIGKILL.

Rules of this room:
- The child holds the card and nothing else; what must survive a power cut lies in the file its factory opens.
- A kill ends the connection to the virtual reader, and pcscd sees the card removed. It is put back only after pcscd has
  seen that: a card exchanged under a live handle would be powered by nobody.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from harness.endpoints.child_process import ChildProcess, ChildSilent
from harness.endpoints.pcscd import PrivatePcscd
from harness.errors import LabFault
from harness.links import pcsc

_PCSCD_DEADLINE = 10.0


class CardProcess:
    """One simulated card in the reader of `pcscd`.

    `factory` names a function as "package.module:function"; it gets `arguments` (JSON values) and the names of the
    defects to have, and returns the card. The child imports it, so its import should be light.
    """

    def __init__(self, pcscd: PrivatePcscd, factory: str, arguments: Mapping[str, Any]) -> None:
        self._pcscd = pcscd
        self._birth = {"factory": factory, "arguments": arguments}
        self._defects: tuple[str, ...] = ()
        self._child = ChildProcess("harness.endpoints.card_child", "the simulated card")

    def start(self) -> Self:
        """Starts the child and puts the card into the reader; returns when pcscd sees it."""
        self._spawn()
        self.insert()
        return self

    @property
    def reader(self) -> str:
        """The reader's full name, for a PcscLink."""
        return self._pcscd.reader

    @property
    def pid(self) -> int:
        """The child's process id; 0 while there is none."""
        return self._child.pid

    def insert(self) -> None:
        """Puts the card into the reader, powered off, and waits until pcscd sees it."""
        with self._pcscd.connect() as connection:
            self._order({"do": "insert"}, connection.fileno())
        self._wait(present=True)

    def remove(self) -> None:
        """Takes the card out; it loses its power. Waits until pcscd sees it."""
        self._order({"do": "remove"})
        self._wait(present=False)

    def power_cycle(self) -> None:
        """Out and in again, in an orderly way; a killed card is restarted. Frees a reader that waits for a mute card."""
        if not self._child.is_running:
            self.restart()
            return
        self.remove()
        self.insert()

    def kill(self) -> None:
        """A power cut: SIGKILL, at whatever the card was doing. What it had not stored is lost."""
        self._child.end(kill=True)
        self._wait(present=False)

    def cut_power_at_write(self, number: int, *, late: bool = False) -> None:
        """A power cut by itself: SIGKILL at this write of the card's memory from now; 0: none.

        It comes just before the write or, `late`, just behind it.
        """
        self._order({"do": "cut", "at": number, "late": late})

    @property
    def writes(self) -> int:
        """How often the card wrote its memory since the last `cut_power_at_write`."""
        return int(self._order({"do": "writes"})["writes"])

    def was_cut(self, within: float = 0.0) -> bool:
        """Whether the process is gone, at the latest in so many seconds; `restart` it then."""
        return self._child.has_died(within)

    def restart(self) -> None:
        """After `kill`: the same card with the memory it kept, back in the reader."""
        self._spawn()
        if self._defects:
            self.set_defects(self._defects)
        self.insert()

    def snapshot(self) -> bytes:
        """The card's whole state."""
        return base64.b64decode(self._order({"do": "snapshot"})["snapshot"])

    def restore(self, snapshot: bytes) -> None:
        """Back to a snapshot. The card's volatile state is gone: reset it through its link before use."""
        self._order({"do": "restore", "snapshot": base64.b64encode(snapshot).decode()})

    def set_defects(self, names: Sequence[str]) -> None:
        """Gives the card these defects and no others. Reset it through its link before use."""
        self._defects = tuple(names)
        self._order({"do": "rules", "defects": list(names)})

    def mute(self, on: bool = True) -> None:
        """A mute card takes commands and answers none. An exchange under way stays unanswered for good."""
        self._order({"do": "mute", "on": on})

    def check(self) -> None:
        """Raises RuntimeError where the simulation broke, LabFault where the child is gone; for after a LabFault."""
        if self._child.has_spoken():
            self._answer()

    def stop(self) -> None:
        """Ends the child. Stopping twice does nothing."""
        self._child.end()

    def _spawn(self) -> None:
        self._child.start(self._birth)
        self._answer()

    def _order(self, order: Mapping[str, Any], *descriptors: int) -> dict[str, Any]:
        self._child.send(order, descriptors)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        try:
            (answer,) = self._child.receive()
        except ChildSilent:
            self._child.end(kill=True)  # an answer that came later would be taken for another one's
            raise
        return answer

    def _wait(self, *, present: bool) -> None:
        if not pcsc.wait_for_card(self.reader, present=present, deadline=_PCSCD_DEADLINE):
            raise LabFault(
                f"pcscd did not see the card {'in' if present else 'out of'} {self.reader!r} "
                f"within {_PCSCD_DEADLINE:g} s"
            )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
