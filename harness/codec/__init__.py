"""What bytes mean: DER messages of SGP.32 with the SGP.22 v2.5 types under them, profile packages, and plain TLVs.

Rules of this room:
- One schema for each SGP.32 version, v1.2 where none is named; nothing else here knows that versions differ.
- Values are plain: SEQUENCE dict, CHOICE (name, value), SEQUENCE OF list, BIT STRING (octets, count of bits), OBJECT
  IDENTIFIER dotted text, NULL None. Certificates and public keys are the whole DER as bytes.
- `decode` is bounded on any input and raises DecodeError only. It refuses what is not well-formed DER structure and what
  breaks a size; it accepts unknown trailing fields (the modules are EXTENSIBILITY IMPLIED) and drops them.
- `findings` tells what `decode` tolerated: a conformance verdict on form rests on it, never on `decode`.
"""

from __future__ import annotations

from harness.codec import tlv
from harness.codec.asn1 import (
    VERSIONS,
    decode,
    decode_pe,
    encode,
    encode_pe,
    findings,
    named_bits,
    split_profile_package,
)
from harness.codec.errors import CodecError, DecodeError, DerError, EncodeError

__all__ = [
    "VERSIONS",
    "CodecError",
    "DecodeError",
    "DerError",
    "EncodeError",
    "decode",
    "decode_pe",
    "encode",
    "encode_pe",
    "findings",
    "named_bits",
    "split_profile_package",
    "tlv",
]
