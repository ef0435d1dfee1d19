"""What an IPA answers to data requests: IpaEuiccData (SGP.32 v1.2 §2.11.1.2).

Rules of this room:
- The answer is read field by field: one field that cannot be read costs that field, and a finding, not the answer.
- Certificates, notifications and results are kept as the octets that were received.
- Fields have the names of v1.2. One under the tag of another version than the IPA's is read, and told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.codec import DecodeError, decode
from harness.codec.asn1 import has_bit
from harness.codec.tlv import Tlv, build
from harness.roles.eim import reading
from harness.roles.eim.v10_lists import rows_of
from harness.roles.eim.versions import DEFAULT, ESIPA

IPA_FEATURES = (
    "directRspServerCommunication",
    "indirectRspServerCommunication",
    "eimDownloadDataHandling",
    "eimCtxParams1Generation",
    "eimProfileMetadataVerification",
    "minimizeEsipaBytes",
)
IPA_PROTOCOLS = ("ipaRetrieveHttps", "ipaRetrieveCoaps", "ipaInjectHttps", "ipaInjectCoaps", "ipaProprietary")


@dataclass(frozen=True, slots=True)
class IpaEuiccData:
    """What an IPA told about itself and its eUICC. `fields` are named and shaped as the codec names and shapes them."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    euicc_info1: bytes | None = None
    """BF20 as received."""
    euicc_info2: bytes | None = None
    """BF22 as received, for compact forms that leave it out."""
    device_info: bytes | None = None
    """The contents of A9 as received, for ctxParams1."""
    notifications: tuple[Tlv, ...] = ()
    results: tuple[Tlv, ...] = ()
    """The BF51 of each stored result."""
    findings: tuple[str, ...] = ()

    @property
    def transaction_id(self) -> bytes | None:
        value = self.fields.get("eimTransactionId")
        return value if isinstance(value, bytes) else None

    @property
    def features(self) -> frozenset[str]:
        """The IPA's features by name; empty where it did not tell."""
        return frozenset(self.fields.get("ipaCapabilities", {}).get("features", ()))


def read_data(body: Tlv, version: str = DEFAULT) -> IpaEuiccData:
    """The fields inside `body` (A0, or BF52 where the A0 is missing), from an IPA of this version.

    Raises DecodeError where it is no row of TLVs.
    """
    own = ESIPA[version].data
    fields: dict[str, Any] = {}
    findings: list[str] = []
    for item in body.children:
        entry = _FIELDS.get(item.tag)
        if entry is None:
            continue  # an extension: v1.3 and vendors add fields
        name, read = entry
        try:
            value, fault = read(item)
        except DecodeError as error:
            findings.append(f"{name} cannot be read: {error}")
            continue
        fields[name] = value
        if fault:
            findings.append(f"{name} {fault}")
        if item.tag not in own:
            findings.append(f"{name} carries the tag of v{_version_with(item.tag)}, {item.tag:X}")
    v10_list = body.find(0xBF2B)
    if v10_list is not None and "notificationsList" in fields:
        fields.setdefault("euiccPackageResultList", rows_of(v10_list)[1])
    info1, info2 = body.find(0xBF20), body.find(0xBF22)
    return IpaEuiccData(
        fields,
        euicc_info1=info1.raw if info1 and "euiccInfo1" in fields else None,
        euicc_info2=info2.raw if info2 else None,
        device_info=reading.octets(body, 0xA9) if "deviceInfo" in fields else None,
        notifications=fields.get("notificationsList", ()),
        results=fields.get("euiccPackageResultList", ()),
        findings=tuple(findings),
    )


def _version_with(tag: int) -> str:
    return next(version for version, forms in ESIPA.items() if tag in forms.data)


Reader = Callable[[Tlv], tuple[Any, str]]


def _text(item: Tlv) -> tuple[str, str]:
    return reading.text(item), ""


def _integer(item: Tlv) -> tuple[int, str]:
    return reading.integer(item), ""


def _octets(item: Tlv) -> tuple[bytes, str]:
    return item.value, ""


def _row(item: Tlv) -> tuple[tuple[Tlv, ...], str]:
    return item.children, ""


def _v10_row(item: Tlv) -> tuple[tuple[Tlv, ...], str]:
    return rows_of(item)[0], ""


def _certificate(item: Tlv) -> tuple[bytes, str]:
    octets, is_implicit = reading.certificate(item)
    return octets, "" if is_implicit else "holds the whole SEQUENCE inside its implicit tag"


def _message(type_name: str) -> Reader:
    return lambda item: (decode(type_name, item.raw), "")


def _sequence(type_name: str) -> Reader:
    """A SEQUENCE whose own tag was replaced by the field's."""

    def read(item: Tlv) -> tuple[Any, str]:
        return decode(type_name, build(0x30, item.value)), ""

    return read


def _capabilities(item: Tlv) -> tuple[dict[str, Any], str]:
    """IpaCapabilities, by names. A BIT STRING written as one octet a bit is understood and told."""
    value: dict[str, Any] = {}
    faults = []
    for tag, key, names in ((0x80, "features", IPA_FEATURES), (0x81, "protocols", IPA_PROTOCOLS)):
        bits = item.find(tag)
        if bits is None:
            continue
        unused, content = bits.value[:1], bits.value[1:]
        if not unused or unused[0] > 7:
            raise DecodeError(f"{key} are no BIT STRING", offset=bits.offset)
        if len(content) > 1 and set(content) <= {0, 1}:
            faults.append(f"writes its {key} as one octet a bit")
            value[key] = tuple(name for name, octet in zip(names, content, strict=False) if octet)
        else:
            bit_string = (content, len(content) * 8 - unused[0])
            value[key] = tuple(name for position, name in enumerate(names) if has_bit(bit_string, position))
    return value, "; ".join(faults)


_FIELDS: Mapping[int, tuple[str, Reader]] = {
    0xA0: ("notificationsList", _row),
    0xBF2B: ("notificationsList", _v10_row),
    0x80: ("defaultSmdpAddress", _text),
    0x81: ("defaultSmdpAddress", _text),
    0xA2: ("euiccPackageResultList", _row),
    0xBF20: ("euiccInfo1", _message("EUICCInfo1")),
    0xBF22: ("euiccInfo2", _message("EUICCInfo2")),
    0x83: ("rootSmdsAddress", _text),
    0x84: ("associationToken", _integer),
    0xA5: ("eumCertificate", _certificate),
    0xA6: ("euiccCertificate", _certificate),
    0x87: ("eimTransactionId", _octets),
    0xA8: ("ipaCapabilities", _capabilities),
    0xA9: ("deviceInfo", _sequence("DeviceInfo")),
}
