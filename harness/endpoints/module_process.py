"""A simulated module as a child process on a pty, so that a power cut is a SIGKILL.

Rules of this room:
- The child holds modem, card and firmware; what must survive a power cut lies in the file that the card's factory opens.
- The parent moves time: the firmware of a module on a virtual clock works only while `wake` is under way.
- When this process ends, however it ends, the child's control socket closes and the child goes.
"""

from __future__ import annotations

import base64
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from harness.endpoints.module_birth import config_out, network_out
from harness.errors import LabFault
from harness.simulators.module import ModuleConfig, NetworkScript

_ANSWER_DEADLINE = 20.0

Addresses = Mapping[str, tuple[str, int]]


class ModuleProcess:
    """One simulated module.

    `factory` names a function as "package.module:function"; it gets `arguments` (JSON values) and the names of the card's
    defects, and returns the card. `folder` is where the port's name appears. `addresses` says where host names really
    listen; `ci_certificates` (DER) are what the firmware trusts where an eIM configuration names nothing of its own.
    """

    def __init__(
        self,
        factory: str,
        arguments: Mapping[str, Any],
        folder: Path,
        *,
        config: ModuleConfig | None = None,
        network: NetworkScript | None = None,
        ci_certificates: Sequence[bytes] = (),
        addresses: Addresses | None = None,
        defects: Sequence[str] = (),
        clock: Literal["virtual", "real"] = "virtual",
    ) -> None:
        self._port = folder / "modem"
        self._birth: dict[str, Any] = {
            "factory": factory,
            "arguments": dict(arguments),
            "port": str(self._port),
            "module": config_out(config or ModuleConfig()),
            "network": network_out(network or NetworkScript()),
            "ci": [certificate.hex() for certificate in ci_certificates],
            "addresses": dict(addresses or {}),
            "defects": list(defects),
            "clock": clock,
        }
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._pending = b""
        self._answers: dict[int, dict[str, Any]] = {}
        self._last_order = 0

    def start(self) -> Self:
        """Starts the child and switches the module on; returns when its port is there."""
        ours, theirs = socket.socketpair()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
        with theirs:
            self._process = subprocess.Popen(
                (sys.executable, "-m", "harness.endpoints.module_child"),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=environment,
            )
        self._control, self._pending, self._answers, self._last_order = ours, b"", {}, 0
        ours.sendall(json.dumps(self._birth).encode() + b"\n")
        self._answer(0, _ANSWER_DEADLINE)
        return self

    @property
    def port(self) -> str:
        """The port to open for AT commands; the same name for the whole life of the module."""
        return str(self._port)

    @property
    def pid(self) -> int:
        """The child's process id; 0 while there is none."""
        return 0 if self._process is None else self._process.pid

    # time

    def wake(self, now: float, *, trigger: bool = False, deadline: float = 120.0) -> float | None:
        """Lets the firmware work at `now` (seconds of the lab's clock) and waits until it is done.

        Returns when it is next due; None while the module is off. `trigger` makes it poll whether or not it is due.
        `deadline` is in real seconds. Raises LabFault when it passes.
        """
        return self.finish_wake(self.begin_wake(now, trigger=trigger), deadline=deadline)

    def begin_wake(self, now: float, *, trigger: bool = False) -> int:
        """Like `wake`, but does not wait: give what it returns to `finish_wake`."""
        return self._send({"do": "wake", "now": now, "trigger": trigger})

    def finish_wake(self, order: int, *, deadline: float = 120.0) -> float | None:
        """Waits until the firmware has done what `begin_wake` began."""
        due: float | None = self._answer(order, deadline)["due"]
        return due

    # power and surroundings

    def power_off(self) -> None:
        """Takes the module's power away, in an orderly way for the simulation."""
        self._order({"do": "power-off"})

    def power_on(self) -> None:
        """Boots the module. Its firmware is due at once."""
        self._order({"do": "power-on"})

    def kill(self) -> None:
        """A power cut: SIGKILL, at whatever modem, card and firmware were doing."""
        self._end(kill=True)

    def restart(self) -> None:
        """After `kill`: the same module with the memory its card kept, switched on."""
        self.start()

    def set_network(self, script: NetworkScript) -> None:
        """Which network each profile meets from now on."""
        self._birth["network"] = network_out(script)
        self._order({"do": "network", "network": self._birth["network"]})

    def set_addresses(self, addresses: Addresses) -> None:
        """Where host names really listen from now on."""
        self._birth["addresses"] = dict(addresses)
        self._order({"do": "addresses", "addresses": self._birth["addresses"]})

    def set_defects(self, names: Sequence[str]) -> None:
        """Gives card, firmware and modem these defects and no others, and boots the module anew where it was on."""
        self._birth["defects"] = list(names)
        self._order({"do": "rules", "defects": list(names)})

    def snapshot(self) -> bytes:
        """Everything the card keeps."""
        return base64.b64decode(self._order({"do": "snapshot"})["snapshot"])

    def restore(self, snapshot: bytes) -> None:
        """Puts the card back to a snapshot and boots the module anew where it was on."""
        self._order({"do": "restore", "snapshot": base64.b64encode(snapshot).decode()})

    def announce(self, text: str) -> None:
        """Has the modem say something unsolicited."""
        self._order({"do": "announce", "text": text})

    def mute(self, on: bool = True) -> None:
        """A mute module takes what it is sent and says nothing."""
        self._order({"do": "mute", "on": on})

    def vanish(self) -> None:
        """The port goes away, as that of a USB module that reboots; the module works on."""
        self._order({"do": "vanish"})

    def appear(self) -> None:
        """The port comes back under its name."""
        self._order({"do": "appear"})

    def check(self) -> None:
        """Raises RuntimeError where the simulation broke, LabFault where the child is gone; for after a LabFault."""
        control = self._control
        if control is not None and select.select([control], [], [], 0)[0]:
            self._receive(control, time.monotonic() + _ANSWER_DEADLINE)

    def stop(self) -> None:
        """Ends the child. Stopping twice does nothing."""
        self._end(kill=False)
        self._port.unlink(missing_ok=True)

    def _order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        return self._answer(self._send(order), _ANSWER_DEADLINE)

    def _send(self, order: Mapping[str, Any]) -> int:
        if self._control is None:
            raise LabFault("the simulated module is not running", hint="start it, or restart it after a kill")
        self._last_order += 1
        with suppress(BrokenPipeError):  # the child may have told why before it went; the answer says it
            self._control.sendall(json.dumps({"id": self._last_order, **order}).encode() + b"\n")
        return self._last_order

    def _answer(self, order: int, deadline: float) -> dict[str, Any]:
        until = time.monotonic() + deadline
        while order not in self._answers:
            if self._control is None:
                raise LabFault("the simulated module is not running")
            self._receive(self._control, until)
        return self._answers.pop(order)

    def _receive(self, control: socket.socket, until: float) -> None:
        """Takes in what the child says next."""
        control.settimeout(max(0.0, until - time.monotonic()) or 1e-3)
        try:
            part = control.recv(1 << 20)
        except OSError as fault:
            raise LabFault(f"the simulated module's process does not answer: {fault}") from fault
        finally:
            control.settimeout(None)
        if not part:
            raise LabFault("the simulated module's process is gone")
        *lines, self._pending = (self._pending + part).split(b"\n")
        for line in lines:
            answer: dict[str, Any] = json.loads(line)
            if "fault" in answer:
                raise RuntimeError(f"the simulated module broke:\n{answer['fault']}")
            self._answers[answer["id"]] = answer

    def _end(self, *, kill: bool) -> None:
        process, control = self._process, self._control
        self._process = self._control = None
        if process is None or control is None:
            return
        if kill:
            process.kill()
        control.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:  # it is busy, and will not be asked twice
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
