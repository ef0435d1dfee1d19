"""A PC/SC daemon of our own, with a virtual reader (vpcd), for simulated cards.

Rules of this room:
- Where the kernel allows namespaces the daemon is private: its socket lies in a folder of ours, its virtual reader
  listens on a loopback interface that only the warden can reach, and no real reader is touched. It needs no root.
- Where it does not, a daemon is started only if none runs and we are root; else it is a LabFault. vpcd then listens on
  all interfaces of the machine: its reversed mode, which would not, ends the daemon when a card goes away.
- libpcsclite reads PCSCLITE_CSOCK_NAME once a process, so a process has one socket path, and the daemon is started
  before PC/SC is first used.
- Nothing outlives this process, not even after kill -9: the warden sees its socket close.
"""

from __future__ import annotations

import atexit
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.errors import LabFault
from harness.links import pcsc

READER = "sgp32 simulated card"
_DRIVERS = ("/usr/lib/pcsc/drivers/serial/libifdvpcd.so", "/usr/lib64/pcsc/drivers/serial/libifdvpcd.so")
_PACKAGES = "apt install pcscd vsmartcard-vpcd"
_SHARED_SOCKET = "/run/pcscd/pcscd.comm"
_START_DEADLINE = 15.0
_LONGEST_SOCKET_PATH = 107


def availability() -> str | None:
    """Why no simulated card can sit behind PC/SC here, with what to install; None where it can."""
    missing = [name for name, found in (("pcscd", _daemon()), ("vpcd", _driver())) if found is None]
    if missing:
        return f"{' and '.join(missing)} not installed: {_PACKAGES}"
    return pcsc.availability()


def _daemon() -> str | None:
    return shutil.which("pcscd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")


def _driver() -> str | None:
    return next((path for path in _DRIVERS if Path(path).exists()), None)


class PrivatePcscd:
    """A running daemon with one virtual reader, named READER. `start` before PC/SC is used in this process; `stop`.

    After `start`, `private` tells whether it has namespaces of its own.
    """

    _folder: str | None = None
    """One folder a process, since libpcsclite reads the socket path once."""
    _running = False

    def __init__(self) -> None:
        self._control: socket.socket | None = None
        self._warden: subprocess.Popen[bytes] | None = None
        self._port = 0
        self.private = False
        self.pid = 0

    @property
    def reader(self) -> str:
        """The virtual reader's full name: a daemon of ours numbers it first."""
        return f"{READER} 00 00"

    def start(self) -> Self:
        """Starts the daemon and points this process's PC/SC at it. Raises LabFault."""
        reason = availability()
        if reason is not None:
            what, _, remedy = reason.partition(": ")
            raise LabFault(what, hint=remedy)
        if PrivatePcscd._running:
            raise LabFault("this process has a PC/SC daemon already", hint="stop the other one first")
        faults: list[str] = []
        for mode in ("user", "root", "none"):
            if mode == "root" and os.geteuid() != 0:
                continue
            if mode == "none":
                self._refuse_to_share(faults)
            fault = self._try(mode)
            if fault is None:
                self.private = mode != "none"
                PrivatePcscd._running = True
                return self
            faults.append(f"{mode}: {fault}")
        raise LabFault("no PC/SC daemon could be started: " + "; ".join(faults), hint="start pcscd by hand to see why")

    @staticmethod
    def _refuse_to_share(faults: list[str]) -> None:
        if os.geteuid() != 0:
            raise LabFault(
                "no private PC/SC daemon: " + "; ".join(faults),
                hint="allow unprivileged user namespaces, or run as root; cards in memory need neither",
            )
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(_SHARED_SOCKET) == 0:
                raise LabFault(
                    "no private PC/SC daemon, and one already runs: " + "; ".join(faults),
                    hint="stop pcscd (systemctl stop pcscd.socket pcscd), or allow namespaces",
                )

    def _try(self, mode: str) -> str | None:
        """One way to start it; what went wrong, or None."""
        folder = self._prepare(mode)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        warden = Path(__file__).with_name("pcscd_warden.py")
        with theirs:
            self._warden = subprocess.Popen(
                (sys.executable, "-I", "-S", str(warden), mode, str(_daemon()), folder),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        self._control = ours
        ours.settimeout(_START_DEADLINE)
        try:
            told = json.loads(ours.recv(65536) or b"{}")
        except TimeoutError:
            told = {"error": f"no answer within {_START_DEADLINE:g} s"}
        if "pid" in told:
            self.pid = told["pid"]
            own = f"{folder}/run/pcscd/pcscd.comm"
            os.environ["PCSCLITE_CSOCK_NAME"] = own if mode != "none" else _SHARED_SOCKET
            return None
        complaint = self.stop()
        return str(told.get("error") or complaint or "the warden ended at once")

    def _prepare(self, mode: str) -> str:
        if PrivatePcscd._folder is None:
            PrivatePcscd._folder = tempfile.mkdtemp(prefix="sgp32-pcscd-", dir=_short_folder())
            atexit.register(shutil.rmtree, PrivatePcscd._folder, ignore_errors=True)
        folder = Path(PrivatePcscd._folder)
        self._port = 20000 if mode != "none" else _free_ports()
        for part in ("run/pcscd", "conf", "drivers"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "conf" / "vpcd.conf").write_text(
            f'FRIENDLYNAME "{READER}"\n'
            f"DEVICENAME /dev/null:0x{self._port:04X}\n"
            f"LIBPATH {_driver()}\n"
            f"CHANNELID 0x{self._port:04X}\n"
        )
        return str(folder)

    def connect(self) -> socket.socket:
        """A socket connected to the virtual reader's slot: whoever holds it is the card. Raises LabFault."""
        control = self._control
        if control is None:
            raise LabFault("the PC/SC daemon is not running", hint="start it first")
        try:
            control.send(json.dumps({"connect": self._port}).encode())
            told, descriptors, _, _ = socket.recv_fds(control, 65536, 1, socket.MSG_CMSG_CLOEXEC)
        except OSError as fault:
            raise LabFault(f"the PC/SC daemon is gone: {fault}", hint="start the slot again") from fault
        if not descriptors:
            raise LabFault(f"the virtual reader takes no card: {json.loads(told or b'{}').get('error', 'it is gone')}")
        return socket.socket(fileno=descriptors[0])

    def stop(self) -> str:
        """Ends the daemon; returns what the warden complained about, if anything. Stopping twice does nothing."""
        control, warden = self._control, self._warden
        self._control = self._warden = None
        if control is not None:
            control.close()
        if warden is None:
            return ""
        PrivatePcscd._running = False
        try:
            _, complaint = warden.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            warden.kill()
            _, complaint = warden.communicate()
        return complaint.decode(errors="replace").strip()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _short_folder() -> str:
    """A folder for sockets: a path in it must fit a socket address."""
    folder = tempfile.gettempdir()
    return folder if len(folder) < _LONGEST_SOCKET_PATH - 50 else "/tmp"


def _free_ports() -> int:
    """A port below the ephemeral range that is free together with the next one: vpcd takes two."""
    for _ in range(200):
        port = random.randrange(20000, 32000)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("", port))
                second.bind(("", port + 1))
            except OSError:
                continue
            return port
    raise LabFault("no two free ports between 20000 and 32000 for the virtual reader")
