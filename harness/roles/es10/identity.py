"""What an eUICC says of itself: EID, information, challenge, addresses, certificates."""

from __future__ import annotations

from dataclasses import dataclass

from harness.codec import tlv
from harness.roles.es10.reading import bits, certificate_der, decoded, inside, parsed, part

_CARD_RESOURCE, _FREE_MEMORY = 0x84, 0x82


@dataclass(frozen=True, slots=True)
class EuiccInfo1:
    """ES10b.GetEUICCInfo, BF20 (SGP.22 §5.7.8)."""

    raw: bytes
    svn: tuple[int, int, int]
    ci_ids_for_verification: tuple[bytes, ...]
    ci_ids_for_signing: tuple[bytes, ...]

    @classmethod
    def of(cls, raw: bytes) -> EuiccInfo1:
        value = decoded("EUICCInfo1", raw)
        return cls(
            raw,
            _version(value["svn"]),
            tuple(value["euiccCiPKIdListForVerification"]),
            tuple(value["euiccCiPKIdListForSigning"]),
        )


@dataclass(frozen=True, slots=True)
class EuiccInfo2:
    """ES10b.GetEUICCInfo, BF22 with the fields of SGP.32 v1.2 §5.9.2."""

    raw: bytes
    profile_version: tuple[int, int, int]
    svn: tuple[int, int, int]
    firmware_version: tuple[int, int, int]
    ext_card_resource: bytes
    uicc_capability: tuple[bytes, int]
    """The BIT STRING as received: octets and count of bits."""
    rsp_capability: tuple[bytes, int]
    ci_ids_for_verification: tuple[bytes, ...]
    ci_ids_for_signing: tuple[bytes, ...]
    forbidden_profile_policy_rules: frozenset[int]
    sas_accreditation_number: str
    ipa_mode: int | None
    """0 IPAd, 1 IPAe; None where the field is missing."""
    iot_versions: tuple[tuple[int, int, int], ...] | None
    """None where iotSpecificInfo is missing."""
    ecall_supported: bool
    fallback_supported: bool
    fallback_allowed_update_supported: bool
    """Of v1.3: the operator may change fallbackAllowed over the air."""

    @property
    def free_memory(self) -> int:
        """Octets of free non-volatile memory (TS 102 226 §8.2.1.7.2). Raises DecodeError where the card does not tell."""
        resource = tlv.parse(tlv.build(_CARD_RESOURCE, self.ext_card_resource))
        return int.from_bytes(resource.get(_FREE_MEMORY).value, "big")

    @classmethod
    def of(cls, raw: bytes) -> EuiccInfo2:
        value = decoded("EUICCInfo2", raw)
        iot = value.get("iotSpecificInfo")
        return cls(
            raw=raw,
            profile_version=_version(value["profileVersion"]),
            svn=_version(value["svn"]),
            firmware_version=_version(value["euiccFirmwareVer"]),
            ext_card_resource=value["extCardResource"],
            uicc_capability=value["uiccCapability"],
            rsp_capability=value["rspCapability"],
            ci_ids_for_verification=tuple(value["euiccCiPKIdListForVerification"]),
            ci_ids_for_signing=tuple(value["euiccCiPKIdListForSigning"]),
            forbidden_profile_policy_rules=bits(value.get("forbiddenProfilePolicyRules")),
            sas_accreditation_number=value["sasAcreditationNumber"],
            ipa_mode=value.get("ipaMode"),
            iot_versions=None if iot is None else tuple(_version(version) for version in iot["iotVersion"]),
            ecall_supported=iot is not None and "ecallSupported" in iot,
            fallback_supported=iot is not None and "fallbackSupported" in iot,
            fallback_allowed_update_supported=parsed(raw, 0xBF22).find(0xB4, 0x83) is not None,
        )


@dataclass(frozen=True, slots=True)
class ConfiguredAddresses:
    """ES10a.GetEuiccConfiguredAddresses, BF3C (SGP.22 §5.7.3)."""

    raw: bytes
    default_dp_address: str | None
    root_ds_address: str

    @classmethod
    def of(cls, raw: bytes) -> ConfiguredAddresses:
        value = decoded("EuiccConfiguredAddressesResponse", raw)
        return cls(raw, value.get("defaultDpAddress"), value["rootDsAddress"])


@dataclass(frozen=True, slots=True)
class CertsAnswer:
    """ES10b.GetCerts, BF56 (SGP.32 v1.2 §5.9.10)."""

    raw: bytes
    error: int | None
    eum: bytes
    """The EUM certificate's whole DER; empty after an error."""
    euicc: bytes
    """The eUICC certificate's whole DER; empty after an error."""

    @classmethod
    def of(cls, raw: bytes) -> CertsAnswer:
        outer = parsed(raw, 0xBF56)
        choice = inside(outer)
        if len(choice) == 1 and choice[0].tag == 0x81:
            return cls(raw, int.from_bytes(choice[0].value, "big"), b"", b"")
        certs = part(outer, 0xA0)
        return cls(raw, None, certificate_der(part(certs, 0xA5)), certificate_der(part(certs, 0xA6)))


def _version(octets: bytes) -> tuple[int, int, int]:
    major, minor, revision = octets
    return major, minor, revision
