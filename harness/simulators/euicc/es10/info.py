"""What the card can do: EUICCInfo1 and EUICCInfo2 (SGP.22 §5.7.8, SGP.32 v1.2 §5.9.2), the Rules Authorisation Table."""

from __future__ import annotations

from typing import Any

from harness.codec import decode, encode, named_bits, tlv
from harness.codec.tlv import Tlv
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.services import SERVICES
from harness.simulators.euicc.state import CardState
from harness.simulators.euicc.versions import version_of

SVN = bytes.fromhex("020500")
"""The SGP.22 version of this card: 2.5.0."""
PROFILE_VERSION = bytes.fromhex("020301")
MORE_PROFILE_VERSIONS = (bytes.fromhex("030301"),)
IPAD, IPAE = 0, 1

_ADDITIONAL_PROFILE, _TEST_PROFILE, _DEVICE_INFO_EXTENSIBILITY, _SERVICE_SPECIFIC_DATA = 0, 3, 4, 5
_RSP_CAPABILITY = (_ADDITIONAL_PROFILE, _TEST_PROFILE, _DEVICE_INFO_EXTENSIBILITY, _SERVICE_SPECIFIC_DATA)
_POLICY_RULES = (1, 2)
"""Bits of PprIds: PPR1 and PPR2."""
_VOLATILE_MEMORY = 0x4000


def get_euicc_info1(device: Device, request: Tlv) -> Answer:
    """BF20: version and CI lists."""
    decode("GetEuiccInfo1Request", request.raw)
    return Answer(encode("EUICCInfo1", device.rules["euicc-info1"](device)))


def get_euicc_info2(device: Device, request: Tlv) -> Answer:
    """BF22: everything about the card, with the mandatory IoT fields."""
    decode("GetEuiccInfo2Request", request.raw)
    return Answer(device.rules["euicc-info2"](device))


def euicc_info1(device: Device) -> dict[str, Any]:
    """The value of EUICCInfo1: its lists are those of EUICCInfo2."""
    keys = [identity.ci_key_id for identity in device.identities]
    return {"svn": SVN, "euiccCiPKIdListForVerification": keys, "euiccCiPKIdListForSigning": keys}


def euicc_info2(device: Device) -> bytes:
    """EUICCInfo2 as TLV: the same octets that AuthenticateServer signs."""
    return encode("EUICCInfo2", device.rules["euicc-info2-fields"](device), version=device.config.version)


def euicc_info2_fields(device: Device) -> dict[str, Any]:
    """The value of EUICCInfo2."""
    keys = [identity.ci_key_id for identity in device.identities]
    forbidden = device.rules["forbidden-rules"](device.config)
    return {
        "profileVersion": PROFILE_VERSION,
        "svn": SVN,
        "euiccFirmwareVer": bytes.fromhex("010000"),
        "extCardResource": _card_resource(device),
        "uiccCapability": named_bits(SERVICES.values()),
        "ts102241Version": bytes.fromhex("0F0000"),
        "globalplatformVersion": bytes.fromhex("020300"),
        "rspCapability": named_bits(_RSP_CAPABILITY),
        "euiccCiPKIdListForVerification": keys,
        "euiccCiPKIdListForSigning": keys,
        **({"forbiddenProfilePolicyRules": named_bits(forbidden)} if forbidden else {}),
        "ppVersion": bytes.fromhex("010000"),
        "sasAcreditationNumber": "SIMULATED-0000",
        "additionalEuiccProfilePackageVersions": list(MORE_PROFILE_VERSIONS),
        "ipaMode": device.rules["ipa-mode"](device),
        "iotSpecificInfo": _iot_info(device.config),
        **version_of(device.config).info_fields,
    }


def ipa_mode(device: Device) -> int:
    """ipad(0): an IPA in the eUICC does not become active as long as the terminal declares its own."""
    terminal_has_ipad = device.rules["terminal-has-ipad"](device)
    return IPAE if device.config.ipae_supported and not terminal_has_ipad else IPAD


def get_rat(device: Device, request: Tlv) -> Answer:
    """BF43: the Rules Authorisation Table (SGP.22 §5.7.22)."""
    decode("GetRatRequest", request.raw)
    return Answer(encode("GetRatResponse", {"rat": device.rules["authorisation-table"](device.config)}))


def authorisation_table(config: CardConfig) -> list[dict[str, Any]]:
    """The value of RulesAuthorisationTable."""
    return [
        {
            "pprIds": named_bits(rule.rules),
            "allowedOperators": [{"mccMnc": rule.mcc_mnc}],
            "pprFlags": named_bits([0] if rule.consent_required else []),
        }
        for rule in config.authorisation
    ]


def forbidden_rules(config: CardConfig) -> tuple[int, ...]:
    """The policy rules that no row of the Rules Authorisation Table gives to anybody, as bit numbers."""
    given = {bit for row in config.authorisation for bit in row.rules}
    return tuple(bit for bit in _POLICY_RULES if bit not in given)


def free_memory(config: CardConfig, state: CardState) -> int:
    """Octets that no profile takes."""
    return max(0, config.memory_size - state.used_memory)


def _card_resource(device: Device) -> bytes:
    """ExtCardResource (TS 102 226 §8.2.1.7.2): applications, free non-volatile and volatile memory."""
    free = device.rules["free-memory"](device.config, device.state)
    return b"".join(
        [
            tlv.build(0x81, bytes([len(device.state.profiles) & 0xFF])),
            tlv.build(0x82, free.to_bytes(4, "big")),
            tlv.build(0x83, _VOLATILE_MEMORY.to_bytes(4, "big")),
        ]
    )


def _iot_info(config: CardConfig) -> dict[str, Any]:
    version = bytes(int(part) for part in (*config.version.split("."), "0", "0")[:3])
    value: dict[str, Any] = {"iotVersion": [version], **version_of(config).iot_fields}
    if not config.fallback_allowed_update_supported:
        value.pop("fallbackAllowedUpdateSupported", None)
    if config.ecall_supported:
        value["ecallSupported"] = None
    if config.fallback_supported:
        value["fallbackSupported"] = None
    return value
