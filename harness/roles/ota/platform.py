"""The OTA platform: what an operator sends to one profile, and the counter that it keeps for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.codec import encode
from harness.roles.ota.keys import Keyset
from harness.roles.ota.packets import CHECKED_ENCIPHERED_COUNTED, CHECKED_RECEIPT, ResponsePacket, command_packet
from harness.roles.ota.scripts import store_data
from harness.roles.ota.short_messages import envelopes

SCHEMA = "1.3"
"""The version whose UpdateMetadataRequest has every field: a field is written only where it is asked for."""


@dataclass(frozen=True, slots=True)
class SecuredMessage:
    """One packet on its way to the card."""

    keys: Keyset
    packet: bytes
    envelopes: tuple[bytes, ...]
    """The command APDUs that a terminal sends to the card, in order."""

    def receipt(self, answer: bytes) -> ResponsePacket:
        """What the card answered to the last ENVELOPE, read. Raises DecodeError for what is no proof of receipt."""
        return ResponsePacket.of(answer, self.keys)


class OtaPlatform:
    """The operator's side of one profile's security domain. A new profile has seen no counter yet."""

    def __init__(self, keys: Keyset, tar: bytes, *, counter: int = 0) -> None:
        self.keys = keys
        self._tar = tar
        self._counter = counter

    def update_metadata(
        self, fields: Mapping[str, Any], *, keys: Keyset | None = None, spi1: int = CHECKED_ENCIPHERED_COUNTED
    ) -> SecuredMessage:
        """ES6.UpdateMetadata (SGP.22 §5.4.1) with these fields of UpdateMetadataRequest, under the next counter.

        `keys` are used in place of the operator's own; `spi1` says how the packet is secured.
        """
        self._counter += 1
        keys = keys or self.keys
        request = encode("UpdateMetadataRequest", dict(fields), version=SCHEMA)
        spi = (spi1, CHECKED_RECEIPT)
        packet = command_packet(keys, self._tar, self._counter, store_data(request), spi=spi)
        return SecuredMessage(keys, packet, envelopes(packet, self._counter))

    def forged(self) -> Keyset:
        """Keys of somebody who can encipher for the profile, and cannot make its checksums."""
        wrong = bytes(octet ^ 0x5A for octet in self.keys.authentication)
        return replace(self.keys, authentication=wrong)
