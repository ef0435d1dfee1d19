"""How a bound profile package ends on its way into the card (ErrorReason, BppCommandId of SGP.22)."""

from __future__ import annotations

from harness.simulators.euicc.bpp import SECURE_CHANNEL

INITIALISE, CONFIGURE_ISDP, STORE_METADATA, REPLACE_KEYS, LOAD_ELEMENTS = 0, 1, 2, 4, 5
INCORRECT_INPUT, INVALID_SIGNATURE, INVALID_TRANSACTION_ID, UNSUPPORTED_CRT, UNSUPPORTED_OPERATION = 1, 2, 3, 4, 5
UNSUPPORTED_CLASS, STRUCTURE_ERROR, SECURITY_ERROR, ICCID_EXISTS, INSUFFICIENT_MEMORY = 6, 7, 8, 9, 10
PE_PROCESSING_ERROR, DATA_MISMATCH, INVALID_NAA_KEY, PPR_NOT_ALLOWED = 12, 13, 14, 15

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
