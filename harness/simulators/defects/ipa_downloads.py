"""Defects of an IPA that downloads profiles."""

from __future__ import annotations

from typing import Any

from harness.codec import tlv
from harness.roles.ipa.activation import DownloadTarget, TriggerRefused
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
)
