"""What a TLS client says about itself in its first message (RFC 5246 §7.4.1.2, RFC 8446 §4.1.2).

A ClientHello is evidence: versions, suites, groups and the name asked for are promises of the device under test. It is
read here from the bytes themselves, because the TLS library tells only what came of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MAX_HELLO = 1 << 16
"""Octets of TLS records after which a ClientHello is given up."""

_HANDSHAKE_RECORD = 22
_CLIENT_HELLO = 1
_SERVER_NAME, _GROUPS, _SIGNATURES, _ALPN, _VERSIONS = 0, 10, 13, 16, 43

VERSIONS: Mapping[int, str] = {
    0x0300: "SSLv3",
    0x0301: "TLSv1.0",
    0x0302: "TLSv1.1",
    0x0303: "TLSv1.2",
    0x0304: "TLSv1.3",
}
SECP256R1, BRAINPOOL_P256R1, BRAINPOOL_P256R1_TLS13 = 23, 26, 31


class NotAClientHello(ValueError):
    """The first bytes of a connection are no TLS ClientHello."""


@dataclass(frozen=True, slots=True)
class ClientHello:
    """A ClientHello: numbers as registered by IANA, GREASE values included as they came."""

    octets: bytes
    """The TLS records it came in."""
    server_name: str | None
    versions: tuple[int, ...]
    """supported_versions, or every version up to legacy_version where that extension is absent."""
    suites: tuple[int, ...]
    groups: tuple[int, ...]
    signatures: tuple[int, ...]
    protocols: tuple[str, ...]
    """ALPN, in the client's order."""

    def note(self) -> dict[str, str]:
        """The facts as text, for a record."""
        return {
            "event": "client-hello",
            "sni": self.server_name or "",
            "versions": " ".join(VERSIONS.get(version, f"{version:04X}") for version in self.versions),
            "suites": " ".join(f"{suite:04X}" for suite in self.suites),
            "groups": " ".join(str(group) for group in self.groups),
            "signatures": " ".join(f"{scheme:04X}" for scheme in self.signatures),
            "alpn": " ".join(self.protocols),
        }


class _Reader:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._octets):
            raise NotAClientHello("a field ends after its message")
        part, self._at = self._octets[self._at : end], end
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        return self.take(self.number(size))

    @property
    def left(self) -> int:
        return len(self._octets) - self._at


def read_client_hello(octets: bytes) -> ClientHello | None:
    """The ClientHello at the start of a connection; None while more octets are needed.

    Raises NotAClientHello where no continuation can make it one.
    """
    message = _handshake_message(octets)
    if message is None:
        return None
    body, consumed = message
    reader = _Reader(body)
    legacy_version = reader.number(2)
    reader.take(32)
    reader.vector(1)
    suites = _numbers(reader.vector(2))
    reader.vector(1)
    extensions = _extensions(reader.vector(2)) if reader.left else {}
    return ClientHello(
        octets=octets[:consumed],
        server_name=_server_name(extensions.get(_SERVER_NAME, b"")),
        versions=_versions(extensions.get(_VERSIONS), legacy_version),
        suites=suites,
        groups=_numbers(_inner(extensions.get(_GROUPS), 2)),
        signatures=_numbers(_inner(extensions.get(_SIGNATURES), 2)),
        protocols=_protocols(_inner(extensions.get(_ALPN), 2)),
    )


def _handshake_message(octets: bytes) -> tuple[bytes, int] | None:
    at, message = 0, b""
    while True:
        if len(octets) > at and octets[at] != _HANDSHAKE_RECORD:
            raise NotAClientHello(f"the record type is {octets[at]}, not 22 (handshake)")
        if len(octets) < at + 5:
            return None
        if octets[at + 1] != 3:
            raise NotAClientHello(f"the record version is {octets[at + 1]}.{octets[at + 2]}")
        length = int.from_bytes(octets[at + 3 : at + 5], "big")
        if not length:
            raise NotAClientHello("an empty handshake record")
        if len(octets) < at + 5 + length:
            return None
        message += octets[at + 5 : at + 5 + length]
        at += 5 + length
        if message[0] != _CLIENT_HELLO:
            raise NotAClientHello(f"the handshake type is {message[0]}, not 1 (client_hello)")
        if len(message) >= 4:
            size = int.from_bytes(message[1:4], "big")
            if size > MAX_HELLO:
                raise NotAClientHello(f"a ClientHello of {size} octets")
            if len(message) >= 4 + size:
                return message[4 : 4 + size], at


def _extensions(octets: bytes) -> dict[int, bytes]:
    reader = _Reader(octets)
    found: dict[int, bytes] = {}
    while reader.left:
        kind = reader.number(2)
        found.setdefault(kind, reader.vector(2))
    return found


def _inner(extension: bytes | None, size: int) -> bytes:
    return _Reader(extension).vector(size) if extension else b""


def _numbers(octets: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets) - 1, 2))


def _server_name(extension: bytes) -> str | None:
    reader = _Reader(_inner(extension, 2))
    while reader.left:
        kind, name = reader.number(1), reader.vector(2)
        if kind == 0:
            return name.decode("ascii", "backslashreplace")
    return None


def _versions(extension: bytes | None, legacy_version: int) -> tuple[int, ...]:
    if extension:
        return _numbers(_inner(extension, 1))
    return tuple(version for version in sorted(VERSIONS, reverse=True) if version <= min(legacy_version, 0x0303))


def _protocols(octets: bytes) -> tuple[str, ...]:
    reader, names = _Reader(octets), []
    while reader.left:
        names.append(reader.vector(1).decode("ascii", "backslashreplace"))
    return tuple(names)
