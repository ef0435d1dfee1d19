"""What a profile download trigger asks for (SGP.32 v1.2 §3.2.3, SGP.22 §4.1).

Rules of this room:
- An empty trigger is for an IPA that leaves the download data to the eIM (eimDownloadDataHandling), and no other.
- An activation code that cannot be used is answered with invalidPackageFormat, never swallowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.codec import tlv
from harness.errors import HarnessError
from harness.roles.ipa.settings import DOWNLOAD_DATA_HANDLING, IpaSettings

INVALID_PACKAGE_FORMAT, UNKNOWN_PACKAGE = 1, 2

_ADDRESS = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_MATCHING_ID = re.compile(r"[0-9A-Za-z-]*")


class TriggerRefused(HarnessError):
    """The trigger cannot be used. `.code` is an EimPackageResultErrorCode."""

    def __init__(self, message: str, code: int = INVALID_PACKAGE_FORMAT) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class DownloadTarget:
    """Where a profile waits."""

    address: str | None = None
    """The SM-DP+; None where the eIM knows it alone."""
    matching_id: str | None = None
    uses_default_address: bool = False
    """The card's default SM-DP+ address is to be read."""
    contacts_smds: bool = False
    """The address is that of an SM-DS, which knows the SM-DP+; None: the card's root SM-DS."""


def target_of(trigger: tlv.Tlv, settings: IpaSettings) -> DownloadTarget:
    """Reads a ProfileDownloadTriggerRequest. Raises TriggerRefused."""
    wrapper = trigger.find(0xA0)
    if wrapper is None:
        if DOWNLOAD_DATA_HANDLING not in settings.features:
            raise TriggerRefused("an empty trigger, and the eIM does not handle the download data")
        return DownloadTarget()
    if len(wrapper.children) != 1:
        raise TriggerRefused("a trigger with more or less than one alternative")
    [choice] = wrapper.children
    if choice.tag == 0x80:
        return activation_code(choice.value)
    if choice.tag == 0x81:
        return DownloadTarget(uses_default_address=True)
    if choice.tag == 0xA2:
        return DownloadTarget(_smds_address(choice), contacts_smds=True)
    raise TriggerRefused(f"profileDownloadData {choice.tag:X} is not served", UNKNOWN_PACKAGE)


def _smds_address(choice: tlv.Tlv) -> str | None:
    field = choice.find(0x80)
    if field is None:
        return None
    address = field.value.decode("ascii", "replace")
    if not _ADDRESS.fullmatch(address):
        raise TriggerRefused("an SM-DS address with signs that do not belong there")
    return address


def activation_code(octets: bytes) -> DownloadTarget:
    """Reads `1$ADDRESS$MATCHINGID[$OID[$1]]`. Raises TriggerRefused."""
    try:
        fields = octets.decode("ascii").removeprefix("LPA:").split("$")
    except UnicodeDecodeError as error:
        raise TriggerRefused("an activation code that is not ASCII") from error
    if not 3 <= len(fields) <= 5 or fields[0] != "1":
        raise TriggerRefused("an activation code of another format than 1")
    address, matching_id = fields[1], fields[2]
    if not _ADDRESS.fullmatch(address) or not _MATCHING_ID.fullmatch(matching_id):
        raise TriggerRefused("an activation code with signs that do not belong there")
    return DownloadTarget(address, matching_id or None)
