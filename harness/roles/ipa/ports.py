"""What the IPA needs of the device around it: a way to servers and the modem's view of the network.

The card is reached through `harness.roles.es10`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from harness.errors import HarnessError
from harness.roles.es10.eims import TrustData

Headers = tuple[tuple[str, str], ...]


class NoAnswer(HarnessError):
    """No complete, trusted answer came from a server. Nothing is known of what became of the request."""


class HttpReply(Protocol):
    """The answer to one HTTP request."""

    @property
    def status(self) -> int: ...

    @property
    def body(self) -> bytes: ...

    def header(self, name: str) -> str | None:
        """The first value of a header, its name compared without case."""


class HttpPort(Protocol):
    """A way to HTTPS servers over the network that the modem is attached to."""

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes, *, trust: TrustData | None) -> HttpReply:
        """Posts and waits for the answer. `trust` is the server's key or a certificate above it; None is the GSMA CI.

        Raises NoAnswer, which includes a server that cannot be trusted.
        """


class ModemPort(Protocol):
    """The modem's view of the profile that is enabled now."""

    def connect(self) -> bool:
        """Registers and brings up the data path where it is not up. False where the network refuses or there is none."""

    def registered_plmn(self) -> bytes | None:
        """The PLMN of the last registration, three octets as in TS 24.008 §10.5.1.13; None before the first one."""

    def has_emergency_call(self) -> bool:
        """Whether an emergency call is under way."""
