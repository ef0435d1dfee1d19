"""What the operator's side of an eIM of somebody else answered, as cases read it.

Rules of this room:
- A member that is absent is not known to the operator: whoever judges by it raises Withheld. One that is null is known to
  be nothing.
- A member of another form than the protocol gives it is the lab's fault, not the device's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import LabFault, Withheld
from harness.roles.eim.data import IpaEuiccData
from harness.roles.eim.events import CounterExhausted, Event, ResultAccepted
from harness.roles.eim.state import CANCELLED, DELIVERED, DONE, EXPIRED, FAILED, QUEUED, Association

STATES = (QUEUED, DELIVERED, DONE, FAILED, CANCELLED, EXPIRED)
_HINT = "lab-config/README.md says how each operation is answered"


@dataclass(frozen=True, slots=True)
class Answer:
    """The object that an operation was answered with."""

    operation: str
    members: Mapping[str, Any]

    @classmethod
    def of(cls, operation: str, answer: Any) -> Answer:
        """Raises LabFault for a list."""
        if not isinstance(answer, dict):
            raise LabFault(f"{operation!r} is answered with a list where an object is due", hint=_HINT)
        return cls(operation, answer)

    def known(self, name: str, *kinds: type) -> Any:
        """A member of one of these types; None where null is written. Raises Withheld where it is absent."""
        if name not in self.members:
            raise Withheld(f"the operator's side of this eIM does not tell `{name}` ({self.operation})", hint=_HINT)
        value = self.members[name]
        if value is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
            raise self._wrong(name, value)
        return value

    def due(self, name: str, *kinds: type) -> Any:
        """A member that may not be missing or null. Raises LabFault."""
        value = self.members.get(name)
        if value is None:
            raise LabFault(f"the answer to {self.operation!r} has no {name!r}", hint=_HINT)
        return self.known(name, *kinds)

    def octets(self, name: str, *, due: bool = False) -> bytes | None:
        """A member that is hexadecimal."""
        word = self.due(name, str) if due else self.known(name, str)
        try:
            return None if word is None else bytes.fromhex(word)
        except ValueError as fault:
            raise self._wrong(name, word) from fault

    def _wrong(self, name: str, value: object) -> LabFault:
        return LabFault(f"the answer to {self.operation!r} has {value!r:.60} as {name!r}", hint=_HINT)


@dataclass(frozen=True, slots=True)
class ForeignDevice:
    """A device as that eIM knows it."""

    answer: Answer
    agreed: Association
    """What it was told of the device when this was made known to it."""

    @property
    def association(self) -> Association:
        """The counter is the eIM's, where it tells one; the token is what the card has."""
        counter = self.answer.members.get("counter", self.agreed.counter)
        return Association(counter if isinstance(counter, int) else self.agreed.counter, self.agreed.token)

    @property
    def euicc_certificate(self) -> bytes | None:
        """DER; None where it knows none."""
        return self.answer.octets("euicc_certificate")

    @property
    def profiles(self) -> Mapping[bytes, bool]:
        """By the ten octets of each ICCID."""
        listed = self.answer.known("profiles", dict) or {}
        try:
            return {bytes.fromhex(iccid): bool(enabled) for iccid, enabled in listed.items()}
        except ValueError as fault:
            raise self.answer._wrong("profiles", listed) from fault

    @property
    def data(self) -> IpaEuiccData:
        """Those two facts that cases look at."""
        address = self.answer.known("default_smdp_address", str)
        features = self.answer.known("ipa_features", list)
        fields = {"defaultSmdpAddress": address, "ipaCapabilities": {"features": tuple(features or ())}}
        return IpaEuiccData(fields)

    @property
    def ipa_version(self) -> str | None:
        """The SGP.32 version of its IPA."""
        version: str | None = self.answer.known("ipa_version", str)
        return version

    @property
    def registered_plmn(self) -> bytes | None:
        """The network that the last poll told of."""
        return self.answer.octets("registered_plmn")


@dataclass(frozen=True, slots=True)
class ForeignOperation:
    """An operation as that eIM tells of it."""

    answer: Answer

    @property
    def state(self) -> str:
        """One of STATES. Raises LabFault for another word."""
        state: str = self.answer.due("state", str)
        if state not in STATES:
            raise LabFault(f"the state {state!r} is none of {', '.join(STATES)}", hint=_HINT)
        return state

    @property
    def error_code(self) -> int | None:
        """What the card or the IPA said instead of a result."""
        code: int | None = self.answer.known("error_code", int)
        return code

    @property
    def is_open(self) -> bool:
        """Whether a result may still come."""
        return self.state in (QUEUED, DELIVERED)


def event_of(eid: bytes, answer: Answer) -> Event | None:
    """One of the events that cases look for; None for any other."""
    kind = answer.due("kind", str)
    if kind == ResultAccepted.__name__:
        value = Answer("events", answer.due("value", dict))
        number = value.octets("transaction_id", due=True) or b""
        return ResultAccepted(0.0, eid, number, None, (), duplicate=bool(value.due("duplicate", bool)))
    if kind == CounterExhausted.__name__:
        return CounterExhausted(0.0, eid, b"", 0)
    return None
