"""asn1tools' DER codec with its faults corrected; imported only when a schema is compiled or read from the cache."""

from __future__ import annotations

from typing import Any

from asn1tools.codecs import ber, der
from asn1tools.codecs.ber import Encoding, Tag, encode_length_definite

from harness.codec.schema_files import OPAQUE


class SequenceOf(der.SequenceOf):  # type: ignore[misc]
    """SEQUENCE OF whose decoder stops at an element with a wrong tag."""

    def decode_content(self, data: Any, offset: int, length: int) -> Any:
        return ber.ArrayType.decode_content(self, data, offset, length)


class BitString(der.BitString):  # type: ignore[misc]
    """BIT STRING that counts its unused bits, and drops the trailing zero bits of a named bit list when encoding."""

    def decode_content(self, data: bytes, offset: int, length: int) -> Any:
        if length < 1 or data[offset] > (7 if length > 1 else 0):
            raise ber.DecodeError("BIT STRING with an impossible count of unused bits", offset=offset)
        return super().decode_content(data, offset, length)

    def encode(self, data: Any, encoded: bytearray, values: Any = None) -> None:
        octets, bits = data
        if self.has_named_bits:
            number = int.from_bytes(octets, "big") >> (8 * len(octets) - bits) if bits else 0
            while bits and not number & 1:
                number, bits = number >> 1, bits - 1
            octets = (number << (-bits % 8)).to_bytes((bits + 7) // 8, "big")
        super().encode((octets, bits), encoded, values)


class ObjectIdentifier(der.ObjectIdentifier):  # type: ignore[misc]
    """OBJECT IDENTIFIER whose first two arcs are told apart below the arc 2 too (X.690 §8.19.4): 2.999, not 26.39."""

    def decode_content(self, data: Any, offset: int, length: int) -> tuple[str, int]:
        dotted, end = super().decode_content(data, offset, length)
        first, second, *rest = (int(arc) for arc in dotted.split("."))
        if first > 2:
            first, second = 2, 40 * first + second - 80
        return ".".join(str(arc) for arc in (first, second, *rest)), end


class Opaque(ber.StandardEncodeMixin, der.Type):  # type: ignore[misc]
    """A SEQUENCE that is never taken apart. The value is the whole DER of the SEQUENCE under its universal tag."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "OPAQUE", Tag.SEQUENCE, Encoding.CONSTRUCTED)

    def set_tag(self, number: int, flags: int) -> None:
        super().set_tag(number, flags | Encoding.CONSTRUCTED)

    def encode_content(self, data: bytes, values: Any = None) -> bytes:
        if data[:1] != b"\x30":
            raise ber.EncodeError("an opaque value is the whole DER of a SEQUENCE, which begins with 30")
        skip = 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)
        return data[skip:]

    def decode_content(self, data: bytes, offset: int, length: int) -> tuple[bytes, int]:
        end = offset + length
        return b"\x30" + bytes(encode_length_definite(length)) + bytes(data[offset:end]), end


class CorrectedCompiler(der.Compiler):  # type: ignore[misc]
    """Compiles a parsed schema with the corrected types."""

    def compile_implicit_type(self, name: str, type_descriptor: Any, module_name: str) -> Any:
        kind = type_descriptor["type"]
        if kind in OPAQUE:
            return Opaque(name)
        if kind == "OBJECT IDENTIFIER":
            return ObjectIdentifier(name)
        if kind == "BIT STRING":
            return BitString(name, "named-bits" in type_descriptor)
        if kind == "SEQUENCE OF":
            return SequenceOf(name, self.compile_type("", type_descriptor["element"], module_name))
        return super().compile_implicit_type(name, type_descriptor, module_name)
