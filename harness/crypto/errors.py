"""What cryptography can refuse. Whose fault a refusal is depends on whose bytes they were, so none of these is a DeviceFault."""

from __future__ import annotations

from harness.errors import HarnessError


class CryptoError(HarnessError):
    """Base of the refusals of this package."""


class KeyFormatError(CryptoError):
    """Octets that are no public or private key on a curve of RSP."""
