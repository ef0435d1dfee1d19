"""Defects of an IPA that is asked for data."""

from __future__ import annotations

from harness.codec import tlv
from harness.roles.ipa.settings import IpaSettings
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, with_rule

_IPA_CAPABILITIES = 0xA8


def _one_octet_a_bit(settings: IpaSettings) -> bytes:
    """BIT STRINGs written as one octet for each bit."""
    features = bytes([0, *(bit in settings.features for bit in range(6))])
    protocols = bytes([0, *(bit in settings.protocols for bit in range(5))])
    return tlv.build(0x80, features) + tlv.build(0x81, protocols)


def _without_capabilities(tags: frozenset[int]) -> frozenset[int]:
    return tags - {_IPA_CAPABILITIES}


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "answers-data-requests-during-emergency-call",
        "ipa",
        "IpaEuiccData is told while the emergency profile is enabled.",
        answering("emergency-is-active", False),
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
        "ignores-the-ci-key-id",
        "ipa",
        "Certificates are told under the preferred CI, whichever was asked for.",
        answering("ci-key-id-asked-for", None),
    ),
)
