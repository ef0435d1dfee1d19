"""eUICC Packages: what the eIM signs (SGP.32 v1.2 §2.11.1.1, §3.3.1).

Rules of this room:
- What is signed is what is sent: the signature is made over the octets of euiccPackageSigned as they stand in the
  message, followed by the associationToken TLV, which is never sent (`84 01 00` where the eUICC has no token).
- A package holds PSMOs or eCOs, never both.
- Counters are taken when a package is made, one above the last, and never taken back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from harness.codec import tlv
from harness.crypto import ecdsa
from harness.roles.eim.commands import ECOS, Command
from harness.roles.eim.versions import DEFAULT, VERSIONS, DeviceVersion
from harness.rules import Rules

PSMO_LIST, ECO_LIST = 0xA0, 0xA1


@dataclass(frozen=True, slots=True)
class PackageFields:
    """What goes into one eUICC Package."""

    eim_id: str
    eid: bytes
    counter: int
    transaction_id: bytes | None
    commands: tuple[bytes, ...]
    """Psmo or Eco TLVs, of one kind."""


def command_octets(commands: Iterable[Command | bytes], version: str = DEFAULT) -> tuple[bytes, ...]:
    """The TLVs of commands for a device of this version.

    Octets pass unchanged, so that a case can send what no command builder makes.
    """
    return tuple(item if isinstance(item, bytes) else _encoded(item, VERSIONS[version]) for item in commands)


def _encoded(command: Command, version: DeviceVersion) -> bytes:
    return version.command("Eco" if command[0] in ECOS else "Psmo", *command)


def list_tag(commands: Iterable[Command | bytes]) -> int:
    """Which list the commands belong into: A1 for eCOs, else A0. Raises ValueError for a mixture."""
    kinds = {item[0] in ECOS for item in commands if not isinstance(item, bytes)}
    if len(kinds) > 1:
        raise ValueError("an eUICC Package holds PSMOs or eCOs, not both")
    return ECO_LIST if True in kinds else PSMO_LIST


def listed_commands(commands_tag: int, commands: tuple[bytes, ...]) -> tuple[int, tuple[bytes, ...]]:
    """The list that commands stand in, and the commands as they stand there."""
    return commands_tag, commands


def package_signed(fields: PackageFields, commands_tag: int) -> bytes:
    """The euiccPackageSigned SEQUENCE. Nothing is checked: a case may put any value anywhere."""
    parts = [
        tlv.build(0x80, fields.eim_id.encode()),
        tlv.build(0x5A, fields.eid),
        tlv.integer(0x81, fields.counter),
    ]
    if fields.transaction_id is not None:
        parts.append(tlv.build(0x82, fields.transaction_id))
    return tlv.build(0x30, *parts, tlv.build(commands_tag, *fields.commands))


def signature_input(signed: bytes, token: int) -> bytes:
    """What eimSignature is made over."""
    return signed + tlv.integer(0x84, token)


def sign(key: EllipticCurvePrivateKey, message: bytes) -> bytes:
    """The signature as plain r‖s, 64 octets."""
    return ecdsa.sign(key, message)


def next_counter(last: int) -> int:
    """The counter of the next package."""
    return last + 1


def package_request(signed: bytes, token: int, key: EllipticCurvePrivateKey, rules: Rules) -> bytes:
    """The whole EuiccPackageRequest, BF51, around an euiccPackageSigned."""
    signature = rules["package-signature"](key, rules["package-signature-input"](signed, token))
    return tlv.build(0xBF51, signed, tlv.build(0x5F37, signature))
