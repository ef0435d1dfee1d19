"""What a card proves itself with."""

from __future__ import annotations

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey


class Identity(Protocol):
    """Key and certificates under one CI, all certificates as DER."""

    @property
    def private_key(self) -> EllipticCurvePrivateKey: ...
    @property
    def certificate(self) -> bytes: ...
    @property
    def eum_certificate(self) -> bytes: ...
    @property
    def ci_certificate(self) -> bytes: ...
    @property
    def ci_key_id(self) -> bytes: ...
