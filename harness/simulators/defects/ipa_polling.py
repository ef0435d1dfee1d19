"""Defects of an IPA that polls: headers, identity, schedule, and what it makes of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.codec import DecodeError, tlv
from harness.roles.es10.eims import EimConfiguration
from harness.roles.ipa.ports import HttpReply
from harness.roles.ipa.reading import BadReply
from harness.roles.ipa.settings import IpaSettings
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import all_of, answering, around, with_rule

_DATA_REQUEST, _NO_PACKAGE = 0xBF52, 0x02


def _once_a_boot(settings: IpaSettings, eim_id: str) -> float:
    return 1e12


def _three_times_too_long(settings: IpaSettings, eim_id: str) -> float:
    return 3 * settings.polling_interval


def _only_after_data(kind: int) -> bool:
    return kind == _DATA_REQUEST


def _not_after_data(kind: int) -> bool:
    return kind not in (_NO_PACKAGE, _DATA_REQUEST)


def _always(kind: int) -> bool:
    return True


def _reset_after_every_boot(cause: int | None) -> tuple[bool, int | None]:
    return True, 4 if cause is None else cause


def _other_eid(eid: bytes) -> bytes:
    return eid[:-1] + bytes([eid[-1] ^ 0x01])


def _lpad(_user_agent: Any) -> str:
    return "gsma-rsp-lpad"


def _first_of_all(octets: bytes, tag: int, what: str) -> tlv.Tlv:
    try:
        return tlv.first(octets)
    except DecodeError as fault:
        raise BadReply(str(fault)) from fault


def _header_too(inner: Any, reply: HttpReply, *rest: Any) -> str | None:
    if reply.header("X-Admin-Protocol") is None:
        return "no X-Admin-Protocol"
    fault: str | None = inner(reply, *rest)
    return fault


def _unless_it_failed(failures: int) -> bool:
    return failures == 0


def _the_first(eims: Sequence[EimConfiguration]) -> Sequence[EimConfiguration]:
    return eims[:1]


def _those_of_the_boot(
    found: tuple[EimConfiguration, ...], before: tuple[EimConfiguration, ...]
) -> tuple[EimConfiguration, ...]:
    return before or found


def _in_order(plmn: bytes | None) -> bytes | None:
    if plmn is None:
        return None
    digits = plmn.hex()
    return bytes.fromhex(digits[1] + digits[0] + digits[3] + digits[5] + digits[4] + digits[2])


DEFECTS: tuple[Defect, ...] = (
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
        "storms-after-an-error",
        "ipa",
        "An eIM that answers with an error is asked again every twenty seconds.",
        answering("retry-delay", 20.0),
    ),
    Defect(
        "gives-up-after-an-error",
        "ipa",
        "An eIM that answered with an error is not asked again before the next boot.",
        answering("retry-delay", 1e12),
    ),
    Defect(
        "ignores-octets-behind-an-answer",
        "ipa",
        "Octets behind the message of an answer are not noticed.",
        with_rule("one-answer", _first_of_all),
    ),
    Defect(
        "is-lost-after-a-bad-answer",
        "ipa",
        "An eIM whose answer could not be used once is not visited again before the next boot.",
        all_of(
            around("answer-fault", _header_too),
            answering("retry-delay", 1e12),
            with_rule("is-due-at-trigger", _unless_it_failed),
        ),
    ),
    Defect(
        "takes-any-media-type",
        "ipa",
        "The Content-Type of an answer is not looked at.",
        answering("answer-fault", None),
    ),
    Defect(
        "polls-only-the-first-eim",
        "ipa",
        "Of several eIMs only the first is visited.",
        with_rule("eims-to-visit", _the_first),
    ),
    Defect(
        "is-blocked-by-an-eim-that-is-down",
        "ipa",
        "After trouble with one eIM those behind it are not visited.",
        answering("goes-on-after-trouble", False),
    ),
    Defect(
        "reads-its-eims-only-at-boot",
        "ipa",
        "A change of the eIM configuration is not noticed before the next boot.",
        with_rule("known-eims", _those_of_the_boot),
    ),
    Defect(
        "ignores-the-tls-trust-of-an-eim",
        "ipa",
        "Any server under the CI is trusted, whatever the configuration of its eIM says.",
        answering("tls-trust", None),
    ),
    Defect(
        "writes-the-plmn-in-order",
        "ipa",
        "rPLMN has the digits of MCC and MNC in their order.",
        with_rule("plmn-told", _in_order),
    ),
)
