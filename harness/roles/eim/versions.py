"""What an eIM knows of devices of each SGP.32 version, as one table.

Rules of this room:
- Commands and results have the names of v1.2 everywhere else; here is what another version calls them.
- A command that a version does not have cannot be encoded for its devices: EncodeError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.codec import encode

DEFAULT = "1.2"


@dataclass(frozen=True, slots=True)
class DeviceVersion:
    """One version, as far as an eIM has to know it."""

    schema: str
    """The codec's version."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What it calls commands of v1.2 and their fields."""
    result_names: Mapping[str, str] = field(default_factory=dict)
    """What v1.2 calls its results."""
    signs_eim_signature: bool = False
    """A result may be signed with the eimSignature of its package behind the data, in place of the association token."""

    def command(self, kind: str, name: str, value: Any) -> bytes:
        """One Psmo or Eco (`kind`) as this version has it; fields of configuration data that it lacks are left out."""
        own = {self.names.get(key, key): inner for key, inner in value.items()} if isinstance(value, dict) else value
        return encode(kind, (self.names.get(name, name), own), version=self.schema)


VERSIONS: Mapping[str, DeviceVersion] = {
    "1.0.1": DeviceVersion(
        "1.0.1",
        names={
            "configureImmediateEnable": "configureAutoEnable",
            "immediateEnableFlag": "autoEnableFlag",
            "defaultSmdpOid": "smdpOid",
            "defaultSmdpAddress": "smdpAddress",
        },
        result_names={"configureAutoEnableResult": "configureImmediateEnableResult"},
        signs_eim_signature=True,
    ),
    "1.2": DeviceVersion("1.2"),
    "1.3": DeviceVersion("1.3"),
}
