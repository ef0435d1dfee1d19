"""What can go wrong between bytes and meaning. The codec raises nothing else, whatever the input."""

from __future__ import annotations

from harness.errors import HarnessError


class CodecError(HarnessError):
    """Base of the codec's errors."""


class DecodeError(CodecError):
    """Bytes that are not what they were said to be. `offset` counts from the first byte given; None where unknown."""

    def __init__(self, message: str, *, offset: int | None = None, hint: str = "") -> None:
        where = "" if offset is None else f" at offset {offset}"
        super().__init__(f"{message}{where}", hint=hint)
        self.offset = offset


class DerError(DecodeError):
    """A TLV that breaks the Distinguished Encoding Rules (X.690 §8.1, §10). `fault` is the rule's name."""

    def __init__(self, fault: str, *, offset: int) -> None:
        super().__init__(fault, offset=offset)
        self.fault = fault


class EncodeError(CodecError):
    """A value that its type cannot carry."""
