"""Data requests (BF52): what the IPA gathers from the card and tells of itself (SGP.32 v1.2 §2.11.1.2).

Rules of this room:
- The card does not know this message: the IPA assembles it from ES10 answers, whose octets go in unchanged.
- A tag that no data object of IpaEuiccData has refuses the whole request with incorrectTagList; 5A and BF2D are such tags.
- During an emergency call nothing is told: ecallActive.
- A data object that does not exist (no default SM-DP+ address, no association token) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from harness.codec import encode, named_bits, tlv
from harness.errors import HarnessError
from harness.roles.es10 import Es10
from harness.roles.es10.eims import EimConfiguration
from harness.roles.es10.notifications import PendingNotification
from harness.roles.es10.packages import PackageAnswer
from harness.roles.ipa.device import Device
from harness.roles.ipa.reading import optional
from harness.roles.ipa.settings import IpaSettings
from harness.roles.ipa.versions import DataForms
from harness.rules import Rules

INCORRECT_TAG_LIST, CI_KEY_ID_NOT_FOUND, ECALL_ACTIVE, UNDEFINED_ERROR = 1, 5, 104, 127

NOTIFICATIONS, RESULTS = 0xA0, 0xA2
_JOINT_LIST = 0xBF2B
"""Of v1.0.1: notifications, results or both, as the card's own answer has them."""
_STORED_RESULTS = 0x82
"""What a search criterion of v1.0.1 has in place of a second one."""


class DataRefused(HarnessError):
    """The request cannot be served. `.code` is an IpaEuiccDataErrorCode."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ipaEuiccDataErrorCode {code}")
        self.code = code


@dataclass(frozen=True)
class Gathering:
    """One data request while it is served."""

    device: Device
    eim: EimConfiguration
    request: tlv.Tlv

    @property
    def card(self) -> Es10:
        return self.device.card

    @property
    def settings(self) -> IpaSettings:
        return self.device.settings

    @property
    def rules(self) -> Rules:
        return self.device.rules

    @property
    def forms(self) -> DataForms:
        return self.device.forms.data

    def transaction_id(self) -> bytes | None:
        return optional(self.request, 0x83)

    def criterion(self, tag: int) -> tlv.Tlv | None:
        """The only alternative of a search criterion, A1 for notifications and A2 for results."""
        criteria = self.request.find(tag)
        return criteria.children[0] if criteria is not None and criteria.children else None


@dataclass(frozen=True, slots=True)
class DataAnswer:
    """What is sent back, and which of the card's entries it carries."""

    message: bytes
    """The IpaEuiccDataResponse."""
    sequence_numbers: frozenset[int]
    """Notifications and stored results inside, which the eIM may acknowledge."""
    told: frozenset[int] = frozenset()
    """Tags of the data objects inside."""


def answer(gathering: Gathering) -> DataAnswer:
    """Serves one data request. Raises what the card raises."""
    transaction = gathering.rules["echoed-transaction-id"](gathering.transaction_id())
    try:
        return _data(gathering, transaction)
    except DataRefused as refusal:
        return DataAnswer(tlv.build(0xBF52, gathering.forms.error(transaction, refusal.code)), frozenset())


def _data(gathering: Gathering, transaction: bytes | None) -> DataAnswer:
    if gathering.rules["emergency-is-active"](gathering.card):
        raise DataRefused(ECALL_ACTIVE)
    wanted = _tags(optional(gathering.request, 0x5C) or b"")
    code = gathering.rules["tag-list-fault"](wanted, gathering.forms)
    if code is not None:
        raise DataRefused(code)
    told = gathering.rules["data-told"](gathering.forms.asked_for(wanted))
    parts: list[bytes] = []
    numbers: set[int] = set()
    for tag in gathering.forms.order:
        if tag == gathering.forms.echo and transaction is not None:
            parts.append(tlv.build(tag, transaction))
        elif tag in told and tag in GATHERERS:
            part, carried = GATHERERS[tag](gathering)
            parts.append(part)
            numbers |= carried
    return DataAnswer(tlv.build(0xBF52, tlv.build(0xA0, *parts)), frozenset(numbers), told)


def emergency_is_active(card: Es10) -> bool:
    """Whether the card's emergency profile is enabled (SGP.32 v1.2 §5.9.22). Raises what the card raises."""
    return any(info.is_enabled and info.ecall_indication for info in card.get_profiles_info())


def _tags(tag_list: bytes) -> tuple[int, ...]:
    """The tags of a tag list, which are written one behind the other. Raises DataRefused where they cannot be told."""
    tags: list[int] = []
    at = 0
    while at < len(tag_list):
        start, at = at, at + 1
        if tag_list[start] & 0x1F == 0x1F:
            while at < len(tag_list) and tag_list[at] & 0x80:
                at += 1
            at += 1
        if at > len(tag_list) or at - start > 4:
            raise DataRefused(INCORRECT_TAG_LIST)
        tags.append(int.from_bytes(tag_list[start:at], "big"))
    return tuple(tags)


def tag_list_fault(tags: tuple[int, ...], forms: DataForms) -> int | None:
    """The error for a tag list that cannot be served; None for one that can."""
    return None if tags and forms.known.issuperset(tags) else INCORRECT_TAG_LIST


def data_told(tags: frozenset[int]) -> frozenset[int]:
    """Which of the data asked for is told: all of it."""
    return tags


Gathered = tuple[bytes, frozenset[int]]


def _notifications(gathering: Gathering) -> Gathered:
    pending = _pending(gathering, gathering.criterion(0xA1))
    return tlv.build(NOTIFICATIONS, *(entry.raw for entry in pending)), _numbers_of(pending)


def _pending(gathering: Gathering, criterion: tlv.Tlv | None) -> tuple[PendingNotification, ...]:
    seq = event = None
    if criterion is not None and criterion.tag == 0x80:
        seq = int.from_bytes(criterion.value, "big")
    elif criterion is not None:
        event = _first_bit(criterion.value)
    return gathering.card.retrieve_notifications(seq=seq, event=event).pending


def _numbers_of(pending: Iterable[PendingNotification]) -> frozenset[int]:
    return frozenset(entry.metadata.sequence_number for entry in pending)


def _joint_list(gathering: Gathering) -> Gathered:
    criterion = gathering.criterion(0xA1)
    asks_for_results = criterion is not None and criterion.tag == _STORED_RESULTS
    pending = () if asks_for_results else _pending(gathering, criterion)
    wants_results = asks_for_results or criterion is None
    results = gathering.card.retrieve_notifications(results=True).results if wants_results else ()
    notifications = tlv.build(0xA0, *(entry.raw for entry in pending))
    stored = [entry.raw for entry in results]
    if asks_for_results:
        rows = tlv.build(0xA2, *stored)
    else:
        rows = tlv.build(0xA3, notifications, tlv.build(0xA1, *stored)) if stored else notifications
    return tlv.build(_JOINT_LIST, rows), _numbers_of(pending) | _numbers_of_results(results)


def _first_bit(value: bytes) -> int | None:
    return next((bit for bit in range(4) if len(value) > 1 and value[1] & 0x80 >> bit), None)


def _results(gathering: Gathering) -> Gathered:
    criterion = gathering.criterion(0xA2)
    wanted = None if criterion is None else int.from_bytes(criterion.value, "big")
    found = gathering.card.retrieve_notifications(results=True).results
    results = [entry for entry in found if wanted is None or entry.sequence_number == wanted]
    return (
        tlv.build(RESULTS, *(entry.raw for entry in results)),
        _numbers_of_results(results),
    )


def _numbers_of_results(results: Iterable[PackageAnswer]) -> frozenset[int]:
    return frozenset(entry.sequence_number for entry in results if entry.sequence_number is not None)


def _default_address(tag: int) -> Callable[[Gathering], Gathered]:
    def gather(gathering: Gathering) -> Gathered:
        address = gathering.card.get_configured_addresses().default_dp_address
        return (b"" if address is None else tlv.build(tag, address.encode())), frozenset()

    return gather


def _root_address(gathering: Gathering) -> Gathered:
    return tlv.build(0x83, gathering.card.get_configured_addresses().root_ds_address.encode()), frozenset()


def _association_token(gathering: Gathering) -> Gathered:
    token = gathering.eim.association_token
    return (b"" if token is None else tlv.integer(0x84, token)), frozenset()


def _certificate(tag: int) -> Callable[[Gathering], Gathered]:
    def gather(gathering: Gathering) -> Gathered:
        certs = gathering.card.get_certs(gathering.rules["ci-key-id-asked-for"](_ci_key_id(gathering)))
        if certs.error is not None:
            raise DataRefused(CI_KEY_ID_NOT_FOUND if certs.error == 1 else UNDEFINED_ERROR)
        # The field's tag stands in place of the certificate's own.
        certificate = tlv.parse(certs.eum if tag == 0xA5 else certs.euicc)
        return tlv.build(tag, certificate.value), frozenset()

    return gather


def _ci_key_id(gathering: Gathering) -> bytes | None:
    """The CI that the request names, as a key identifier; some eIMs send the whole TLV inside the field."""
    octets = optional(gathering.request, 0x04)
    if octets is not None and octets[:2] == b"\x04\x14" and len(octets) == 22:
        return octets[2:]
    return octets


def _capabilities(gathering: Gathering) -> Gathered:
    return tlv.build(0xA8, gathering.rules["ipa-capabilities"](gathering.settings)), frozenset()


def ipa_capabilities(settings: IpaSettings) -> bytes:
    """The contents of IpaCapabilities: two BIT STRINGs."""
    value = {
        "ipaFeatures": named_bits(settings.features),
        "ipaSupportedProtocols": named_bits(settings.protocols),
    }
    return tlv.parse(encode("IpaCapabilities", value)).value


def device_info(settings: IpaSettings) -> bytes:
    """The contents of DeviceInfo, for IpaEuiccData and for ctxParams1."""
    release = tlv.build(0x85, bytes.fromhex("0D0000"))  # eutranEpcSupportedRelease: 3GPP release 13
    parts = [tlv.build(0x80, settings.tac), tlv.build(0xA1, release)]
    if settings.imei is not None:
        parts.append(tlv.build(0x82, settings.imei))
    return b"".join(parts)


GATHERERS: Mapping[int, Callable[[Gathering], Gathered]] = {
    NOTIFICATIONS: _notifications,
    _JOINT_LIST: _joint_list,
    0x80: _default_address(0x80),
    0x81: _default_address(0x81),
    RESULTS: _results,
    0xBF20: lambda gathering: (gathering.card.get_euicc_info1().raw, frozenset()),
    0xBF22: lambda gathering: (gathering.card.get_euicc_info2().raw, frozenset()),
    0x83: _root_address,
    0x84: _association_token,
    0xA5: _certificate(0xA5),
    0xA6: _certificate(0xA6),
    0xA8: _capabilities,
    0xA9: lambda gathering: (tlv.build(0xA9, device_info(gathering.settings)), frozenset()),
}
