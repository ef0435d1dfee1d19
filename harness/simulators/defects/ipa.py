"""Defects of an IPA: each one a fault seen in the field, or one reading of the standard gone wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from harness.codec import tlv
from harness.roles.es10.notifications import PendingNotification
from harness.roles.ipa.settings import IpaSettings
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, with_rule

_DATA_REQUEST, _NO_PACKAGE = 0xBF52, 0x02
_IPA_CAPABILITIES = 0xA8


def _flipped(result: bytes) -> bytes:
    """The last octet of the signature changed."""
    return result[:-1] + bytes([result[-1] ^ 0x01])


def _one_octet_a_bit(settings: IpaSettings) -> bytes:
    """BIT STRINGs written as one octet for each bit."""
    features = bytes([0, *(bit in settings.features for bit in range(6))])
    protocols = bytes([0, *(bit in settings.protocols for bit in range(5))])
    return tlv.build(0x80, features) + tlv.build(0x81, protocols)


def _without_capabilities(tags: frozenset[int]) -> frozenset[int]:
    return tags - {_IPA_CAPABILITIES}


def _as_success(response: bytes) -> bytes:
    """No error at all: the eIM hears nothing of a failed download."""
    return b""


def _newest_first(pending: Sequence[PendingNotification]) -> list[PendingNotification]:
    return sorted(pending, key=lambda entry: entry.metadata.sequence_number, reverse=True)


def _whatever_was_sent(sent: frozenset[int], acknowledged: Iterable[int]) -> list[int]:
    return []


def _once_a_boot(settings: IpaSettings) -> float:
    return 1e12


def _three_times_too_long(settings: IpaSettings) -> float:
    return 3 * settings.polling_interval


def _only_after_data(kind: int) -> bool:
    return kind == _DATA_REQUEST


def _not_after_data(kind: int) -> bool:
    return kind not in (_NO_PACKAGE, _DATA_REQUEST)


def _always(kind: int) -> bool:
    return True


def _first_of_a_visit(results_before: int) -> bool:
    return results_before == 0


def _whenever_allowed(allowed: bool, attached: bool, delivered: bool) -> bool:
    return allowed


def _reset_after_every_boot(cause: int | None) -> tuple[bool, int | None]:
    return True, 4 if cause is None else cause


def _other_eid(eid: bytes) -> bytes:
    return eid[:-1] + bytes([eid[-1] ^ 0x01])


def _lpad(_user_agent: Any) -> str:
    return "gsma-rsp-lpad"


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "answers-data-requests-during-emergency-call",
        "ipa",
        "IpaEuiccData is told while the emergency profile is enabled.",
        answering("emergency-is-active", False),
    ),
    Defect(
        "posts-another-content-type",
        "ipa",
        "ESipa messages go out as application/octet-stream.",
        answering("content-type", "application/octet-stream"),
    ),
    Defect("sends-no-user-agent", "ipa", "Requests carry no User-Agent.", answering("user-agent", None)),
    Defect("calls-itself-an-lpa", "ipa", "The User-Agent is that of a consumer LPA.", with_rule("user-agent", _lpad)),
    Defect("polls-with-another-eid", "ipa", "The last octet of the EID is wrong.", with_rule("eid-told", _other_eid)),
    Defect(
        "reports-a-state-change-at-every-poll",
        "ipa",
        "Every GetEimPackage says that profiles changed, whether or not they did.",
        with_rule("state-change", _reset_after_every_boot),
    ),
    Defect(
        "storms-when-nothing-waits",
        "ipa",
        "noEimPackageAvailable is answered with the next request at once, again and again.",
        with_rule("polls-again", _always),
    ),
    Defect(
        "stops-polling-when-nothing-waits",
        "ipa",
        "After noEimPackageAvailable the IPA is not heard of until the next boot.",
        with_rule("polling-interval", _once_a_boot),
    ),
    Defect(
        "polls-three-times-too-rarely",
        "ipa",
        "The polling interval is three times the declared one.",
        with_rule("polling-interval", _three_times_too_long),
    ),
    Defect(
        "waits-after-each-package",
        "ipa",
        "After a package the IPA waits for its next interval before it asks for another.",
        with_rule("polls-again", _only_after_data),
    ),
    Defect(
        "gives-up-after-a-data-request",
        "ipa",
        "What waits behind a data request is not fetched before the next interval.",
        with_rule("polls-again", _not_after_data),
    ),
    Defect(
        "spoils-package-results",
        "ipa",
        "The card's result reaches the eIM with one octet changed.",
        with_rule("package-result", _flipped),
    ),
    Defect(
        "reports-only-the-first-result",
        "ipa",
        "Of several packages in a row only the first one's result is sent.",
        with_rule("reports-result", _first_of_a_visit),
    ),
    Defect(
        "keeps-acknowledged-results",
        "ipa",
        "Acknowledged results and notifications are never removed from the card.",
        with_rule("results-to-remove", _whatever_was_sent),
    ),
    Defect(
        "loses-the-network-after-a-switch",
        "ipa",
        "After a change of profile the data path is not brought up again, and the result never leaves.",
        answering("reconnects", False),
    ),
    Defect(
        "never-rolls-back",
        "ipa",
        "A profile without connectivity stays enabled although the package allowed to roll back.",
        answering("rolls-back", False),
    ),
    Defect(
        "rolls-back-whenever-allowed",
        "ipa",
        "The IPA rolls back after every enable that allows it, also when the result was delivered.",
        with_rule("rolls-back", _whenever_allowed),
    ),
    Defect(
        "hides-the-installation-result",
        "ipa",
        "The eIM never hears the outcome of the download that it triggered.",
        answering("download-result", b""),
    ),
    Defect(
        "keeps-download-failures-quiet",
        "ipa",
        "The eIM never hears that a download failed.",
        with_rule("download-error", _as_success),
    ),
    Defect(
        "asks-for-no-smdp-address",
        "ipa",
        "The smdpAddress is left out of an indirect download although the IPA handles the download data itself.",
        answering("smdp-address-sent", None),
    ),
    Defect(
        "names-another-smdp-address",
        "ipa",
        "An indirect download asks for another SM-DP+ than the activation code names.",
        answering("smdp-address-sent", "wrong.example"),
    ),
    Defect(
        "serves-any-tag-list",
        "ipa",
        "A data request with tags that are none is answered as if they were not there.",
        answering("tag-list-fault", None),
    ),
    Defect(
        "writes-capabilities-as-octets",
        "ipa",
        "The BIT STRINGs of IpaCapabilities have one octet for each bit.",
        with_rule("ipa-capabilities", _one_octet_a_bit),
    ),
    Defect(
        "tells-no-capabilities",
        "ipa",
        "ipaCapabilities is missing from the data although it was asked for.",
        with_rule("data-told", _without_capabilities),
    ),
    Defect(
        "forgets-the-eim-transaction",
        "ipa",
        "eimTransactionId is not echoed in answers that the IPA makes.",
        answering("echoed-transaction-id", None),
    ),
    Defect(
        "sends-notifications-newest-first",
        "ipa",
        "Notifications reach their receiver in the wrong order.",
        with_rule("notifications-to-send", _newest_first),
    ),
    Defect(
        "forgets-notifications-unsent",
        "ipa",
        "A notification is removed from the card although its receiver did not take it.",
        answering("may-forget-notification", True),
    ),
    Defect(
        "keeps-notifications-for-itself",
        "ipa",
        "Notifications stay on the card; no receiver ever sees one.",
        answering("notifications-to-send", ()),
    ),
)
