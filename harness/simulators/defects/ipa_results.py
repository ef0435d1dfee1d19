"""Defects of an IPA with results: what it delivers, keeps and forgets, and what it does after a switch of profiles."""

from __future__ import annotations

from collections.abc import Iterable

from harness.simulators.defects import Defect
from harness.simulators.defects.changes import all_of, answering, with_rule

_STORED_RESULTS = 0xA2
_ERROR, _EMPTY = 0x02, 0x30
"""Alternatives of ProvideEimPackageResultResponse."""


def _flipped(result: bytes) -> bytes:
    """The last octet of the signature changed."""
    return result[:-1] + bytes([result[-1] ^ 0x01])


_PROVIDE_RESULT = 0xBF50


def _whatever_was_sent(sent: frozenset[int], acknowledged: Iterable[int]) -> list[int]:
    return []


def _first_of_a_visit(results_before: int) -> bool:
    return results_before == 0


def _whenever_allowed(allowed: bool, attached: bool, delivered: bool) -> bool:
    return allowed


def _other_eid(eid: bytes) -> bytes:
    return eid[:-1] + bytes([eid[-1] ^ 0x01])


def _all_that_was_sent(sent: frozenset[int], acknowledged: Iterable[int]) -> list[int]:
    return sorted(sent)


def _without_results(tags: frozenset[int]) -> frozenset[int]:
    return tags - {_STORED_RESULTS}


def _empty_too(tag: int) -> bool:
    return tag in (_ERROR, _EMPTY)


def _unless_attached(allowed: bool, attached: bool, delivered: bool) -> bool:
    return allowed and not attached


def _asn1_for_results(binding: str, tag: int) -> str:
    return "asn1" if tag == _PROVIDE_RESULT else binding


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "delivers-in-the-other-binding",
        "ipa",
        "Results go to the eIM in ASN.1, whatever the IPA speaks otherwise.",
        with_rule("binding-of-message", _asn1_for_results),
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
        "forgets-the-eim-transaction",
        "ipa",
        "eimTransactionId is not echoed in answers that the IPA makes.",
        answering("echoed-transaction-id", None),
    ),
    Defect(
        "removes-results-unacknowledged",
        "ipa",
        "A result is removed from the card as soon as it was sent.",
        with_rule("results-to-remove", _all_that_was_sent),
    ),
    Defect(
        "forgets-stored-results",
        "ipa",
        "Results of earlier visits that the card still keeps are never offered again.",
        answering("results-to-deliver", ()),
    ),
    Defect(
        "loses-results-it-could-not-deliver",
        "ipa",
        "A result that could not be delivered at once is never told again, not even when the eIM asks for it.",
        all_of(answering("results-to-deliver", ()), with_rule("data-told", _without_results)),
    ),
    Defect(
        "takes-an-error-for-an-acknowledgement",
        "ipa",
        "A result that the eIM answered with an error is removed from the card.",
        all_of(answering("is-refusal", False), with_rule("results-to-remove", _all_that_was_sent)),
    ),
    Defect(
        "takes-an-empty-answer-for-an-error",
        "ipa",
        "emptyResponse ends the visit as an error would.",
        with_rule("is-refusal", _empty_too),
    ),
    Defect(
        "is-blocked-by-what-is-refused",
        "ipa",
        "A result or a notification that is refused holds up all that is behind it.",
        answering("goes-on-after-refusal", False),
    ),
    Defect(
        "names-another-eid-in-results",
        "ipa",
        "The EID beside a result is wrong.",
        with_rule("eid-of-results", _other_eid),
    ),
    Defect(
        "rolls-back-only-without-a-network",
        "ipa",
        "A new profile that attaches stays, although the eIM cannot be reached over it.",
        with_rule("rolls-back", _unless_attached),
    ),
    Defect(
        "refuses-what-is-brought",
        "ipa",
        "Packages that an eIM brings are refused although injection is declared.",
        answering("eims-that-may-inject", []),
    ),
    Defect(
        "takes-what-anybody-brings",
        "ipa",
        "Packages of an eIM are taken although its configuration does not allow it to bring them.",
        with_rule("eims-that-may-inject", list),
    ),
    Defect(
        "ignores-injected-acknowledgements",
        "ipa",
        "Acknowledgements that an eIM brings remove nothing from the card.",
        answering("injected-acknowledgements", []),
    ),
)
