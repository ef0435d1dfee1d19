"""Defects of an IPA that writes a message as another SGP.32 version has it: v1.2's forms in v1.0.1, v1.0.1's in the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.roles.ipa.settings import IpaSettings
from harness.roles.ipa.versions import FORMS, Forms
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, around

_V1_0_1, _V1_2 = "1.0.1", "1.2"


def _with(changed: Callable[[Forms, Forms], Forms]) -> Change:
    """Forms that are made of the IPA's own and of those of another version."""

    def forms_of(inner: Any, settings: IpaSettings) -> Forms:
        other = FORMS[_V1_0_1 if settings.version != _V1_0_1 else _V1_2]
        return changed(inner(settings), other)

    return around("esipa-forms", forms_of)


def _results(own: Forms, other: Forms) -> Forms:
    return replace(
        own,
        provided=other.provided,
        result_error=other.result_error,
        result_with_notifications=other.result_with_notifications,
    )


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "speaks-another-version",
        "ipa",
        "ESipa is written and read as another SGP.32 version than the device's has it.",
        _with(lambda own, other: other),
    ),
    Defect(
        "polls-as-another-version-does",
        "ipa",
        "GetEimPackage has its fields under the tags of another SGP.32 version.",
        _with(lambda own, other: replace(own, poll=other.poll)),
    ),
    Defect(
        "delivers-results-as-another-version-does",
        "ipa",
        "ProvideEimPackageResult, and what stands in it, has the form of another SGP.32 version.",
        _with(_results),
    ),
    Defect(
        "tells-data-as-another-version-does",
        "ipa",
        "IpaEuiccDataResponse has the fields and the error of another SGP.32 version.",
        _with(lambda own, other: replace(own, data=other.data)),
    ),
    Defect(
        "reports-failures-as-another-version-does",
        "ipa",
        "profileDownloadError has the form of another SGP.32 version.",
        _with(lambda own, other: replace(own, download_error=other.download_error)),
    ),
)
