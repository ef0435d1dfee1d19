"""What cryptography refuses. Whose fault that is depends on whose bytes they were, so none of these is a DeviceFault."""

from __future__ import annotations

from harness.errors import HarnessError


class CryptoError(HarnessError):
    """Base of the refusals of this package."""


class KeyFormatError(CryptoError):
    """Octets that are no public or private key on a curve of RSP."""


class CurveError(KeyFormatError):
    """A key on a curve that is none of RSP's."""


class CertificateError(CryptoError):
    """Octets that are no readable X.509 certificate."""


class CertificateCurveError(CertificateError):
    """A certificate whose key is on a curve that is none of RSP's."""


class PkiError(CryptoError):
    """A certificate or key that a set of test credentials does not have and cannot make."""
