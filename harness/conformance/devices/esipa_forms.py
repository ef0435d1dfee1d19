"""How an IPA of each SGP.32 version is to write ESipa, for cases that judge one: written apart from the IPA's own table.

Rules of this room:
- What the card made stands in the messages as the card gave it, in its own version: only what the IPA makes is looked at.
- IpaEuiccData without the tag of its alternative is seen in the field: a case of its own judges that.
- A field that no version has is an extension, and may stand. One that another version has at that place is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.codec import DecodeError, decode, tlv
from harness.codec.tlv import Tlv

Path = tuple[int, ...]

_POLL, _RESULT, _INITIATE = 0xBF4F, 0xBF50, 0xBF39
_DATA, _DOWNLOAD, _JOINT_LIST = 0xBF52, 0xBF54, 0xBF2B
_NOTIFY = 0x80
_PACKAGE_RESULT, _NOTIFICATION = 0xBF51, 0xBF3D
_AROUND_RESULTS = frozenset({_RESULT, _NOTIFICATION, 0x30, 0xA1})
"""The tags that a package's result stands inside of: beside notifications, and in a notification of v1.0.1."""
_ALTERNATIVES = (0xA0, 0xA1, 0x81)
"""Of IpaEuiccDataResponse, in any version."""
_STAND_IN = tlv.build(_PACKAGE_RESULT, tlv.build(0xA2, tlv.build(0x80, b"eIM")))
"""A result of some card, in the form of every version."""


@dataclass(frozen=True, slots=True)
class EsipaForms:
    """Those of one version; what is not said is as in v1.2."""

    version: str
    """Of SGP.32, as the codec names it."""
    fields: Mapping[Path, frozenset[int]]
    """What may stand in a message that an IPA sends, where versions differ, by the path of tags to it."""
    numbers: Mapping[Path, frozenset[int]]
    """What INTEGERs in such a message can be, where versions differ."""
    registered_plmn: int = 0x82
    """The tag of rPLMN in GetEimPackage."""
    state_change_cause: int | None = 0x81
    """The tag of stateChangeCause there; None: no cause can be told."""
    always_told: tuple[int, ...] = (0xBF20, 0xBF22, 0xA5, 0xA6, 0xA8)
    """Tags of IpaEuiccData whose data every device has: EUICCInfo1 and 2, both certificates, ipaCapabilities."""
    sometimes_told: tuple[int, ...] = (0xA0, 0x81, 0xA2, 0x83, 0x84, 0xA9)
    """Notifications, default SM-DP+ address, stored results, root SM-DS, association token, device information."""
    stored_results: int = 0xA2
    """What asks for the results that the card still keeps."""
    data_error: Path = (0xA1, 0x02)
    """The path to the code of an IpaEuiccDataResponse that is an error."""
    nothing_acknowledged: bytes = field(default=tlv.build(_RESULT, tlv.build(0x30)))
    """A ProvideEimPackageResultResponse without sequence numbers."""
    answers_name_their_transaction: bool = True
    """Whether an answer to a data request, and an error that answers a package, can name the eimTransactionId."""
    configuration_tells_of_indirect_download: bool = True
    """Whether an eIM's configuration can say that it carries no downloads."""
    initiate_errors: tuple[int, ...] = (1, 2, 3, 50, 51, 52, 127)
    """Of InitiateAuthentication."""

    def tells_of_a_change(self, poll: Tlv) -> bool:
        """Whether a GetEimPackage says that profiles changed."""
        return poll.find(_NOTIFY) is not None or self.cause_in(poll) is not None

    def cause_in(self, poll: Tlv) -> int | None:
        """The stateChangeCause of a GetEimPackage, if any."""
        found = None if self.state_change_cause is None else poll.find(self.state_change_cause)
        return None if found is None else int.from_bytes(found.value, "big", signed=True)

    def told(self, cause: int) -> int | None:
        """What `cause_in` is to find where this is the cause."""
        return None if self.state_change_cause is None else cause

    def in_words(self, cause: int) -> str:
        """What a poll is to tell where this is the cause."""
        return "notifyStateChange" if self.state_change_cause is None else f"cause {cause}"

    def results_in(self, answer: Tlv) -> tuple[Tlv, ...]:
        """The stored results in an IpaEuiccDataResponse, in the form with A0 or without."""
        body = answer.find(0xA0) or answer
        if self.stored_results != _JOINT_LIST:
            listed = body.find(self.stored_results)
        else:
            listed = body.find(_JOINT_LIST, 0xA2) or body.find(_JOINT_LIST, 0xA3, 0xA1)
        return () if listed is None else listed.children

    def faults(self, message: Tlv) -> str:
        """Why a message of an IPA is not one of this version; empty where it is."""
        try:
            decode("EsipaMessageFromIpaToEim", self._of_the_ipa(message), version=self.version)
        except DecodeError as fault:
            return str(fault)
        return ""

    def _of_the_ipa(self, part: Tlv) -> bytes:
        """The same with a stand-in for each result of a card, and IpaEuiccData under its alternative's tag."""
        if part.tag == _PACKAGE_RESULT:
            return _STAND_IN
        if part.tag == _DATA and any(child.tag not in _ALTERNATIVES for child in part.children):
            return tlv.build(_DATA, tlv.build(0xA0, part.value))
        if part.tag in _AROUND_RESULTS:
            return tlv.build(part.tag, *(self._of_the_ipa(child) for child in part.children))
        return part.raw

    def fields_of_other_versions(self, message: Tlv) -> list[str]:
        """The fields in a message that another version has where this one has none, by their paths."""
        return [
            _said((*path, child.tag))
            for path, known in self.fields.items()
            if (parent := _at(message, path)) is not None
            for child in parent.children
            if child.tag not in known and any(child.tag in forms.fields[path] for forms in ESIPA_FORMS.values())
        ]

    def unknown_numbers(self, message: Tlv) -> list[str]:
        """The INTEGERs in a message that are none of this version's, with their paths."""
        return [
            f"{_said(path)} {found.value.hex().upper()}"
            for path, known in self.numbers.items()
            if (found := _at(message, path)) is not None
            and int.from_bytes(found.value, "big", signed=True) not in known
        ]


def _at(message: Tlv, path: Path) -> Tlv | None:
    if message.tag != path[0]:
        return None
    return message.find(*path[1:]) if len(path) > 1 else message


def _said(path: Path) -> str:
    return "/".join(f"{tag:02X}" for tag in path)


def _tags(*tags: int) -> frozenset[int]:
    return frozenset(tags)


_IN_DATA = (0xBF20, 0xBF22, 0x83, 0x84, 0xA5, 0xA6, 0xA8, 0xA9)
_SINCE_1_2: Mapping[Path, frozenset[int]] = {
    (_POLL,): _tags(0x5A, 0x80, 0x81, 0x82),
    (_RESULT,): _tags(0x5A, 0xBF51, 0x30, _DATA, _DOWNLOAD, 0xA0),
    (_RESULT, 0x30): _tags(0xBF51, 0xA0),
    (_RESULT, _DATA): _tags(0xA0, 0xA1),
    (_RESULT, _DATA, 0xA0): _tags(0xA0, 0x81, 0xA2, 0x87, *_IN_DATA),
    (_RESULT, _DOWNLOAD, 0x30): _tags(0x80, 0x04),
    (_INITIATE,): _tags(0x81, 0x83, 0xBF20, 0x82),
}
_NUMBERS: Mapping[Path, frozenset[int]] = {
    (_POLL, 0x81): frozenset({*range(7), 127}),
    (_RESULT, _DOWNLOAD, 0x30, 0x80): frozenset({104, 127}),
}
"""StateChangeCause and profileDownloadErrorReason."""
_V1_0_1: Mapping[Path, frozenset[int]] = {
    (_POLL,): _tags(0x5A, 0x80, 0x81),
    (_RESULT,): _tags(0xBF51, 0x30, _DATA, _DOWNLOAD, 0x02),
    (_RESULT, 0x30): _tags(0xBF51, _JOINT_LIST),
    (_RESULT, _DATA): _tags(0xA0, 0x81),
    (_RESULT, _DATA, 0xA0): _tags(0x80, _JOINT_LIST, *_IN_DATA),
    (_RESULT, _DOWNLOAD, 0x30): _tags(0x80),
    (_INITIATE,): _tags(0x81, 0x83, 0xBF20),
}

ESIPA_FORMS: Mapping[str, EsipaForms] = {
    "1.0.1": EsipaForms(
        "1.0.1",
        _V1_0_1,
        {},
        registered_plmn=0x81,
        state_change_cause=None,
        sometimes_told=(0x80, 0x83, 0x84, 0xA9, _JOINT_LIST),
        stored_results=_JOINT_LIST,
        data_error=(0x81,),
        nothing_acknowledged=tlv.build(_RESULT),
        answers_name_their_transaction=False,
        configuration_tells_of_indirect_download=False,
        initiate_errors=(1, 2, 3, 50, 51),
    ),
    "1.2": EsipaForms("1.2", _SINCE_1_2, _NUMBERS),
    "1.3": EsipaForms("1.3", _SINCE_1_2, _NUMBERS),
}
"""By the SGP.32 version of the IPA."""


def versions_of(messages: Sequence[Tlv]) -> list[str]:
    """The SGP.32 versions whose form all of these messages of an IPA have."""
    return [version for version, forms in ESIPA_FORMS.items() if not any(forms.faults(one) for one in messages)]
