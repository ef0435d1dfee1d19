"""What all slots of one process share: keys, randomness, the clock, the server loop, the fixture profiles.

Rules of this room:
- A simulated lab draws everything from the run's seed; a lab with hardware in it draws from the operating system, since a
  real card must never see the same challenge twice.
- Keys that a device may learn are on disk before it does: a lab with a state folder keeps its PKI there.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from harness.crypto.entropy import Entropy, system_entropy
from harness.endpoints.loop import LoopThread
from harness.errors import ConfigurationError, Fault
from harness.lab.clock import Clock, RealClock, VirtualClock
from harness.lab.file.configuration import Lab
from harness.lab.file.reach import hosts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.crypto.pki import TestPki
    from harness.profiles import ProfilePackage


class Rack:
    """The shared parts of a lab in one process. Leave the context to give everything back."""

    def __init__(self, lab: Lab, seed: int, front: Path | None = None) -> None:
        """`front` is where servers are registered at the port that devices outside of this host find."""
        self.lab = lab
        self.seed = seed
        self.front = front
        self.entropy: Entropy = system_entropy() if lab.is_hardware else Entropy(seed)
        self.clock: Clock = VirtualClock() if lab.clock == "virtual" else RealClock()
        self.kept: dict[object, object] = {}
        """What is costly to make and the same for every case; whoever keeps something makes the key."""
        self._closing = ExitStack()

    @cached_property
    def pki(self) -> TestPki:
        """The lab's certificates and keys. Raises ConfigurationError where the folder it names holds no usable set."""
        return lab_pki(self.lab, self.entropy)

    @cached_property
    def loop(self) -> LoopThread:
        """The thread that all servers of this process run in; started when it is first needed."""
        return self._closing.enter_context(LoopThread())

    @cached_property
    def profiles(self) -> Mapping[str, ProfilePackage]:
        """The fixture profiles by name."""
        from harness import resources
        from harness.profiles import load_profiles

        return load_profiles(resources.path("fixtures/profiles"))

    def at_the_end(self, give_back: Callable[[], object]) -> None:
        """Calls `give_back` when the rack is closed, the latest first."""
        self._closing.callback(give_back)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()


def lab_pki(lab: Lab, entropy: Entropy) -> TestPki:
    """The PKI of a lab: the folder that its file names, the one kept in its state, or a fresh one.

    Raises ConfigurationError with every fault of the files. A lab with a state folder gets its PKI minted there the first
    time: call this in the parent before slots start, so that no two of them mint.
    """
    from harness.crypto import pki

    now = datetime.now(UTC)
    hosts = hosts_of(slot.reach for slot in lab.slots.values())
    if lab.pki is not None:
        return pki.load_sgp26(lab.pki, now, hosts=hosts)
    if lab.state is not None:
        try:
            return pki.kept(lab.state / "pki", entropy.child("pki"), now, hosts=hosts)
        except OSError as fault:
            what = f"the lab's state cannot be kept in {lab.state}: {fault.strerror}"
            raise ConfigurationError([Fault(str(lab.file), 0, what, "name another folder as `state`")]) from fault
    return pki.mint(entropy.child("pki"), now, hosts=hosts)


def prepare(lab: Lab, seed: int) -> None:
    """Reads, or mints, the PKI of a lab that keeps it in files, once and before slots start in processes of their own.

    Raises ConfigurationError with every fault of the files.
    """
    if lab.pki is not None or lab.state is not None:
        with Rack(lab, seed) as rack:
            assert rack.pki.curves
