"""Packages that an eIM brings by itself: ESipa.TransferEimPackage (SGP.32 v1.2 §3.1.1.2).

Rules of this room:
- What can be answered at once is. A package that changes profiles would take the way away on which its answer leaves, and
  a download takes long: these are taken, answered with eimPackageReceived, and done at the next wake.
- An IPA that does not declare ipaInjectHttps, and an eIM whose configuration does not allow it, get an error.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.codec import tlv
from harness.errors import DeviceFault
from harness.roles.es10.eims import EimConfiguration
from harness.roles.ipa import data, messages
from harness.roles.ipa.activation import INVALID_PACKAGE_FORMAT, UNKNOWN_PACKAGE
from harness.roles.ipa.delivering import Correspondence, acknowledged
from harness.roles.ipa.reading import BadReply, one
from harness.roles.ipa.triggering import TRIGGER
from harness.roles.ipa.visit import DATA_REQUEST, PACKAGE

ACKNOWLEDGEMENTS = 0xBF53
UNDEFINED_ERROR = 127
_SWITCHES = (0xA3, 0xA4)
"""enable and disable."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What became of one TransferEimPackage."""

    answer: bytes
    """The TransferEimPackageResponse."""
    later: tlv.Tlv | None = None
    """The package that is still to be done."""


RECEIVED = Transfer(tlv.build(messages.TRANSFER, tlv.build(0x05)))


def error(code: int) -> Transfer:
    """An eimPackageError."""
    return Transfer(tlv.build(messages.TRANSFER, tlv.integer(0x02, code)))


def package_in(message: bytes) -> tlv.Tlv | None:
    """The eIM package inside a TransferEimPackageRequest; None where there is not exactly one."""
    try:
        outer = one(message, messages.TRANSFER, "TransferEimPackage")
    except BadReply:
        return None
    return outer.children[0] if len(outer.children) == 1 else None


def eim_named(package: tlv.Tlv, eims: list[EimConfiguration]) -> EimConfiguration | None:
    """Whose package this is: the eIM that it names, else the only one that may inject at all."""
    name = package.find(0x30, 0x80) if package.tag == PACKAGE else None
    if name is None:
        return eims[0] if eims else None
    return next((eim for eim in eims if eim.eim_id.encode() == name.value), None)


def take(package: tlv.Tlv, correspondence: Correspondence) -> Transfer:
    """Does what can be done at once. Raises nothing of ours."""
    try:
        return _take(package, correspondence)
    except DeviceFault:
        return error(UNDEFINED_ERROR)


def _take(package: tlv.Tlv, correspondence: Correspondence) -> Transfer:
    device = correspondence.device
    if package.tag == PACKAGE:
        if _switches(package):
            return Transfer(RECEIVED.answer, package)
        answer = device.card.load_package(package.raw)
        return Transfer(tlv.build(messages.TRANSFER, device.rules["package-result"](answer.raw)))
    if package.tag == DATA_REQUEST:
        gathered = data.answer(data.Gathering(device, correspondence.eim, package))
        return Transfer(tlv.build(messages.TRANSFER, gathered.message))
    if package.tag == ACKNOWLEDGEMENTS:
        numbers = device.rules["injected-acknowledgements"](acknowledged(package))
        correspondence.remove(frozenset(numbers), numbers)
        return RECEIVED
    if package.tag == TRIGGER:
        return Transfer(RECEIVED.answer, package)
    return error(UNKNOWN_PACKAGE)


def _switches(package: tlv.Tlv) -> bool:
    commands = package.find(0x30, 0xA0)
    return commands is not None and any(command.tag in _SWITCHES for command in commands.children)


MALFORMED = error(INVALID_PACKAGE_FORMAT)
