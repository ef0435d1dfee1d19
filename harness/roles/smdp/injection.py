"""Faults that a tester has the SM-DP+ commit on purpose: slow, lost, badly signed, wrongly certified answers.

Rules of this room:
- An injected fault is asked for by name, is spent after so many answers, and everything it spoils is told as injected: as
  an event, and in the record beside the answer.
- A fault of the answer changes entries of the rule table for one call; a fault of its delivery is left to the endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.roles.smdp.events import FaultInjected
from harness.roles.smdp.identity import Credentials
from harness.rules import Rules

LATENCY, DROP = "latency", "drop"
DEFAULT_LATENCY = 5.0
"""Seconds."""
_SIGNED = ("initiateAuthentication", "authenticateClient", "getBoundProfilePackage")

Change = Callable[[Rules], Rules]


@dataclass(frozen=True, slots=True)
class Injectable:
    """One fault that can be asked for."""

    summary: str
    functions: tuple[str, ...]
    """Where it shows; empty: in any function."""
    change: Change | None = None
    """How the rule table differs for the call; None for a fault of delivery."""


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault that was asked for and is not spent yet."""

    name: str
    functions: tuple[str, ...]
    left: int
    """How many answers it still spoils."""
    seconds: float = 0.0

    @property
    def change(self) -> Change | None:
        """How the rule table differs for the call."""
        return INJECTABLE[self.name].change

    def applies(self, function: str) -> bool:
        """Whether it spoils an answer of this function."""
        return not self.functions or function in self.functions


def injection(name: str, function: str = "", times: int = 1, seconds: float = DEFAULT_LATENCY) -> Injection:
    """The fault of this name, in one function or wherever it shows.

    Raises ValueError for an unknown name, for a function where the fault cannot show, and for no times at all.
    """
    known = INJECTABLE.get(name)
    if known is None:
        raise ValueError(f"no fault is called {name!r}; known: {', '.join(INJECTABLE)}")
    if function and known.functions and function not in known.functions:
        raise ValueError(f"{name} shows in {', '.join(known.functions)}, not in {function}")
    if times < 1:
        raise ValueError("a fault is injected once at least")
    return Injection(name, (function,) if function else known.functions, times, seconds if name == LATENCY else 0.0)


def after_one_more(fault: Injection) -> Injection | None:
    """What is left of a fault when it has spoilt one more answer."""
    return replace(fault, left=fault.left - 1) if fault.left > 1 else None


def told(function: str, fault: str) -> FaultInjected | None:
    """What is told of an injected fault."""
    return FaultInjected(function, fault)


def _around(names: tuple[str, ...], wrapper: Callable[..., Any]) -> Change:
    def change(rules: Rules) -> Rules:
        for name in names:
            inner = rules[name]
            rules = rules.replacing(name, lambda *given, inner=inner: wrapper(inner, *given))
        return rules

    return change


def _one_bit_off(inner: Callable[..., bytes], *given: Any) -> bytes:
    signature = inner(*given)
    return bytes([signature[0] ^ 1]) + signature[1:]


def _of_the_other_role(rules: Rules) -> Rules:
    return rules.replacing("server-certificate", _binding).replacing("smdp-certificate", _authenticating)


def _binding(credentials: Credentials) -> bytes:
    return credentials.pb_certificate


def _authenticating(credentials: Credentials) -> bytes:
    return credentials.auth_certificate


def _other_challenge(inner: Callable[..., bytes], session: Any, identity: Any) -> bytes:
    return inner(replace(session, euicc_challenge=bytes(len(session.euicc_challenge))), identity)


INJECTABLE: Mapping[str, Injectable] = {
    LATENCY: Injectable("The answer comes late.", ()),
    DROP: Injectable("The connection is reset in place of an answer, after the function was executed.", ()),
    "corrupt-signature": Injectable(
        "One bit of the signature is wrong: serverSignature1, smdpSignature2 or that of InitialiseSecureChannel.",
        _SIGNED,
        _around(("server-signature1", "smdp-signature2", "smdp-sign"), _one_bit_off),
    ),
    "wrong-certificate": Injectable(
        "The certificate is that of the other role: DPpb for DPauth, DPauth for DPpb.", _SIGNED[:2], _of_the_other_role
    ),
    "wrong-challenge": Injectable(
        "serverSigned1 holds another challenge than the eUICC's.",
        _SIGNED[:1],
        _around(("server-signed1",), _other_challenge),
    ),
}
