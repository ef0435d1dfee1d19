"""What a lab has on its desk: a card in a reader, or a module at a port, that the harness does not know to be simulated.

Its power hangs on a switch: a program that has the device's process killed or started.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from harness.crypto.entropy import Entropy
from harness.endpoints.card_process import CardProcess
from harness.endpoints.module_process import ModuleProcess
from harness.endpoints.pcscd import PrivatePcscd
from harness.lab.benches.card_factory import FACTORY, arguments_for
from harness.lab.benches.cards import card_config
from harness.lab.file.configuration import read_lab
from harness.lab.file.device import Simulated
from harness.lab.rack import Rack, prepare

_PROGRAM = """
import socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.settimeout(20)
    line.connect(sys.argv[1])
    line.sendall(sys.argv[2].encode())
    sys.exit(0 if line.recv(4) == b"done" else 1)
"""


class Powered(Protocol):
    """A device in a process of its own."""

    @property
    def pid(self) -> int: ...

    def kill(self) -> None: ...

    def restart(self) -> None: ...


class Switch:
    """Obeys `program off` and `program on` until it is closed; counts the cuts."""

    def __init__(self, folder: Path, device: Powered) -> None:
        self._device = device
        self.cuts = 0
        self._program = folder / "switch.py"
        self._program.write_text(_PROGRAM, encoding="utf-8")
        self._path = folder / "switch"
        self._line = socket.socket(socket.AF_UNIX)
        self._line.bind(str(self._path))
        self._line.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def words(self, order: str) -> str:
        """What a lab file says for it."""
        return str([sys.executable, "-IS", str(self._program), str(self._path), order])

    @property
    def wiring(self) -> str:
        """`command` of a lab file's `power`."""
        return f"{{off: {self.words('off')}, on: {self.words('on')}}}"

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self._path))
        self._thread.join()
        self._line.close()

    def _serve(self) -> None:
        while True:
            line, _ = self._line.accept()
            with line:
                order = line.recv(4)
                if not order:
                    return
                if order == b"off" and self._device.pid:
                    self._device.kill()
                    self.cuts += 1
                elif order == b"on" and not self._device.pid:
                    self._device.restart()
                line.sendall(b"done")


def arguments(lab_file: Path, slot: str, device: Simulated, memory: Path) -> dict[str, object]:
    """What a card of the lab's PKI is made with, as a lab's test card is."""
    lab = read_lab(lab_file)
    prepare(lab, 1)
    with Rack(lab, 1) as rack:
        rack.entropy = Entropy("the lab's first day")
        return arguments_for(rack, card_config(rack, slot, device), memory, slot)


@contextmanager
def card_in_reader(lab_file: Path, slot: str, device: Simulated, memory: Path) -> Iterator[CardProcess]:
    """A card that keeps its memory, in the reader of a daemon that programs started now find."""
    with PrivatePcscd() as daemon, CardProcess(daemon, FACTORY, arguments(lab_file, slot, device, memory)) as card:
        yield card


@contextmanager
def module_at_port(lab_file: Path, slot: str, device: Simulated, folder: Path) -> Iterator[ModuleProcess]:
    """A module whose card keeps its memory."""
    with ModuleProcess(FACTORY, arguments(lab_file, slot, device, folder / "card"), folder) as module:
        yield module
