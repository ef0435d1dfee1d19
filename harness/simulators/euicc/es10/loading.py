"""A bound profile package on its way into the card, and how one ends (ErrorReason, BppCommandId of SGP.22)."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.crypto.scp03t import Scp03tReceiver
from harness.simulators.euicc.bpp import SECURE_CHANNEL, Cutter
from harness.simulators.euicc.elements import Elements
from harness.simulators.euicc.session import Download

INITIALISE, CONFIGURE_ISDP, STORE_METADATA, REPLACE_KEYS, LOAD_ELEMENTS = 0, 1, 2, 4, 5
INCORRECT_INPUT, INVALID_SIGNATURE, INVALID_TRANSACTION_ID, UNSUPPORTED_CRT, UNSUPPORTED_OPERATION = 1, 2, 3, 4, 5
UNSUPPORTED_CLASS, STRUCTURE_ERROR, SECURITY_ERROR, ICCID_EXISTS, INSUFFICIENT_MEMORY = 6, 7, 8, 9, 10
PE_PROCESSING_ERROR, DATA_MISMATCH, PPR_NOT_ALLOWED = 12, 13, 15

COMMANDS = {
    None: INITIALISE,
    SECURE_CHANNEL: INITIALISE,
    0xA0: CONFIGURE_ISDP,
    0xA1: STORE_METADATA,
    0xA2: REPLACE_KEYS,
    0xA3: LOAD_ELEMENTS,
}
"""bppCommandId of the container in which a fault was found; None before the first."""


class Failed(Exception):
    """A fault that ends the installation. Never leaves the card."""

    def __init__(self, reason: int, sima_response: bytes = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        self.sima_response = sima_response


@dataclass(slots=True)
class Installation:
    """A bound profile package on its way in."""

    download: Download
    cutter: Cutter = field(default_factory=Cutter)
    receiver: Scp03tReceiver | None = None
    plaintext: bytes = b""
    """What the segments of the present container carried."""
    metadata: bytes = b""
    iccid: bytes = b""
    elements: Elements = field(default_factory=Elements)
