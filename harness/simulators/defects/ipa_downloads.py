"""Defects of an IPA that downloads profiles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import tlv
from harness.roles.es10 import Es10
from harness.roles.es10.download import InstallationAnswer, segments
from harness.roles.ipa.activation import DownloadTarget, TriggerRefused
from harness.roles.ipa.download import UNDEFINED_REASON, Initiated, ctx_params1
from harness.roles.ipa.settings import IpaSettings
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, around, with_rule


def _as_success(response: bytes) -> bytes:
    """No error at all: the eIM hears nothing of a failed download."""
    return b""


def _somehow(inner: Any, trigger: tlv.Tlv, settings: IpaSettings) -> DownloadTarget:
    try:
        target: DownloadTarget = inner(trigger, settings)
    except TriggerRefused:
        return DownloadTarget("smdp.harness.test", "M")
    return target


def _from_the_usual(inner: Any, trigger: tlv.Tlv, settings: IpaSettings) -> DownloadTarget:
    target: DownloadTarget = inner(trigger, settings)
    return target if target.address is None else replace(target, address="smdp.harness.test")


def _every_segment(card: Es10, package: bytes) -> InstallationAnswer:
    answers = [card.call(segment) for segment in segments(package)]
    return InstallationAnswer.of(answers[-1], len(answers))


def _at_no_smds(inner: Any, trigger: tlv.Tlv, settings: IpaSettings) -> DownloadTarget:
    target: DownloadTarget = inner(trigger, settings)
    return replace(target, contacts_smds=False)


def _at_the_root_smds(inner: Any, trigger: tlv.Tlv, settings: IpaSettings) -> DownloadTarget:
    target: DownloadTarget = inner(trigger, settings)
    return replace(target, address=None) if target.contacts_smds else target


def _of_any_event(event: DownloadTarget) -> DownloadTarget:
    return replace(event, matching_id=None)


def _own_ctx_params(initiated: Initiated, target: DownloadTarget, settings: IpaSettings) -> bytes:
    return ctx_params1(target.matching_id, replace(settings, imei=None))


def _with_matching_id(inner: Any, initiated: Initiated, target: DownloadTarget, settings: IpaSettings) -> bytes:
    if target.matching_id is None and initiated.matching_id is None:
        target = replace(target, matching_id="INVENTED")
    ctx: bytes = inner(initiated, target, settings)
    return ctx


def _with_other_resources(inner: Any, full: bytes, told: frozenset[int], ctx_params1_is_known: bool) -> bytes:
    compact: bytes = inner(full, told, ctx_params1_is_known)
    found = tlv.parse(compact).find(0xA2, 0xA0, 0x84)
    return compact if found is None else compact.replace(found.raw, tlv.build(0x84, bytes(len(found.value))))


DEFECTS: tuple[Defect, ...] = (
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
        "downloads-from-one-smdp-only",
        "ipa",
        "Every activation code is taken to the same SM-DP+.",
        around("download-target", _from_the_usual),
    ),
    Defect(
        "asks-for-no-smdp-address",
        "ipa",
        "The smdpAddress is left out of an indirect download although the IPA handles the download data itself.",
        answering("smdp-address-sent", None),
    ),
    Defect(
        "takes-an-smds-for-an-smdp",
        "ipa",
        "Sent to an SM-DS, the IPA asks it for the profile itself.",
        around("download-target", _at_no_smds),
    ),
    Defect(
        "asks-the-root-smds-only",
        "ipa",
        "Whichever SM-DS a trigger names, the card's root SM-DS is asked.",
        around("download-target", _at_the_root_smds),
    ),
    Defect(
        "drops-the-event-id",
        "ipa",
        "The SM-DP+ that an event names is asked for any profile, not for that of the event.",
        with_rule("target-of-an-event", _of_any_event),
    ),
    Defect(
        "names-another-smdp-address",
        "ipa",
        "An indirect download asks for another SM-DP+ than the activation code names.",
        answering("smdp-address-sent", "wrong.example"),
    ),
    Defect(
        "swallows-unusable-triggers",
        "ipa",
        "A trigger that cannot be used is dropped without an answer.",
        answering("refusal-of-a-trigger", b""),
    ),
    Defect(
        "takes-any-activation-code",
        "ipa",
        "An activation code that cannot be read is tried all the same.",
        around("download-target", _somehow),
    ),
    Defect(
        "leaves-sessions-open",
        "ipa",
        "A download that ends early is not cancelled, neither at the card nor at the SM-DP+.",
        answering("cancels-sessions", False),
    ),
    Defect(
        "cancels-without-the-reason",
        "ipa",
        "Every session is cancelled with undefinedReason.",
        answering("cancel-reason", UNDEFINED_REASON),
    ),
    Defect(
        "sends-on-after-an-early-result",
        "ipa",
        "The segments behind an early ProfileInstallationResult are sent all the same, and the last answer counts.",
        with_rule("load-package", _every_segment),
    ),
    Defect(
        "makes-its-own-ctx-params",
        "ipa",
        "ctxParams1 of the eIM are put aside for a set without an IMEI.",
        with_rule("ctx-params", _own_ctx_params),
    ),
    Defect(
        "invents-a-matching-id",
        "ipa",
        "A download without a matchingId is asked for with one.",
        around("ctx-params", _with_matching_id),
    ),
    Defect(
        "drops-the-confirmation-hash",
        "ipa",
        "hashCc of the eIM does not reach the card.",
        answering("confirmation-hash", None),
    ),
    Defect(
        "sends-compact-forms-undeclared",
        "ipa",
        "Compact forms are sent although minimizeEsipaBytes is not declared.",
        answering("sends-compact-forms", True),
    ),
    Defect(
        "shortens-to-other-resources",
        "ipa",
        "A compact form says other free memory than the card signed, so that nobody can rebuild what it signed.",
        around("compact-authentication", _with_other_resources),
    ),
    Defect(
        "shortens-what-no-eim-can-rebuild",
        "ipa",
        "Notifications are sent in compact forms to an eIM that never had what these leave out.",
        answering("eim-can-rebuild", True),
    ),
    Defect(
        "never-enables-at-once",
        "ipa",
        "The card is not asked to enable a profile right after its installation.",
        answering("enables-at-once", False),
    ),
)
