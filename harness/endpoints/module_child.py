"""The child process that is a simulated module. Started by `module_process`; never imported by the harness itself.

Rules of this room:
- Two ends: a pty, whose master this process holds, and a socket to the parent with JSON lines. At the end of the parent's
  the module goes.
- The main thread answers the host and the parent; the firmware works in a thread of its own, so that a slow server never
  makes the AT port silent. Both meet at the card, whose lock is held for one exchange at a time.
- On a virtual clock the firmware does nothing but when the parent wakes it; on a real one it also wakes by itself.
- Unsolicited result codes wait until the host is quiet for a moment: a fast host finds them inside its next answer.
- A fault of the simulation is told to the parent and ends the process: it must never look like a module's behaviour.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import select
import socket
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.endpoints.card_child import die, factory_named
from harness.endpoints.child_main import live
from harness.endpoints.module_birth import module_config, network_script
from harness.endpoints.module_https import FirmwareHttps
from harness.endpoints.module_listener import Listener
from harness.endpoints.module_peers import HostPeers
from harness.endpoints.serial_line import SerialLine
from harness.roles.ipa import CONFORMING as IPA_CONFORMING
from harness.simulators.defects import broken, defects_for
from harness.simulators.module import CONFORMING, SimulatedModule

_QUIET = 0.05
"""Seconds without a word from the host after which unsolicited result codes go out by themselves."""
_LAST_WORDS = 0.05
"""Seconds from the answer to a reboot until the port of a module that loses it is gone."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One wake-up: the order's number (None: by the firmware itself), the time, and whether it must poll."""

    order: int | None
    now: float
    trigger: bool


class Child:
    """The module between its serial line and its parent."""

    def __init__(self, control: socket.socket, birth: Mapping[str, Any]) -> None:
        self._control = control
        self._birth = birth
        self._is_real = birth["clock"] == "real"
        self._line = SerialLine(Path(birth["port"]))
        self._https = FirmwareHttps([bytes.fromhex(root) for root in birth["ci"]], birth["addresses"])
        self._network = network_script(birth["network"])
        self._peers = HostPeers(birth["peers"])
        self._listener: Listener | None = None
        self._is_mute = False
        self._heard_at = 0.0
        self._held: deque[tuple[float, bytes]] = deque()
        """Answers of a slow module, each with when it is due."""
        self._gone_at = self._back_at = float("inf")
        """When the port vanishes and comes back, of a module that reboots."""
        self._awake, self._wake = os.pipe()
        self._jobs: queue.Queue[_Job] = queue.Queue()
        self._done: queue.Queue[dict[str, Any]] = queue.Queue()
        self._module = self._made(birth["defects"])
        self._orders: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
            "power-on": self._power_on,
            "power-off": self._power_off,
            "wake": self._wake_firmware,
            "snapshot": lambda order: {"snapshot": base64.b64encode(self._module.snapshot()).decode()},
            "restore": self._restore,
            "rules": self._rules,
            "cut": self._cut,
            "writes": lambda order: {"writes": self._card.writes},
            "network": self._set_network,
            "addresses": self._set_addresses,
            "listener": self._tell_listener,
            "emergency-call": self._emergency_call,
            "sms": self._deliver_sms,
            "announce": self._announce,
            "ask": self._ask,
            "mute": self._mute,
            "sim": self._move_sim,
            "vanish": self._vanish,
            "appear": self._appear,
        }

    def run(self) -> None:
        """Serves both sides until the parent is gone."""
        threading.Thread(target=self._work, name="firmware", daemon=True).start()
        self._boot()
        pending = b""
        while True:
            pause = self._flush()
            reading: list[Any] = [self._control, self._awake, *self._line.readers, *self._peers.watched]
            ready, _, _ = select.select(reading, self._line.writers, [], pause)
            if self._awake in ready:
                os.read(self._awake, 4096)
            self._tell_done()
            if self._control in ready:
                octets = self._control.recv(1 << 16)
                if not octets:
                    return
                *lines, pending = (pending + octets).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))
            if any(reader in ready for reader in self._line.readers):
                self._hear()
            for peer in self._peers.watched:
                if peer in ready:
                    self._peers.arrived(peer)

    # the host

    def _hear(self) -> None:
        octets = self._line.read()
        self._heard_at = time.monotonic()
        if not self._is_mute:
            self._held.append((self._heard_at + self._module.modem.dialect.latency, self._module.receive(octets)))

    def _flush(self) -> float | None:
        """Writes what is due; in how many seconds there may be more, None for not before something happens."""
        now = time.monotonic()
        while self._held and self._held[0][0] <= now:
            self._line.write(self._held.popleft()[1])
        if self._gone_at <= now:
            self._line.vanish()
            self._gone_at = float("inf")
        if self._back_at <= now:
            self._line.appear()
            self._back_at = float("inf")
        self._line.flush()
        quiet_at = self._heard_at + _QUIET
        if quiet_at <= now and not self._held:
            if not self._is_mute:
                self._line.write(self._module.pending())
            quiet_at = float("inf")
        due = min(quiet_at, self._gone_at, self._back_at, self._held[0][0] if self._held else float("inf"))
        return None if due == float("inf") else max(0.0, due - now)

    # the parent

    def _obey(self, order: dict[str, Any]) -> None:
        answer = self._orders[order["do"]](order)
        if answer is not None:
            self._answer({"id": order["id"], **answer})

    def _answer(self, answer: Mapping[str, Any]) -> None:
        self._control.sendall(json.dumps(answer).encode() + b"\n")

    def _tell_done(self) -> None:
        while not self._done.empty():
            answer = self._done.get()
            if "fault" in answer:
                raise RuntimeError(answer["fault"])
            self._answer(answer)

    def _boot(self) -> None:
        self._module.power_on()

    def _power_on(self, order: dict[str, Any]) -> dict[str, Any]:
        self._boot()
        return {}

    def _power_off(self, order: dict[str, Any]) -> dict[str, Any]:
        self._module.power_off()
        return {}

    def _wake_firmware(self, order: dict[str, Any]) -> None:
        self._jobs.put(_Job(order["id"], order["now"], order["trigger"]))

    def _restore(self, order: dict[str, Any]) -> dict[str, Any]:
        self._module.restore(base64.b64decode(order["snapshot"]))
        return {}

    def _rules(self, order: dict[str, Any]) -> dict[str, Any]:
        snapshot, was_on = self._module.snapshot(), self._module.is_on
        self._module.power_off()
        self._module = self._made(order["defects"])
        self._module.restore(snapshot)
        if was_on:
            self._boot()
        return {}

    def _cut(self, order: dict[str, Any]) -> dict[str, Any]:
        self._card.cut_power_at_write(order["at"], late=order["late"], then=die)
        return {}

    def _set_network(self, order: dict[str, Any]) -> dict[str, Any]:
        self._network = network_script(order["network"])
        self._module.modem.network = self._network
        self._work_soon()
        return {}

    def _tell_listener(self, order: dict[str, Any]) -> dict[str, Any]:
        """Where the IPA listens, and its key; it begins to when it is first asked for."""
        if self._listener is None:
            self._listener = Listener(self._transfer)
        return {"port": self._listener.port, "key": self._listener.key.hex()}

    def _transfer(self, message: bytes) -> bytes:
        answer = self._module.transfer(message)
        self._work_soon()
        return answer

    def _emergency_call(self, order: dict[str, Any]) -> dict[str, Any]:
        self._module.modem.has_emergency_call = order["on"]
        self._work_soon()
        return {}

    def _set_addresses(self, order: dict[str, Any]) -> dict[str, Any]:
        self._https.addresses = order["addresses"]
        self._peers.lead_to(order["peers"])
        return {}

    def _deliver_sms(self, order: dict[str, Any]) -> dict[str, Any]:
        self._module.modem.deliver_sms()
        return {}

    def _announce(self, order: dict[str, Any]) -> dict[str, Any]:
        self._module.modem.announce(order["text"])
        return {}

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """The card has a proactive command; what the module made of it."""
        self._card.ask_terminal(bytes.fromhex(order["command"]))
        self._module.serve_card()
        return {"answer": self._card.terminal_answer.hex(), "profile": self._card.terminal_profile.hex()}

    def _mute(self, order: dict[str, Any]) -> dict[str, Any]:
        self._is_mute = order["on"]
        return {}

    def _move_sim(self, order: dict[str, Any]) -> dict[str, Any]:
        self._module.modem.insert_sim(order["in"])
        return {}

    def _vanish(self, order: dict[str, Any]) -> dict[str, Any]:
        self._line.vanish()
        self._module.modem.lose_host()
        return {}

    def _appear(self, order: dict[str, Any]) -> dict[str, Any]:
        self._line.appear()
        return {}

    def _call_main_thread(self) -> None:
        os.write(self._wake, b"!")

    def _made(self, names: Sequence[str]) -> SimulatedModule:
        of = {device: [name for name in names if name in defects_for(device)] for device in ("euicc", "ipa", "module")}
        birth = self._birth
        self._card = card = factory_named(birth["factory"])(birth["arguments"], of["euicc"])
        module = SimulatedModule(
            card,
            self._https,
            module_config(birth["module"]),
            self._network,
            broken(CONFORMING, "module", of["module"]),
            broken(IPA_CONFORMING, "ipa", of["ipa"]),
        )
        module.modem.peers = self._peers
        module.on_announcement(self._call_main_thread)
        module.on_boot(self._work_soon)
        module.modem.on_poll_wanted = self._work_soon
        module.modem.reboot = self._reboot
        return module

    def _reboot(self) -> None:
        """AT+CFUN=1,1: the module loses its port for a while where it is one that does."""
        self._module.reboot()
        gone_for = self._module.modem.dialect.vanishes_for
        if gone_for:
            self._gone_at = time.monotonic() + _LAST_WORDS
            self._back_at = self._gone_at + gone_for

    def _work_soon(self) -> None:
        """On real time the firmware looks at once whether there is something to do; else when it is woken."""
        if self._is_real:
            self._jobs.put(_Job(None, time.time(), False))

    # the firmware's thread

    def _work(self) -> None:
        due: float | None = None
        while True:
            try:
                pause = None if not self._is_real or due is None else max(0.0, due - time.time())
                job = self._jobs.get(timeout=pause)
            except queue.Empty:
                job = _Job(None, time.time(), False)
            try:
                self._https.clock_error = self._module.modem.certificate_time_error()
                due = self._module.wake(job.now, trigger=job.trigger)
                answer: dict[str, Any] = {"id": job.order, "due": due}
            except Exception:
                answer = {"fault": traceback.format_exc()}
            if job.order is not None or "fault" in answer:
                self._done.put(answer)
                self._call_main_thread()


if __name__ == "__main__":
    sys.exit(live(Child, {"id": 0}))
