"""What the IPA of a simulated module is like, as a lab file says it: its capabilities, its binding, its routes.

Every capability that the lab file does not give it is one that the device lacks; direct and indirect downloads are given.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.lab.file.declared import Declared, read_seconds
from harness.lab.file.features import ESIPA_LACKING_IN
from harness.lab.file.reach import OUR_NAMES
from harness.nodes import Value

if TYPE_CHECKING:
    from harness.roles.ipa import IpaSettings

BINDINGS = ("asn1", "json")
ROUTES = ("smdp", "eim")
USUAL = ("direct-download", "indirect-download")
_BITS = {
    "direct-download": 0,
    "indirect-download": 1,
    "eim-download-data": 2,
    "eim-ctx-params1": 3,
    "eim-metadata-verification": 4,
    "compact-forms": 5,
}
"""Bits of ipaFeatures (SGP.32 v1.2 §4.1) by their names among `harness.lab.file.features`."""
_RETRIEVE_HTTPS, _INJECT_HTTPS = 0, 2
CAPABILITIES = (*_BITS, "injection")


@dataclass(frozen=True, slots=True)
class SimulatedIpa:
    """The IPA of a simulated module."""

    version: str = "1.2"
    """The SGP.32 version of its ESipa."""
    binding: str = "asn1"
    """One of BINDINGS."""
    has: tuple[str, ...] = USUAL
    """Of CAPABILITIES."""
    notifications: str = "smdp"
    """Where its notifications go: one of ROUTES."""
    needs_admin_protocol: bool = False
    """Whether it drops answers without X-Admin-Protocol."""
    polling_interval: float = 3600.0
    """In seconds, as all of its times."""
    other_polling_interval: float = 5400.0
    """That of our other eIM."""
    first_retry: float = 60.0
    longest_retry: float = 3600.0
    fallback_after: float = 600.0
    return_after: float = 1800.0

    @property
    def declared(self) -> Declared:
        """What a maker would declare of it."""
        return {name: getattr(self, name) for name in TIMES if name != "first_retry"} | _EXACT

    @property
    def lacks(self) -> tuple[str, ...]:
        """Features of `harness.lab.file.features` that it does not have."""
        without = [name for name in CAPABILITIES if name not in self.has]
        return (*without, "json-binding") if self.binding != "json" else tuple(without)


TIMES = (
    "polling_interval",
    "other_polling_interval",
    "first_retry",
    "longest_retry",
    "fallback_after",
    "return_after",
)
_EXACT = {"jitter": 0.0, "boot_poll_within": 60.0, "change_poll_within": 60.0, "wake_within": 60.0}
"""It keeps its times, and does at once what it does at once."""

USUAL_IPA = SimulatedIpa()
"""What a lab file means that says nothing of it."""


def read_ipa(value: Value, version: str = USUAL_IPA.version) -> SimulatedIpa:
    """The IPA of a lab file, with faults noted. `version` is what it is of where the lab file does not say: its card's."""
    keys = value.mapping(("version", "binding", "has", "notifications", "needs_admin_protocol", *TIMES))
    said: dict[str, Any] = {"version": version}
    if "version" in keys:
        said["version"] = keys["version"].choice(*ESIPA_LACKING_IN) or version
    if "binding" in keys:
        said["binding"] = keys["binding"].choice(*BINDINGS) or "asn1"
        if said["binding"] == "json" and said["version"] == "1.0.1":
            keys["binding"].fault(
                "an IPA of SGP.32 v1.0.1 is not simulated in JSON: what v1.0.1 calls the members is not known",
                "write `asn1`, or another `version` of the IPA",
            )
    if "has" in keys:
        said["has"] = tuple(word for item in keys["has"].items() if (word := item.choice(*CAPABILITIES)) is not None)
    if "notifications" in keys:
        said["notifications"] = keys["notifications"].choice(*ROUTES) or "smdp"
    if "needs_admin_protocol" in keys:
        said["needs_admin_protocol"] = bool(keys["needs_admin_protocol"].boolean())
    for name in TIMES:
        seconds = read_seconds(keys[name]) if name in keys else None
        if seconds == 0:
            keys[name].fault("an IPA that does not wait never ends")
        elif seconds is not None:
            said[name] = seconds
    return SimulatedIpa(**said)


def settings_of(ipa: SimulatedIpa) -> IpaSettings:
    """The settings that its firmware runs with."""
    from harness.roles.ipa import IpaSettings  # the codec behind it is not needed to read a lab file

    binding: Any = ipa.binding
    route: Any = ipa.notifications
    return IpaSettings(
        version=ipa.version,
        binding=binding,
        features=_bits(ipa.has),
        protocols=frozenset({_RETRIEVE_HTTPS, *([_INJECT_HTTPS] if "injection" in ipa.has else [])}),
        notification_route=route,
        needs_admin_protocol=ipa.needs_admin_protocol,
        polling_interval=ipa.polling_interval,
        polling_intervals={OUR_NAMES.eims[1]: ipa.other_polling_interval},
        first_retry=ipa.first_retry,
        longest_retry=ipa.longest_retry,
        fallback_after=ipa.fallback_after,
        return_after=ipa.return_after,
    )


def _bits(names: Iterable[str]) -> frozenset[int]:
    return frozenset(_BITS[name] for name in names if name in _BITS)
