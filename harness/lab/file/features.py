"""What an eUICC or an IPA may lack and still keep to the standard, and who says that the one in a slot lacks it.

Rules of this room:
- A feature counts as lacking only where somebody said so: the lab file, or the card itself. What nobody says is there,
  and the cases show whether it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.roles.es10.identity import EuiccInfo2

FEATURES: Mapping[str, str] = {
    "fallback": "a fallback profile",
    "ecall": "an emergency profile",
    "immediate-enable": "immediate enabling of a new profile",
    "eim-reset": "a memory reset of its eIM configuration",
    "ipae": "an IPA of its own",
    "ppr": "policy rules (PPR1 and PPR2)",
    "fallback-allowed-update": "updates of fallbackAllowed by the operator",
    "brainpool": "keys on brainpoolP256r1",
    "direct-download": "downloads that its IPA makes by itself",
    "indirect-download": "downloads through the eIM",
    "eim-download-data": "download data left to the eIM",
    "eim-ctx-params1": "ctxParams1 made by the eIM",
    "eim-metadata-verification": "profile metadata verified by the eIM",
    "compact-forms": "compact forms of ESipa",
    "json-binding": "the JSON binding of ESipa",
    "injection": "packages that the eIM brings",
    "esipa-1.2": "ESipa as it is since SGP.32 v1.2",
    "since-1.2": "what came with SGP.32 v1.2",
    "since-1.3": "what came with SGP.32 v1.3",
}
"""Each feature that a case may require, in words."""

OF_IPA = frozenset(
    {
        "direct-download",
        "indirect-download",
        "eim-download-data",
        "eim-ctx-params1",
        "eim-metadata-verification",
        "compact-forms",
        "json-binding",
        "injection",
        "esipa-1.2",
    }
)
"""Those that are the IPA's, not the card's."""

LACKING_IN: Mapping[str, tuple[str, ...]] = {
    "1.0.1": ("since-1.2", "since-1.3", "fallback", "ecall", "ipae", "eim-reset", "fallback-allowed-update"),
    "1.2": ("since-1.3", "fallback-allowed-update"),
    "1.3": (),
}
"""Features that a card of an SGP.32 version cannot have."""

ESIPA_LACKING_IN: Mapping[str, tuple[str, ...]] = {"1.0.1": ("esipa-1.2",), "1.2": (), "1.3": ()}
"""Features that an IPA of an SGP.32 version cannot have."""

_FLAGS = {
    "fallback": "fallback_supported",
    "ecall": "ecall_supported",
    "immediate-enable": "immediate_enable_supported",
    "eim-reset": "eim_reset_supported",
    "ipae": "ipae_supported",
    "fallback-allowed-update": "fallback_allowed_update_supported",
}
_PPR1, _PPR2 = 1, 2

Lacks = Mapping[str, str]
"""Features that a card lacks, each with who says so."""


def flags(lacks: Iterable[str]) -> dict[str, Any]:
    """The fields of CardConfig for a card with every feature but these."""
    without = set(lacks)
    found: dict[str, Any] = {flag: name not in without for name, flag in _FLAGS.items()}
    return {**found, "authorisation": ()} if "ppr" in without else found


def of_version(version: str) -> Lacks:
    """What every card of this SGP.32 version lacks."""
    return dict.fromkeys(LACKING_IN[version], f"SGP.32 v{version}")


def of_esipa_version(version: str) -> Lacks:
    """What every IPA of this SGP.32 version lacks."""
    return dict.fromkeys(ESIPA_LACKING_IN[version], f"its SGP.32 version, {version}")


def said_by_card(info: EuiccInfo2, ci_ids: Mapping[str, bytes]) -> Lacks:
    """What a card says by its EUICCInfo2 that it lacks. `ci_ids` are the lab's CI keys by curve."""
    from harness.roles.es10.versions import version_named  # es10 is not needed to read a lab file

    found = dict(of_version(version_named(info.iot_versions)))
    if info.iot_versions is not None:
        if not info.fallback_supported:
            found["fallback"] = "iotSpecificInfo of EUICCInfo2"
        if not info.ecall_supported:
            found["ecall"] = "iotSpecificInfo of EUICCInfo2"
    if not info.fallback_allowed_update_supported:
        found.setdefault("fallback-allowed-update", "iotSpecificInfo of EUICCInfo2")
    if info.forbidden_profile_policy_rules >= {_PPR1, _PPR2}:
        found["ppr"] = "forbiddenProfilePolicyRules of EUICCInfo2"
    if "brainpool" not in ci_ids or ci_ids["brainpool"] not in info.ci_ids_for_signing:
        found["brainpool"] = "euiccCiPKIdListForSigning of EUICCInfo2"
    return found
