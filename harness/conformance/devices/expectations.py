"""What the standard makes a card do with the profiles and eIMs that the harness gave it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.codec.asn1 import has_bit
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.profiles.package import ProfilePackage
from harness.roles.es10.notifications import NotificationMetadata
from harness.roles.es10.status import StatusWordFault

NotificationKey = tuple[str, int, str]
"""ICCID in hexadecimal, event bit (0 install, 1 enable, 2 disable, 3 delete), receiver address."""


UNDEFINED_ERROR = 127
_SINCE_1_2 = {
    "enableResult": (3, 5, 20),
    "disableResult": (3, 5),
    "deleteResult": (3, 20, 21),
    "addEimResult": (2,),
    "addInitialEimError": (7,),
}
"""Result codes that v1.0.1 does not have; a card of it has undefinedError for the condition."""
_LACKING: Mapping[str, Mapping[str, tuple[int, ...]]] = {"1.0.1": _SINCE_1_2}


def code_for(euicc: EuiccUnderTest, result: str, code: int) -> int:
    """What a card of its version calls a condition that v1.2 calls `code` in this result."""
    lacking = _LACKING.get(euicc.dialect.schema, {}).get(result, ())
    return UNDEFINED_ERROR if code in lacking else code


def asked_for(profile: ProfilePackage, event: int) -> set[NotificationKey]:
    """The notifications that a profile's metadata asks for at this event (SGP.22 §3.5)."""
    return {
        (profile.iccid.hex(), event, receiver["notificationAddress"])
        for receiver in profile.metadata.get("notificationConfigurationInfo", ())
        if has_bit(receiver["profileManagementOperation"], event)
    }


def notification_keys(entries: Iterable[NotificationMetadata]) -> set[NotificationKey]:
    """The same three facts of notifications that a card lists."""
    return {((entry.iccid or b"").hex(), event, entry.address) for entry in entries for event in sorted(entry.events)}


def imsi_of(profile: ProfilePackage) -> str:
    """The IMSI that a module shows once this profile is enabled. Raises LookupError for a package taken as it came."""
    if profile.description is None or profile.description.subscription is None:
        raise LookupError(f"the IMSI of {profile.name} is not known: its package was made by somebody else")
    return profile.description.subscription.imsi


def refusal(euicc: EuiccUnderTest, package: bytes) -> str:
    """How the card refused a package without executing or signing anything; empty where it did not refuse."""
    try:
        answer = euicc.load_package(package)
    except StatusWordFault as fault:
        return f"status word {fault.sw:04X}"
    return "error unsigned" if answer.kind == "error-unsigned" else ""
