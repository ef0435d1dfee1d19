"""A simulated module as a child process on a pty, so that a power cut is a SIGKILL.

Rules of this room:
- The child holds modem, card and firmware; what must survive a power cut lies in the file that the card's factory opens.
- The parent moves time: the firmware of a module on a virtual clock works only while `wake` is under way.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from harness.endpoints.child_process import ANSWER_DEADLINE, ChildProcess
from harness.endpoints.module_birth import config_out, network_out
from harness.simulators.module import ModuleConfig, NetworkScript

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
            "peers": {},
            "defects": list(defects),
            "clock": clock,
        }
        self._child = ChildProcess("harness.endpoints.module_child", "the simulated module")
        self._answers: dict[int, dict[str, Any]] = {}
        self._last_order = 0

    def start(self) -> Self:
        """Starts the child and switches the module on; returns when its port is there."""
        self._answers, self._last_order = {}, 0
        self._child.start(self._birth)
        self._answer(0, ANSWER_DEADLINE)
        return self

    @property
    def port(self) -> str:
        """The port to open for AT commands; the same name for the whole life of the module."""
        return str(self._port)

    @property
    def pid(self) -> int:
        """The child's process id; 0 while there is none."""
        return self._child.pid

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
        self._child.end(kill=True)

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
        """After `kill`: the same module with the memory its card kept, switched on."""
        self.start()

    def set_network(self, script: NetworkScript) -> None:
        """Which network each profile meets from now on."""
        self._birth["network"] = network_out(script)
        self._order({"do": "network", "network": self._birth["network"]})

    def set_addresses(self, addresses: Addresses, peers: Addresses | None = None) -> None:
        """Where host names really listen from now on; `peers` are those that the module's own sockets reach."""
        self._birth |= {"addresses": dict(addresses), "peers": dict(peers or {})}
        self._order({"do": "addresses", "addresses": self._birth["addresses"], "peers": self._birth["peers"]})

    def set_defects(self, names: Sequence[str]) -> None:
        """Gives card, firmware and modem these defects and no others, and boots the module anew where it was on."""
        self._birth["defects"] = list(names)
        self._order({"do": "rules", "defects": list(names)})

    def deliver_sms(self) -> None:
        """The network delivers the SMS that is to wake the IPA; on a virtual clock it works at the next `wake`."""
        self._order({"do": "sms"})

    def snapshot(self) -> bytes:
        """Everything the card keeps."""
        return base64.b64decode(self._order({"do": "snapshot"})["snapshot"])

    def restore(self, snapshot: bytes) -> None:
        """Puts the card back to a snapshot and boots the module anew where it was on."""
        self._order({"do": "restore", "snapshot": base64.b64encode(snapshot).decode()})

    def listener(self) -> tuple[int, bytes]:
        """The port on loopback where the IPA takes packages, and the SubjectPublicKeyInfo of its TLS key."""
        answer = self._order({"do": "listener"})
        return int(answer["port"]), bytes.fromhex(answer["key"])

    def emergency_call(self, under_way: bool) -> None:
        """An emergency call begins or ends; the firmware finds out at its next wake."""
        self._order({"do": "emergency-call", "on": under_way})

    def announce(self, text: str) -> None:
        """Has the modem say something unsolicited."""
        self._order({"do": "announce", "text": text})

    def ask(self, command: bytes) -> tuple[bytes, bytes]:
        """Has an applet of the card's send a proactive command: the TERMINAL RESPONSE's data, and the TERMINAL PROFILE."""
        answer = self._order({"do": "ask", "command": command.hex()})
        return bytes.fromhex(answer["answer"]), bytes.fromhex(answer["profile"])

    def mute(self, on: bool = True) -> None:
        """A mute module takes what it is sent and says nothing."""
        self._order({"do": "mute", "on": on})

    def insert_sim(self, is_in: bool) -> None:
        """Takes the SIM out of its holder, or puts it in."""
        self._order({"do": "sim", "in": is_in})

    def vanish(self) -> None:
        """The port goes away, as that of a USB module that reboots; the module works on."""
        self._order({"do": "vanish"})

    def appear(self) -> None:
        """The port comes back under its name."""
        self._order({"do": "appear"})

    def check(self) -> None:
        """Raises RuntimeError where the simulation broke, LabFault where the child is gone; for after a LabFault."""
        if self._child.has_spoken():
            self._receive(ANSWER_DEADLINE)

    def stop(self) -> None:
        """Ends the child. Stopping twice does nothing."""
        self._child.end()
        self._port.unlink(missing_ok=True)

    def _order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        return self._answer(self._send(order), ANSWER_DEADLINE)

    def _send(self, order: Mapping[str, Any]) -> int:
        self._last_order += 1
        self._child.send({"id": self._last_order, **order})
        return self._last_order

    def _answer(self, order: int, deadline: float) -> dict[str, Any]:
        until = time.monotonic() + deadline
        while order not in self._answers:
            self._receive(until - time.monotonic())
        return self._answers.pop(order)

    def _receive(self, deadline: float) -> None:
        """Takes in what the child says next."""
        self._answers |= {answer["id"]: answer for answer in self._child.receive(deadline)}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
