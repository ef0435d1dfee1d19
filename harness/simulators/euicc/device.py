"""What every function of the card works with, and what it hands back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from harness.codec import tlv
from harness.crypto import ecdsa
from harness.crypto.entropy import Entropy
from harness.rules import Rules
from harness.simulators.euicc import serial
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.credentials import Identity
from harness.simulators.euicc.memory import Memory
from harness.simulators.euicc.session import Session
from harness.simulators.euicc.state import CardState


class Purpose(StrEnum):
    """What a signature of the card is for."""

    AUTHENTICATION = "authentication"
    PREPARATION = "preparation"
    INSTALLATION = "installation"
    NOTIFICATION = "notification"
    CANCELLATION = "cancellation"
    PACKAGE = "package"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an ES10 function comes to. Nothing of it happens before the card committed `state`."""

    response: bytes
    state: CardState | None = None
    """The next state; None leaves everything as it is."""
    switched: bool = False
    """The enabled profile changed, and the terminal has to learn of it."""


class Device:
    """The card as its functions see it."""

    def __init__(
        self,
        config: CardConfig,
        identities: Sequence[Identity],
        memory: Memory,
        entropy: Entropy,
        rules: Rules,
    ) -> None:
        self.config = config
        self.identities = tuple(identities)
        self.entropy = entropy
        self.rules = rules
        self.memory = memory
        self.state = CardState()
        self.session = Session()

    def commit(self, state: CardState) -> None:
        """Makes `state` the card's state. A power cut leaves the old one or this one, nothing between."""
        for written in self.rules["states-written"](self.state, state):
            self.memory.store(serial.to_bytes(written))
        self.state = state

    def identity(self, ci_key_id: bytes | None = None) -> Identity | None:
        """The identity under a CI, by its subject key identifier; without one, the identity that is preferred."""
        if ci_key_id is None:
            return self.identities[0]
        matches = self.rules["ci-key-matches"]
        return next((identity for identity in self.identities if matches(identity.ci_key_id, ci_key_id)), None)

    def signature(self, purpose: Purpose, message: bytes, ci_key_id: bytes | None = None) -> bytes:
        """A signature over `message` as TLV 5F37, by the key under a CI or, where that is gone, the preferred one."""
        identity = self.identity(ci_key_id) or self.identities[0]
        return tlv.build(0x5F37, self.rules["euicc-signature"](purpose, identity.private_key, message))


def ci_key_matches(ours: bytes, named: bytes) -> bool:
    """A CI is named by the whole of its subject key identifier."""
    return ours == named


def at_once(_former: CardState, state: CardState) -> tuple[CardState, ...]:
    """What is written, in order, for a change of state: the new one, as a whole."""
    return (state,)


def signed_by(_purpose: Purpose, key: EllipticCurvePrivateKey, message: bytes) -> bytes:
    """r‖s of 64 octets, whatever it is for."""
    return ecdsa.sign(key, message)
