"""How to speak with a card of each SGP.32 version: what an IPA knows of the differences, as one table.

Rules of this room:
- A card's version is the highest that its iotSpecificInfo announces. What announces nothing is taken for v1.2.
- Values keep the names of v1.2, whatever the version calls them: a caller sees one kind of answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

DEFAULT = "1.2"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One version, as far as the card's client has to know it."""

    schema: str
    """The codec's version."""
    since: tuple[int, int, int]
    """The first iotVersion that it is spoken with."""
    memory_reset: int = 0xBF64
    default_dp_address: int = 0xBF65
    type_names: Mapping[str, str] = field(default_factory=dict)
    """What it calls a type of v1.2."""
    field_names: Mapping[str, str] = field(default_factory=dict)
    """What v1.2 calls a field, or an alternative, of its package results and command answers."""
    more_notification_forms: tuple[int, ...] = ()
    """Alternatives of the answer to RetrieveNotificationsList that v1.2 does not have."""
    signs_eim_signature: bool = False
    """A result's signature may cover the eimSignature of its package where v1.2 has the association token."""

    def type_named(self, name: str) -> str:
        """The name of a v1.2 type in this version's schema."""
        return self.type_names.get(name, name)


DIALECTS: Mapping[str, Dialect] = {
    "1.0.1": Dialect(
        "1.0.1",
        (0, 0, 0),
        memory_reset=0xBF34,
        default_dp_address=0xBF3F,
        type_names={
            "ImmediateEnableRequest": "EnableUsingDDRequest",
            "ImmediateEnableResponse": "EnableUsingDDResponse",
            "ConfigureImmediateProfileEnablingRequest": "ConfigureAutoProfileEnablingRequest",
            "ConfigureImmediateProfileEnablingResponse": "ConfigureAutoProfileEnablingResponse",
        },
        field_names={
            "transactionId": "eimTransactionId",
            "configureAutoEnableResult": "configureImmediateEnableResult",
            "configAutoEnableResult": "configImmediateEnableResult",
            "enableUsingDDResult": "immediateEnableResult",
        },
        more_notification_forms=(0xA3,),
        signs_eim_signature=True,
    ),
    "1.2": Dialect("1.2", (1, 1, 0)),
    "1.3": Dialect("1.3", (1, 3, 0)),
}
V1_2 = DIALECTS[DEFAULT]


def version_named(announced: Iterable[tuple[int, int, int]] | None) -> str:
    """The version to speak with a card that announces these: that of the highest one."""
    highest = max(announced or (), default=DIALECTS[DEFAULT].since)
    return [name for name, dialect in DIALECTS.items() if dialect.since <= highest][-1]
