"""The process that keeps a private PC/SC daemon. Run by path with `python -I -S`; it imports the standard library only.

Rules of this room:
- It lives exactly as long as the socket on its standard input: at end of file it ends the daemon, removes the folder
  and goes. The daemon in turn dies with this process, whatever ends it.
- In a private mount namespace the folder's `run` lies over /run, so that the daemon's compiled-in socket path appears
  in the folder outside. In a private network namespace the virtual reader's port is reachable through this process only:
  it hands out connected sockets.
- Messages are JSON, one a packet (SOCK_SEQPACKET); a connected socket travels beside its answer.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_PDEATHSIG = 1
SIOCSIFFLAGS, IFF_UP = 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> None:
    """Turns a libc failure into an OSError that names the call."""
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def enter_namespaces(folder: str, as_user: bool) -> None:
    """Private mounts and network, with the folder's `run` over /run and the loopback interface up."""
    uid, gid = os.getuid(), os.getgid()
    flags = CLONE_NEWNS | CLONE_NEWNET | (CLONE_NEWUSER if as_user else 0)
    checked(libc.unshare(flags), "unshare")
    if as_user:
        for file, line in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{file}", "w") as stream:
                stream.write(line)
    checked(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount --make-rprivate /")
    checked(libc.mount(f"{folder}/run".encode(), b"/run", None, MS_BIND, None), "mount --bind over /run")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def start_daemon(program: str, folder: str) -> "subprocess.Popen[bytes]":
    """Starts pcscd so that it dies with this process."""
    warden = os.getpid()

    def die_with_the_warden() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != warden:
            os._exit(1)

    # An empty folder for USB drivers: real readers are not for a private daemon.
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PCSCLITE_HP_DROPDIR": f"{folder}/drivers"}
    with open(f"{folder}/pcscd.log", "wb") as log:
        return subprocess.Popen(
            (program, "-f", "-c", f"{folder}/conf"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            preexec_fn=die_with_the_warden,
        )


def wait_for_socket(path: str, daemon: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Returns when somebody listens on the daemon's socket; its readers are up by then."""
    until = time.monotonic() + seconds
    while True:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(path)
                return
            except OSError as fault:
                if daemon.poll() is not None:
                    raise OSError("pcscd ended at once") from fault
                if time.monotonic() > until:
                    raise OSError(f"pcscd did not open {path} within {seconds:g} s") from fault
        time.sleep(0.005)


def serve(control: socket.socket, daemon: "subprocess.Popen[bytes]") -> None:
    """Hands out connections to the virtual reader until the other end closes or the daemon ends."""
    ended = os.pidfd_open(daemon.pid)
    while True:
        ready = select.select([control.fileno(), ended], [], [])[0]
        if ended in ready:
            return
        request = control.recv(65536)
        if not request:
            return
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            try:
                connection.connect(("127.0.0.1", json.loads(request)["connect"]))
            except OSError as fault:
                control.send(json.dumps({"error": str(fault)}).encode())
            else:
                connection.settimeout(None)
                socket.send_fds(control, [b"{}"], [connection.fileno()])


def remove(folder: str) -> None:
    """Removes the private folder, as far as it is ours."""
    for path, folders, files in os.walk(folder, topdown=False):
        for name in files:
            os.unlink(f"{path}/{name}")
        for name in folders:
            os.rmdir(f"{path}/{name}")
    os.rmdir(folder)


def main(mode: str, program: str, folder: str) -> None:
    """`mode` is "user" or "root" (namespaces with and without a user namespace) or "none"."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a Ctrl-C in the terminal is the parent's to handle
        signal.signal(number, signal.SIG_IGN)
    control = socket.socket(fileno=0)
    daemon = None
    try:
        if mode != "none":
            enter_namespaces(folder, as_user=mode == "user")
        daemon = start_daemon(program, folder)
        wait_for_socket("/run/pcscd/pcscd.comm", daemon, 10)
        control.send(json.dumps({"pid": daemon.pid}).encode())
        serve(control, daemon)
    except OSError as fault:
        with contextlib.suppress(BrokenPipeError):  # nobody may be left to be told
            control.send(json.dumps({"error": str(fault)}).encode())
    finally:
        if daemon is not None:
            if mode == "none":  # the machine's own folder: let it remove its socket
                daemon.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    daemon.wait(3)
            daemon.kill()
            daemon.wait()
        remove(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
