"""The files of a USIM for a device that registers, sends data and seldom anything else (TS 31.102 §4.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.codec import tlv
from harness.profiles.description import Metadata, Subscription
from harness.profiles.files import (
    OWN,
    PUBLIC,
    SUBSCRIPTION,
    USIM_ARR,
    Steps,
    access_rules,
    directory,
    linear,
    transparent,
)
from harness.profiles.numbers import imsi_octets, plmn_octets

AID = bytes.fromhex("A0000000871002FFFFFFFF8903050001")
"""A USIM (TS 101 220 annex E) of no particular operator."""
TEMPLATE = "2.23.143.1.2.4"
OPTIONAL_TEMPLATE = "2.23.143.1.2.5"
_TEMPORARY_FILE_ID = bytes.fromhex("7FD0")
_PINS = bytes.fromhex("01810A")

_SMS, _SMSP, _GID1, _GID2, _SPN, _ALWAYS_SET, _ACL, _HPLMN, _EPS = 10, 12, 17, 18, 19, 33, 35, 43, 85
"""Services of EF.UST by number."""
_E_UTRAN = bytes.fromhex("4000")
_SPN_OCTETS = 16
_NO_LAI = bytes.fromhex("FFFFFF0000")
_NOT_UPDATED = b"\x01"


def usim(metadata: Metadata, subscription: Subscription) -> dict[str, Any]:
    """The fields of PE-USIM but for its header."""
    name = metadata.service_provider.encode("ascii", "replace")[:_SPN_OCTETS]
    type_approval = metadata.profile_class == "test"
    mnc_length = len(subscription.plmn) - 3
    return {
        "templateID": TEMPLATE,
        "adf-usim": directory(USIM_ARR, _PINS, file_id=_TEMPORARY_FILE_ID, aid=AID),
        "ef-imsi": _ef("6F07", SUBSCRIPTION, imsi_octets(subscription.imsi)),
        "ef-arr": access_rules(USIM_ARR),
        "ef-keys": _ef("6F08", OWN, b"\x07" + b"\xff" * 32),
        "ef-keysPS": _ef("6F09", OWN, b"\x07" + b"\xff" * 32),
        "ef-hpplmn": _ef("6F31", SUBSCRIPTION, b"\x0a"),
        "ef-ust": _ef("6F38", SUBSCRIPTION, service_table(_services(metadata, subscription))),
        "ef-sms": linear("6F3C", USIM_ARR, OWN, [b"\x00"] * 2, length=176),
        "ef-smsp": linear("6F42", USIM_ARR, OWN, [b""], length=40),
        "ef-smss": _ef("6F43", OWN, b"\xff\xff"),
        "ef-spn": _ef("6F46", PUBLIC, b"\x01" + name.ljust(_SPN_OCTETS, b"\xff")),
        "ef-est": _ef("6F56", SUBSCRIPTION, b"\x00"),
        "ef-start-hfn": _ef("6F5B", OWN, bytes.fromhex("F00000F00000")),
        "ef-threshold": _ef("6F5C", SUBSCRIPTION, b"\xff" * 3),
        "ef-psloci": _ef("6F73", OWN, b"\xff" * 7 + _NO_LAI + b"\xff" + _NOT_UPDATED),
        "ef-acc": _ef("6F78", SUBSCRIPTION, (1 << int(subscription.imsi[-1])).to_bytes(2, "big")),
        "ef-fplmn": _ef("6F7B", OWN, b"\xff" * 12),
        "ef-loci": _ef("6F7E", OWN, b"\xff" * 4 + _NO_LAI + b"\xff" + _NOT_UPDATED),
        "ef-ad": _ef("6FAD", PUBLIC, bytes([0x80 if type_approval else 0x00, 0, 0, mnc_length])),
        "ef-ecc": linear("6FB7", USIM_ARR, PUBLIC, [bytes.fromhex("11F2FFFF00"), bytes.fromhex("19F1FFFF00")]),
        "ef-epsloci": _ef("6FE3", OWN, b"\xff" * 12 + _NO_LAI + _NOT_UPDATED),
        "ef-epsnsc": linear("6FE4", USIM_ARR, OWN, [b""], length=54),
    }


def optional_usim(metadata: Metadata, subscription: Subscription) -> dict[str, Any]:
    """The fields of PE-OPT-USIM but for its header."""
    owner = metadata.owner
    fields: dict[str, Any] = {
        "templateID": OPTIONAL_TEMPLATE,
        "ef-hplmnwact": _ef("6F62", SUBSCRIPTION, plmn_octets(subscription.plmn) + _E_UTRAN),
    }
    if owner and owner.gid1:
        fields["ef-gid1"] = _ef("6F3E", SUBSCRIPTION, owner.gid1)
    if owner and owner.gid2:
        fields["ef-gid2"] = _ef("6F3F", SUBSCRIPTION, owner.gid2)
    if subscription.apn:
        fields["ef-acl"] = _ef("6F57", SUBSCRIPTION, b"\x01" + tlv.build(0xDD, apn_octets(subscription.apn)))
    return fields


def service_table(services: Iterable[int]) -> bytes:
    """EF.UST: service n is bit (n - 1) of the row of octets, the lowest bit of an octet first."""
    wanted = set(services)
    table = bytearray((max(wanted) + 7) // 8)
    for number in wanted:
        table[(number - 1) // 8] |= 1 << (number - 1) % 8
    return bytes(table)


def apn_octets(apn: str) -> bytes:
    """An access point name as labels with their lengths (TS 23.003 §9.1)."""
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in apn.split("."))


def _services(metadata: Metadata, subscription: Subscription) -> set[int]:
    owner = metadata.owner
    services = {_SMS, _SMSP, _SPN, _ALWAYS_SET, _HPLMN, _EPS}
    services |= {_GID1} if owner and owner.gid1 else set()
    services |= {_GID2} if owner and owner.gid2 else set()
    return services | ({_ACL} if subscription.apn else set())


def _ef(file_id: str, rule: int, contents: bytes) -> Steps:
    return transparent(file_id, USIM_ARR, rule, contents)
