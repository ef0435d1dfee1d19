"""What an operator sends over the air, inside ENVELOPEs: opened where the keys are those of a shipped profile.

Rules of this room:
- A packet that no keys at hand open is named for what its header says, and left closed: whether it is forged or another
  operator's cannot be told.
- A plain one is shown as what it is, with what its checksum is worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from harness import resources
from harness.codec import DecodeError
from harness.reporting.decode.annotate import Annotator
from harness.reporting.decode.es10 import Function
from harness.reporting.decode.tree import Node
from harness.roles.ota import (
    Joining,
    Keyset,
    OpenedPacket,
    ResponsePacket,
    Status,
    keysets_of,
    open_packet,
    requests_in,
)

UPDATE_METADATA = Function("ES6.UpdateMetadata", "UpdateMetadataRequest", "")
SCHEMA = "sgp32-v1.3"
"""The schema whose UpdateMetadataRequest has every field."""
_HEADER = 10
_MARK = b"\xbf\x2a"


@dataclass(frozen=True, slots=True)
class SecuredMessage:
    """One ENVELOPE of a secured packet."""

    packet: bytes
    """The whole packet; empty as long as parts of it are missing."""
    opened: OpenedPacket | None = None

    @property
    def requests(self) -> tuple[bytes, ...]:
        """What its script hands over to the security domain."""
        return tuple(requests_in(self.opened.script)) if self.opened is not None else ()

    @property
    def is_authentic(self) -> bool:
        """Whether its checksum is that of the keys it was opened with."""
        return self.opened is not None and self.opened.is_authentic

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        if not self.packet:
            return "part of a secured packet"
        if self.opened is None:
            return "secured packet that no keys at hand open"
        named = UPDATE_METADATA.name if any(one.startswith(_MARK) for one in self.requests) else "secured packet"
        return named if self.is_authentic else f"{named}, unprotected"


class SecuredMessages:
    """Takes the data of ENVELOPEs in their order and joins what belongs together."""

    def __init__(self) -> None:
        self._joining = Joining()

    def take(self, download: bytes) -> SecuredMessage | None:
        """The message of one ENVELOPE; None where it carries no secured packet."""
        try:
            packet = self._joining.take(download)
        except DecodeError:
            return None
        return SecuredMessage(b"") if packet is None else SecuredMessage(packet, open_packet(packet, _keysets()))


def described(message: SecuredMessage) -> tuple[Node, ...]:
    """The packet and what is in it, as trees."""
    packet, opened = message.packet, message.opened
    if len(packet) < _HEADER:
        return ()
    spi, kic, kid, tar = (packet[at : at + size].hex().upper() for at, size in ((3, 2), (5, 1), (6, 1), (7, 3)))
    header = Node("secured packet", f"TAR {tar}, SPI {spi}, KIc {kic}, KID {kid}", octets=packet, source=packet)
    if opened is None:
        return (header,)
    counter = Node("counter", str(opened.counter))
    checksum = Node("checksum", "holds" if opened.is_authentic else "none that holds")
    annotator = Annotator(SCHEMA)
    inside = [tree for one in message.requests for tree in annotator.message(one, UPDATE_METADATA.request)]
    return (header, counter, checksum, *inside)


def receipt(octets: bytes, message: SecuredMessage | None) -> Node:
    """The proof of receipt; octets that are none as they are."""
    opened = message.opened if message is not None else None
    try:
        packet = ResponsePacket.of(octets, opened.keys if opened is not None else None)
    except DecodeError:
        return Node("answer of the card", octets=octets, source=octets)
    checked = "holds" if packet.is_authentic else "none that holds" if opened else "cannot be told"
    said = [
        Node("responseStatus", _status(packet.status)),
        Node("counter", str(packet.counter)),
        Node("checksum", checked),
    ]
    if packet.data:
        said.append(Node("answer to the script", _told(packet.data), octets=packet.data, source=packet.data))
    return Node("response packet", children=tuple(said))


def _status(number: int) -> str:
    known = {one.value: one.name.lower().replace("_", " ") for one in Status}
    return f"{known.get(number, 'reserved')} ({number})"


def _told(data: bytes) -> str:
    """How many commands ran, and the status word of the last (TS 102 226 §5.1.2)."""
    return f"commands: {data[0]}, the last {data[1:3].hex().upper()}" if len(data) >= 3 else ""


@cache
def _keysets() -> tuple[Keyset, ...]:
    """Of every shipped profile."""
    from harness.profiles import load_profiles  # only a record with ENVELOPEs needs them
    from harness.profiles.security_domain import domain_keys

    packages = load_profiles(resources.path("fixtures/profiles")).values()
    return tuple(keys for package in packages for keys in keysets_of(domain_keys(package.der)))
