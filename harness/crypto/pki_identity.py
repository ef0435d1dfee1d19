"""Who owns a certificate, with its key where we have it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from harness.crypto.certificates import Certificate
from harness.crypto.ecdsa import Curve, PrivateKey
from harness.crypto.errors import PkiError


class Identity:
    """A certificate, with its private key where we have it."""

    def __init__(self, certificate: bytes, private_key: PrivateKey | None) -> None:
        self.certificate: Final = certificate
        """The whole DER."""
        self._private_key = private_key

    @property
    def has_private_key(self) -> bool:
        return self._private_key is not None

    @property
    def private_key(self) -> PrivateKey:
        """Raises PkiError where the set came without it."""
        if self._private_key is None:
            raise PkiError(f"the private key of {self.view.common_name!r} is not in this set of credentials")
        return self._private_key

    @cached_property
    def view(self) -> Certificate:
        return Certificate(self.certificate)

    @property
    def key_id(self) -> bytes:
        """The subject key identifier, 20 octets; empty where the certificate has none."""
        return self.view.subject_key_id or b""


@dataclass(frozen=True, slots=True, repr=False)
class EuiccIdentity:
    """What an eUICC of one curve is born with."""

    private_key: PrivateKey
    certificate: bytes
    eum_certificate: bytes
    ci_certificate: bytes
    ci_key_id: bytes
    """The subject key identifier of the CI, 20 octets, as in the CI lists of EUICCInfo1."""
    curve: Curve
