"""The operator of a fixture profile, and the network that brings its messages to the terminal: ES6.

Rules of this room:
- Only a harness that is the terminal hands ENVELOPEs to the card, so that cases with an operator name the links for it.
- The keys come out of the profile's own package. A profile that is installed for a case has seen no counter yet.
- What the card answers is read and never demanded: whether it sends a proof of receipt for a packet that it refuses is its
  own affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.codec import DecodeError
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.raw import RawChannel
from harness.errors import LabFault
from harness.profiles.package import ProfilePackage
from harness.profiles.security_domain import domain_keys
from harness.roles.ota import OtaPlatform, ResponsePacket, SecuredMessage, Status, keysets_of


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the card made of one message."""

    sw: int
    """The last status word."""
    octets: bytes
    """The answer to the last ENVELOPE."""
    packet: ResponsePacket | None
    """The proof of receipt; None where the answer is none."""

    @property
    def is_taken(self) -> bool:
        """Whether a proof of receipt with the right checksum says that the script was executed, and its last status word."""
        return (
            self.packet is not None
            and self.packet.is_authentic
            and self.packet.status == Status.OK
            and self.packet.data[1:3] == b"\x90\x00"
        )

    def __str__(self) -> str:
        return f"{self.octets.hex().upper()} {self.sw:04X}".strip()


class Operator:
    """The operators of all fixture profiles, each with its own keys and counter."""

    def __init__(self, euicc: EuiccUnderTest, profiles: Mapping[str, ProfilePackage]) -> None:
        self._euicc = euicc
        self._profiles = profiles
        self._platforms: dict[str, OtaPlatform] = {}

    def platform(self, name: str) -> OtaPlatform:
        """The OTA platform for a fixture profile. Raises LabFault where its package has no keys for one."""
        if name not in self._platforms:
            known = domain_keys(self._profiles[name].der)
            usable = keysets_of(known)
            if known is None or not usable:
                raise LabFault(f"the package of {name} has no keys for secured packets", hint="describe its ota-keys")
            self._platforms[name] = OtaPlatform(usable[0], known.tar)
        return self._platforms[name]

    def update(self, name: str, fields: Mapping[str, Any]) -> Receipt:
        """ES6.UpdateMetadata of the enabled profile, which is this one."""
        return self.deliver(self.platform(name).update_metadata(fields))

    def deliver(self, message: SecuredMessage) -> Receipt:
        """Hands a message to the card, one ENVELOPE after the other. A refused one ends it."""
        channel = RawChannel(self._euicc.transmit, lambda: None)
        for command in message.envelopes:
            answer = channel.exchange(command)
            if not answer.is_success:
                break
        try:
            packet = message.receipt(answer.data) if answer.data else None
        except DecodeError:
            packet = None
        return Receipt(answer.sw, answer.data, packet)
