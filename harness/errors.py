"""The error tree: who is to blame is in the type, what to try next is in `hint`.

Rules of this tree:
- `DeviceFault` is the device under test breaking a promise of its interface; `LabFault` is the rig around it; everything
  else that escapes is the harness being wrong. A verdict follows from the branch, so no branch ever wraps another.
- `hint` is one sentence that a lab engineer can act on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class HarnessError(Exception):
    """Base of everything raised on purpose. `hint` is the next thing to try, in one sentence."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class LabFault(HarnessError):
    """The rig is at fault: a reader, a port, a daemon, another card than configured. Never the device's fault."""


class Withheld(HarnessError):
    """The harness did not do something to a device, since the lab does not let it or lacks what it takes."""


class Unsupported(HarnessError):
    """The device does not have an optional thing: what is judged of it does not apply to this device."""


class DeviceFault(HarnessError):
    """The device broke a promise of its interface."""


class DeviceSilent(DeviceFault):
    """Nothing came before the deadline. Whose fault that is shows only after a reset and a known good exchange."""


class ChannelLost(DeviceFault):
    """A way to an application of the card is gone, as after a reset or a REFRESH. It can be opened again."""


class MalformedAnswer(DeviceFault):
    """The device's answer cannot be decoded, or has another form than its interface allows."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a file that a person wrote. `line` counts from 1; 0 means the file as a whole."""

    file: str
    line: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class ConfigurationError(HarnessError):
    """What a person wrote cannot be used. Carries every fault found, not only the first."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults), hint="correct the lines named and run again")
        self.faults = tuple(faults)
