"""What an eIM knows of devices of each SGP.32 version, as one table.

Rules of this room:
- A device has two versions: its eUICC's, which packages and their results are in, and its IPA's, which ESipa is spoken in.
- Commands and results have the names of v1.2 everywhere else; here is what another version calls them.
- A command that a version does not have cannot be encoded for its devices: EncodeError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.codec import encode
from harness.codec.tlv import build

DEFAULT = "1.2"
_DATA = frozenset({0xBF20, 0xBF22, 0x83, 0x84, 0xA5, 0xA6, 0xA8, 0xA9})
"""The fields of IpaEuiccData that have one tag in every version."""


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
    names_transaction_unsigned: bool = True
    """Whether an error that it does not sign names the transaction."""

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
        names_transaction_unsigned=False,
    ),
    "1.2": DeviceVersion("1.2"),
    "1.3": DeviceVersion("1.3"),
}


@dataclass(frozen=True, slots=True)
class EsipaForms:
    """What IPAs of one version write on ESipa and understand, as far as versions differ."""

    version: str
    """The codec's."""
    data: frozenset[int] = _DATA | {0xA0, 0x81, 0xA2, 0x87}
    """The tags of the fields of IpaEuiccData."""
    data_tags: Mapping[int, int] = field(default_factory=dict)
    """What stands in a tag list for a tag of v1.2."""
    names_request: bool = True
    """A data request names its transaction, for the answer to echo it."""
    joint_list: bool = False
    """Notifications and results come in one list, BF2B, to which one search criterion applies."""
    error_is_number: bool = False
    """An error instead of data, and one instead of a result, is a plain INTEGER that names no transaction."""
    poll: Mapping[int, str] = field(default_factory=lambda: {0x81: "stateChangeCause", 0x82: "rPLMN"})
    """The fields of GetEimPackageRequest that moved."""
    names_eid: bool = True
    """ProvideEimPackageResult can say whose result it is."""
    result_as_notification: int = 0xBF50
    """The tag of a ProvideEimPackageResult inside HandleNotification."""
    nothing_acknowledged: bytes = build(0x30)
    """What stands in BF50 where there is nothing to acknowledge."""
    result_errors: bool = True
    """An answer to a result can be an error."""
    download_error_reason: bool = True
    """A download's error has a reason under 80; else the answer of the server stands there."""


ESIPA: Mapping[str, EsipaForms] = {
    "1.0.1": EsipaForms(
        "1.0.1",
        data=_DATA | {0x80, 0xBF2B},
        data_tags={0xA0: 0xBF2B, 0xA2: 0xBF2B, 0x81: 0x80},
        names_request=False,
        joint_list=True,
        error_is_number=True,
        poll={0x81: "rPLMN"},
        names_eid=False,
        result_as_notification=0xA1,
        nothing_acknowledged=b"",
        result_errors=False,
        download_error_reason=False,
    ),
    "1.2": EsipaForms("1.2"),
    "1.3": EsipaForms("1.3"),
}
"""By the version of the IPA."""
