"""ESipa as an IPA of each SGP.32 version writes and reads it: all that differs between versions, as one table.

Rules of this room:
- The rest of the IPA works with what v1.2 can say. Here is how a version puts that on the wire, and what an answer of that
  version means in terms of v1.2. What a version has no field for is left out.
- A form that is not here is the same in all versions.
- v1.3 adds optional fields to v1.2's forms (proprietary information in ipaCapabilities, the CI of a compact notification,
  correlation identifiers of packages that are brought); this IPA sends none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from harness.codec import tlv
from harness.roles.es10.eims import EimConfiguration
from harness.roles.ipa import messages
from harness.roles.ipa.settings import IpaSettings

UNDEFINED_ERROR = 127
_ACKNOWLEDGEMENTS = 0xBF53
_NOTHING_ACKNOWLEDGED = tlv.parse(tlv.build(0x30))
"""emptyResponse of v1.2."""


@dataclass(frozen=True, slots=True)
class DataForms:
    """IpaEuiccDataResponse, BF52."""

    order: tuple[int, ...] = (0xA0, 0x81, 0xA2, 0xBF20, 0xBF22, 0x83, 0x84, 0xA5, 0xA6, 0x87, 0xA8, 0xA9)
    """The tags of IpaEuiccData in the order of the SEQUENCE."""
    echo: int | None = 0x87
    """Which of them gives the transaction back, and is never asked for; None: no field does."""
    also_asked_as: Mapping[int, int] = field(default_factory=dict)
    """Tags in a tag list that mean one of these."""
    error: Callable[[bytes | None, int], bytes] = messages.data_error
    """The transaction and an IpaEuiccDataErrorCode as what stands inside BF52."""

    @property
    def known(self) -> frozenset[int]:
        """Every tag that a tag list may name."""
        return frozenset(self.order) - {self.echo} | frozenset(self.also_asked_as)

    def asked_for(self, tags: Iterable[int]) -> frozenset[int]:
        """The fields that a tag list names."""
        return frozenset(self.also_asked_as.get(tag, tag) for tag in tags)


def _says_so(eim: EimConfiguration) -> bool:
    return eim.allows_indirect_download


def _only_alternative(answer: tlv.Tlv) -> tlv.Tlv | None:
    return answer.children[0] if len(answer.children) == 1 else None


@dataclass(frozen=True, slots=True)
class Forms:
    """One version's."""

    poll: Callable[[bytes, bool, int | None, bytes | None], bytes] = messages.get_eim_package
    """GetEimPackageRequest: EID, whether profiles changed, the StateChangeCause, the PLMN."""
    provided: Callable[[bytes, bytes], bytes] = messages.provide_result
    """ProvideEimPackageResult: EID and EimPackageResult."""
    result_error: Callable[[bytes | None, int], bytes] = messages.result_error
    result_with_notifications: Callable[[bytes, Iterable[bytes]], bytes] = messages.result_with_notifications
    download_error: Callable[[bytes], bytes] = messages.download_error
    """profileDownloadError with what refused the download; empty for nothing."""
    response: Callable[[tlv.Tlv], tlv.Tlv | None] = _only_alternative
    """The alternative of a ProvideEimPackageResultResponse as v1.2 has it; None for what is none."""
    data: DataForms = DataForms()
    may_download_through: Callable[[EimConfiguration], bool] = _says_so
    """Whether an eIM's configuration lets the IPA download by way of it."""
    names_transaction_of_download: bool = True
    """InitiateAuthentication carries eimTransactionId."""
    names_eid_of_notifications: bool = True
    """compactOtherSignedNotification carries eidValue."""
    names_itself: bool = True
    """Requests carry a User-Agent whose value is known."""


def forms_of(settings: IpaSettings) -> Forms:
    """Those of the version that the IPA is of."""
    return FORMS[settings.version]


# v1.0.1


def _poll(eid: bytes, notify_state_change: bool, _cause: int | None, plmn: bytes | None) -> bytes:
    changed = tlv.build(0x80) if notify_state_change else b""
    network = b"" if plmn is None else tlv.build(0x81, plmn)
    return tlv.build(messages.GET_EIM_PACKAGE, tlv.build(0x5A, eid), changed, network)


def _provided(_eid: bytes, result: bytes) -> bytes:
    return tlv.build(messages.PROVIDE_RESULT, result)


def _result_error(_transaction_id: bytes | None, code: int) -> bytes:
    return tlv.integer(0x02, code)


def _result_with_notifications(package_result: bytes, notifications: Iterable[bytes]) -> bytes:
    return tlv.build(0x30, package_result, tlv.build(0xBF2B, tlv.build(0xA0, *notifications)))


def _download_error(response: bytes) -> bytes:
    return tlv.build(0x30, tlv.build(0x80, response) if response else b"")


def _response(answer: tlv.Tlv) -> tlv.Tlv | None:
    """A SEQUENCE whose only field is optional; there is no error."""
    return answer.find(_ACKNOWLEDGEMENTS) or _NOTHING_ACKNOWLEDGED


_DATA_ERRORS = (1, 5, UNDEFINED_ERROR)


def _data_error(_transaction_id: bytes | None, code: int) -> bytes:
    return tlv.integer(0x81, code if code in _DATA_ERRORS else UNDEFINED_ERROR)


def _cannot_say(_eim: EimConfiguration) -> bool:
    """No field of an eIM's configuration is about it: what the IPA does is its own choice."""
    return True


FORMS: Mapping[str, Forms] = {
    "1.0.1": Forms(
        poll=_poll,
        provided=_provided,
        result_error=_result_error,
        result_with_notifications=_result_with_notifications,
        download_error=_download_error,
        response=_response,
        data=DataForms(
            order=(0x80, 0xBF20, 0xBF22, 0x83, 0x84, 0xA5, 0xA6, 0xA8, 0xA9, 0xBF2B),
            echo=None,
            also_asked_as={0x88: 0xA8},  # seen from eIMs of v1.0
            error=_data_error,
        ),
        may_download_through=_cannot_say,
        names_transaction_of_download=False,
        names_eid_of_notifications=False,
        names_itself=False,
    ),
    "1.2": Forms(),
    "1.3": Forms(),
}
