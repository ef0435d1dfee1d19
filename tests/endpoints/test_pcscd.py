"""A private PC/SC daemon: as root, as nobody, without namespaces; and nothing of it left after kill -9."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.endpoints import pcscd as endpoint
from harness.endpoints.pcscd import PrivatePcscd, availability
from harness.errors import LabFault

ROOT = Path(__file__).parents[2]
BENCH = (sys.executable, "-m", "tests.endpoints.bench")
NOBODY = (
    "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
    # The interpreter may live in a home that only root may read.
    "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search", "--bounding-set=-all,+dac_read_search",
)  # fmt: skip
OWN_MACHINE = (
    "unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c",
)  # fmt: skip
"""A machine of its own for the daemon that is not private; nothing in it may make namespaces, or outlive it."""
NO_NAMESPACES = (
    "ip link set lo up 2>/dev/null; mount -t tmpfs none /run && mkdir /run/pcscd && "
    "echo 0 > /proc/sys/user/max_user_namespaces && "
)

needs_pcscd = pytest.mark.skipif(availability() is not None, reason=str(availability()))
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")


def start(*prefix: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen((*prefix, *BENCH), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def told_by(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], 60)[0], "nothing was told"
    told: dict[str, Any] = json.loads(process.stdout.readline())
    return told


def wait_until_gone(pids: list[int], deadline: float = 20) -> None:
    until = time.monotonic() + deadline
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            assert select.select([descriptor], [], [], until - time.monotonic())[0], f"process {pid} is still there"
        finally:
            os.close(descriptor)


@needs_pcscd
def test_a_private_daemon_needs_nothing_but_namespaces() -> None:
    process = start()
    told = told_by(process)
    assert told["answer"] == "00019000"
    process.communicate(timeout=20)
    assert process.returncode == 0
    wait_until_gone(told["pids"])
    assert not Path(told["folder"]).exists()


@needs_pcscd
@needs_root
def test_a_private_daemon_as_an_ordinary_user() -> None:
    process = start(*NOBODY)
    told = told_by(process)
    if "fault" in told:
        pytest.skip(f"no user namespaces here: {told['fault']}")
    assert (told["private"], told["answer"]) == (True, "00019000")
    process.communicate(timeout=20)
    assert process.returncode == 0


@needs_pcscd
@pytest.mark.parametrize("prefix", [(), pytest.param(NOBODY, marks=needs_root)], ids=["root", "nobody"])
def test_kill_9_leaves_no_process_and_no_folder(prefix: tuple[str, ...]) -> None:
    process = start(*prefix)
    told = told_by(process)
    if "fault" in told:
        pytest.skip(f"no user namespaces here: {told['fault']}")
    process.kill()
    process.communicate(timeout=20)
    wait_until_gone(told["pids"])
    assert not Path(told["folder"]).exists()


@needs_pcscd
def test_the_daemon_dies_with_its_warden() -> None:
    process = start()
    told = told_by(process)
    daemon, _, warden = told["pids"]
    os.kill(warden, signal.SIGKILL)
    wait_until_gone([daemon])
    process.kill()
    process.communicate(timeout=20)
    shutil.rmtree(told["folder"])


@needs_pcscd
@needs_root
def test_without_namespaces_root_starts_the_only_daemon() -> None:
    without = f"{NO_NAMESPACES} exec setpriv --bounding-set=-sys_admin {' '.join(BENCH)}"
    process = subprocess.Popen(
        (*OWN_MACHINE, without), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    told = told_by(process)
    assert (told.get("private"), told.get("answer")) == (False, "00019000"), told
    process.communicate(timeout=20)
    assert process.returncode == 0


@needs_pcscd
@needs_root
def test_without_namespaces_another_daemon_is_left_alone() -> None:
    both = f"{NO_NAMESPACES} {{ pcscd -f >/dev/null & while ! [ -S /run/pcscd/pcscd.comm ]; do :; done; }} && "
    both += f"setpriv --bounding-set=-sys_admin {' '.join(BENCH)}; exit"
    run = subprocess.run((*OWN_MACHINE, both), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    told = json.loads(run.stdout)
    assert "one already runs" in told["fault"]
    assert "systemctl stop pcscd" in told["hint"]


def test_without_namespaces_and_root_it_is_a_lab_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "availability", lambda: None)
    monkeypatch.setattr(PrivatePcscd, "_try", lambda self, mode: "unshare: Operation not permitted")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabFault, match="Operation not permitted") as fault:
        PrivatePcscd().start()
    assert "user namespaces" in fault.value.hint


def test_what_is_missing_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_daemon", lambda: None)
    monkeypatch.setattr(endpoint, "_driver", lambda: None)
    assert availability() == "pcscd and vpcd not installed: apt install pcscd vsmartcard-vpcd"
    with pytest.raises(LabFault) as fault:
        PrivatePcscd().start()
    assert fault.value.hint == "apt install pcscd vsmartcard-vpcd"


def test_a_daemon_that_ends_at_once_is_a_lab_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "availability", lambda: None)
    monkeypatch.setattr(endpoint, "_daemon", lambda: "/bin/false")
    monkeypatch.setattr(PrivatePcscd, "_refuse_to_share", staticmethod(lambda faults: None))
    pcscd = PrivatePcscd()
    with pytest.raises(LabFault, match="ended at once"):
        pcscd.start()
    with pytest.raises(LabFault, match="not running"):
        pcscd.connect()
