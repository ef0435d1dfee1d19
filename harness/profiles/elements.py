"""The profile elements of a described profile, in the order a card installs them.

What is written follows the GSMA TS.48 packages in structure (identifiers of templates, applications and keys) and
TS 31.102 / TS 102 221 in contents.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.codec import tlv
from harness.codec.digits import packed, swapped
from harness.profiles import usim
from harness.profiles.description import ProfileDescription, Subscription
from harness.profiles.files import MF_ARR, OPEN, PUBLIC, access_rules, directory, linear, transparent
from harness.profiles.numbers import ICCID_OCTETS
from harness.profiles.security_domain import ISSUER_TAR, toolkit_parameters

VERSION = (2, 3)
"""The version of the interoperable profile package format that the packages keep to: what eUICCs in the field take."""

MF_TEMPLATE = "2.23.143.1.2.1"
_HEADERS = {
    "mf": "mf-header",
    "pukCodes": "puk-Header",
    "pinCodes": "pin-Header",
    "usim": "usim-header",
    "opt-usim": "optusim-header",
    "akaParameter": "aka-header",
    "securityDomain": "sd-Header",
    "rfm": "rfm-header",
    "end": "end-header",
}
"""What each element calls its PEHeader."""

_APPL1, _APPL2, _ADM1 = 1, 129, 10
_PIN_DISABLED, _PIN_ENABLED = 6, 3
"""Attributes: bit 1 enabled, bit 2 may be changed, bit 3 may be disabled. A device without a keypad needs PIN1 disabled."""
_NEVER_BLOCKS = 0xAA
_PIN_OCTETS = 8

_ALGORITHM = {"milenage": (1, b"\x01"), "usim-test-algorithm": (3, b"\x02")}
"""Algorithm number and options octet."""

_SD_PACKAGE = bytes.fromhex("A0000001515350")
_SD_CLASS = bytes.fromhex("A000000151535041")
_SD_INSTANCE = bytes.fromhex("A000000151000000")
_SD_PRIVILEGES = bytes.fromhex("82DC00")
_SD_PERSONALISED = b"\x0f"
_SD_PARAMETERS = bytes.fromhex("810280008201F08301F08701F0")
"""Install parameters: secured packets (SCP80), and who may be extradited to and from it."""
_SD_TARS = (bytes.fromhex("B20100"), ISSUER_TAR)
"""Where the TS.48 packages have their security domain listen for secured packets."""
_SD_SECURITY = 0x16
"""Minimum security level: a cryptographic checksum, enciphered, a counter that goes up."""
_AES = b"\x88"
_RFM_AID = bytes.fromhex("A00000055910100002")
_RFM_SECURITY = b"\x06"
"""Minimum security level: a cryptographic checksum, enciphered."""
_FULL_ACCESS = b"\x00"


def elements(description: ProfileDescription, subscription: Subscription) -> Iterator[tuple[str, dict[str, Any]]]:
    """The profile elements as (name, value), header first, end last, numbered from 1."""
    body = list(_body(description, subscription))
    yield "header", _header(description, subscription, tuple(value.get("templateID", "") for _, value in body))
    for number, (name, value) in enumerate(body, start=1):
        yield name, {_HEADERS[name]: {"mandated": None, "identification": number}, **value}


def _header(description: ProfileDescription, subscription: Subscription, templates: tuple[str, ...]) -> dict[str, Any]:
    return {
        "major-version": VERSION[0],
        "minor-version": VERSION[1],
        "profileType": description.metadata.profile_name or description.name,
        "iccid": packed(description.iccid, ICCID_OCTETS),
        "eUICC-Mandatory-services": {"usim": None, subscription.authentication.algorithm: None},
        "eUICC-Mandatory-GFSTEList": [template for template in templates if template],
    }


def _body(description: ProfileDescription, subscription: Subscription) -> Iterator[tuple[str, dict[str, Any]]]:
    codes, metadata = subscription.codes, description.metadata
    yield "mf", _mf(description.iccid)
    yield "pukCodes", {"pukCodes": [_puk(_APPL1, codes.puk1), _puk(_APPL2, codes.puk2)]}
    yield "pinCodes", _pins(_pin(_APPL1, codes.pin1, _PIN_DISABLED), _administrator(codes.adm1))
    yield "usim", usim.usim(metadata, subscription)
    yield "opt-usim", usim.optional_usim(metadata, subscription)
    yield "pinCodes", _pins(_pin(_APPL2, codes.pin2, _PIN_ENABLED))
    yield "akaParameter", _aka(subscription)
    yield "securityDomain", _security_domain(subscription)
    if subscription.rfm_tar:
        yield "rfm", _rfm(subscription.rfm_tar)
    yield "end", {}


def _mf(iccid: str) -> dict[str, Any]:
    application = tlv.build(0x61, tlv.build(0x4F, usim.AID), tlv.build(0x50, b"USIM"))
    return {
        "templateID": MF_TEMPLATE,
        "mf": directory(MF_ARR, bytes([_APPL1, _ADM1])),
        "ef-pl": transparent("2F05", MF_ARR, OPEN, b"en"),
        "ef-iccid": transparent("2FE2", MF_ARR, PUBLIC, swapped(iccid, ICCID_OCTETS)),
        "ef-dir": linear("2F00", MF_ARR, PUBLIC, [application, b""]),
        "ef-arr": access_rules(MF_ARR),
        "ef-umpc": transparent("2F08", MF_ARR, PUBLIC, bytes.fromhex("3C3C000000")),
    }


def _puk(reference: int, code: str) -> dict[str, Any]:
    return {"keyReference": reference, "pukValue": code.encode("ascii")}


def _pin(reference: int, code: str, attributes: int) -> dict[str, Any]:
    value = code.encode("ascii").ljust(_PIN_OCTETS, b"\xff")
    return {
        "keyReference": reference,
        "pinValue": value,
        "unblockingPINReference": reference,
        "pinAttributes": attributes,
    }


def _administrator(code: str) -> dict[str, Any]:
    value = code.encode("ascii").ljust(_PIN_OCTETS, b"\xff")
    return {
        "keyReference": _ADM1,
        "pinValue": value,
        "pinAttributes": _PIN_ENABLED,
        "maxNumOfAttemps-retryNumLeft": _NEVER_BLOCKS,
    }


def _pins(*pins: dict[str, Any]) -> dict[str, Any]:
    return {"pinCodes": ("pinconfig", list(pins))}


def _aka(subscription: Subscription) -> dict[str, Any]:
    secret = subscription.authentication
    number, options = _ALGORITHM[secret.algorithm]
    parameter = {"algorithmID": number, "algorithmOptions": options, "key": secret.key, "opc": secret.opc}
    return {"algoConfiguration": ("algoParameter", parameter)}


def _security_domain(subscription: Subscription) -> dict[str, Any]:
    keys = subscription.ota
    usages = (b"\x18", keys.encryption), (b"\x14", keys.authentication), (b"\x48", keys.key_encryption)
    return {
        "instance": {
            "applicationLoadPackageAID": _SD_PACKAGE,
            "classAID": _SD_CLASS,
            "instanceAID": _SD_INSTANCE,
            "applicationPrivileges": _SD_PRIVILEGES,
            "lifeCycleState": _SD_PERSONALISED,
            "applicationSpecificParametersC9": _SD_PARAMETERS,
            "applicationParameters": {
                "uiccToolkitApplicationSpecificParametersField": toolkit_parameters(_SD_TARS, _SD_SECURITY)
            },
        },
        "keyList": [
            {
                "keyUsageQualifier": usage,
                "keyIdentifier": bytes([number]),
                "keyVersionNumber": bytes([keys.version]),
                "keyComponents": [{"keyType": _AES, "keyData": key}],
            }
            for number, (usage, key) in enumerate(usages, start=1)
        ],
    }


def _rfm(tar: bytes) -> dict[str, Any]:
    return {
        "instanceAID": _RFM_AID,
        "tarList": [tar],
        "minimumSecurityLevel": _RFM_SECURITY,
        "uiccAccessDomain": _FULL_ACCESS,
        "uiccAdminAccessDomain": _FULL_ACCESS,
        "adfRFMAccess": {
            "adfAID": usim.AID,
            "adfAccessDomain": _FULL_ACCESS,
            "adfAdminAccessDomain": _FULL_ACCESS,
        },
    }
