"""Wrong signatures of an eUICC, for whichever purpose."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from harness.codec import tlv
from harness.crypto import ecdsa
from harness.crypto.entropy import Entropy
from harness.simulators.defects.changes import Change, around
from harness.simulators.euicc.device import Purpose

_SEED = "not the key of this eUICC"


def signing_with_another_key(*purposes: Purpose) -> Change:
    """What is signed for these purposes is signed with a key that no certificate of the card is for."""

    def sign(inner: Any, purpose: Purpose, key: EllipticCurvePrivateKey, message: bytes) -> bytes:
        used = ecdsa.generate(ecdsa.curve_of(key), Entropy(_SEED)) if purpose in purposes else key
        return inner(purpose, used, message)  # type: ignore[no-any-return]

    return around("euicc-signature", sign)


def signing_contents_only(wanted: Purpose) -> Change:
    """What is signed for this purpose is signed without its outer tag and length."""

    def sign(inner: Any, purpose: Purpose, key: EllipticCurvePrivateKey, message: bytes) -> bytes:
        return inner(purpose, key, tlv.parse(message).value if purpose is wanted else message)  # type: ignore[no-any-return]

    return around("euicc-signature", sign)
