"""What a card forgets at a reset: channels, chains, answers to be fetched, the terminal's promises, a download under way."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from harness.simulators.euicc.download import Download, Installation, Installed
from harness.simulators.euicc.short_messages import Part


@dataclass(slots=True)
class Channel:
    """One open logical channel."""

    isdr_selected: bool = False
    path: bytes = b""
    """Path of the selected file; empty for the MF. Below an ADF it begins with 7FFF."""
    chain: bytearray = field(default_factory=bytearray)
    next_block: int = 0
    response: bytes = b""
    """What GET RESPONSE has still to fetch."""

    def drop_chain(self) -> None:
        """Forgets the blocks of a STORE DATA chain."""
        self.chain.clear()
        self.next_block = 0


@dataclass(slots=True)
class Proactive:
    """A proactive session: from the 91xx until the TERMINAL RESPONSE (TS 102 223 §6.1)."""

    command: bytes
    fetched: bool = False


@dataclass(slots=True)
class Session:
    """Everything between one reset and the next."""

    channels: dict[int, Channel] = field(default_factory=lambda: {0: Channel()})
    terminal_capability: bytes | None = None
    """The template A9 that counts."""
    terminal_profile: bytes | None = None
    proactive: Proactive | None = None
    terminal_answer: bytes | None = None
    """The data of the last TERMINAL RESPONSE."""
    refuses_es10: bool = False
    """The enabled profile changed, and this card wants a reset before it speaks ES10 again."""
    short_messages: dict[int, dict[int, Part]] = field(default_factory=dict)
    """Parts of secured packets that are not complete, by reference and number."""
    challenge: bytes | None = None
    download: Download | None = None
    unused_one_time_key: tuple[EllipticCurvePrivateKey, bytes] | None = None
    """A key pair of a download that never came: SGP.22 §5.7.5 allows it to serve the retry."""
    installation: Installation | None = None
    installed: Installed | None = None
