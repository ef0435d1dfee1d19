"""LoadBoundProfilePackage (SGP.22 §5.7.6, ES8+ §5.5): from secure channel to Profile Installation Result.

Rules of this room:
- Everything stays in the session until the last octet was right. Then profile, result and notifications are committed in
  one step; a reset before leaves nothing.
- The first fault ends the installation at once with a signed result that names the command and the reason.
"""

from __future__ import annotations

from harness.codec import DecodeError
from harness.crypto.scp03t import MAC, Scp03tError, Scp03tReceiver
from harness.simulators.euicc import apdu, bpp
from harness.simulators.euicc.apdu import Refused
from harness.simulators.euicc.bpp import Part
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.download import Installation
from harness.simulators.euicc.elements import INVALID_REQUEST_FORMAT, NOT_ENOUGH_MEMORY, ElementRefused, response
from harness.simulators.euicc.es10 import es8
from harness.simulators.euicc.es10.installation_result import failure, success
from harness.simulators.euicc.es10.loading import (
    DATA_MISMATCH,
    INCORRECT_INPUT,
    INSUFFICIENT_MEMORY,
    INVALID_NAA_KEY,
    PE_PROCESSING_ERROR,
    SECURITY_ERROR,
    STRUCTURE_ERROR,
    Failed,
)
from harness.simulators.euicc.state import CardState


def is_part(octets: bytes) -> bool:
    """Whether a command belongs to this function."""
    return bpp.is_part(octets)


def load_bound_profile_package(device: Device, chain: bytes) -> Answer:
    """One STORE DATA chain of a package. Empty until the last one, or until the first fault."""
    session = device.session
    if chain[:2] == b"\xbf\x36":
        if session.download is None or session.download.prepared is None:
            raise Refused(apdu.CONDITIONS_NOT_SATISFIED)
        session.installation = Installation(session.download)
    installation = session.installation
    if installation is None:
        raise Refused(apdu.CONDITIONS_NOT_SATISFIED)
    try:
        _take(device, installation, chain)
    except Failed as fault:
        return failure(device, installation, fault)
    if installation.cutter.is_complete:
        return success(device, installation)
    return Answer(b"", device.rules["installation-progress"](device.state, installation))


def nothing_kept(_state: CardState, _installation: Installation) -> CardState | None:
    """What the card keeps of a package that is not complete: nothing."""
    return None


def _take(device: Device, installation: Installation, chain: bytes) -> None:
    try:
        for part in installation.cutter.cut(chain):
            _take_part(device, installation, part)
    except DecodeError:
        raise Failed(INCORRECT_INPUT) from None
    if installation.cutter.is_complete and not installation.elements.is_complete:
        raise Failed(PE_PROCESSING_ERROR, response(INVALID_REQUEST_FORMAT))


def _take_part(device: Device, installation: Installation, part: Part) -> None:
    if part.container == bpp.SECURE_CHANNEL:
        installation.receiver = es8.initialise_secure_channel(device, installation.download, part.segment)
    elif not part.segment:
        _FINISHED[part.container](device, installation)
        installation.plaintext = b""
    else:
        plaintext = _opened(device, installation, part.segment)
        if part.container == 0xA3:
            _take_elements(device, installation, plaintext)
        else:
            installation.plaintext += plaintext


def _opened(device: Device, installation: Installation, segment: bytes) -> bytes:
    if installation.receiver is None:
        raise Failed(STRUCTURE_ERROR)
    try:
        return device.rules["segment-opened"](installation.receiver, segment)  # type: ignore[no-any-return]
    except Scp03tError as fault:
        raise Failed(SECURITY_ERROR if fault.reason == MAC else STRUCTURE_ERROR) from None


def segment_opened(receiver: Scp03tReceiver, segment: bytes) -> bytes:
    """What a segment carries, once its MAC continues the chain. Raises Scp03tError."""
    return receiver.unprotect(segment)


def _take_elements(device: Device, installation: Installation, octets: bytes) -> None:
    elements = installation.elements
    try:
        for element in elements.feed(octets):
            device.rules["profile-element"](elements.taken, element)
            if not device.rules["metadata-matches"](installation.metadata, element):
                raise Failed(DATA_MISMATCH)
            if not device.rules["test-key-allowed"](installation.metadata, element):
                raise Failed(INVALID_NAA_KEY)
    except ElementRefused as refused:
        raise Failed(PE_PROCESSING_ERROR, refused.response) from None
    if not device.rules["memory-suffices"](device.config, device.state, installation):
        raise Failed(INSUFFICIENT_MEMORY, response(NOT_ENOUGH_MEMORY))


def _finish_elements(_device: Device, _installation: Installation) -> None:
    """Nothing: whether the elements are complete shows when the package is."""


_FINISHED = {0xA0: es8.configure_isdp, 0xA1: es8.store_metadata, 0xA2: es8.replace_session_keys, 0xA3: _finish_elements}
