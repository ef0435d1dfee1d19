"""The operator's side of an eIM under test, as cases use it: our reference eIM is one, one of somebody else another.

What no operator's side outside of this process can do raises Withheld there, so that the case is not run and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from harness.roles.eim.data_requests import EVERYTHING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from harness.roles.eim.commands import Command
    from harness.roles.eim.data import IpaEuiccData
    from harness.roles.eim.events import Event
    from harness.roles.eim.state import Association


class KnownIdentity(Protocol):
    """Who the eIM is."""

    @property
    def eim_id(self) -> str:
        """eimId."""

    @property
    def fqdn(self) -> str | None:
        """eimFqdn; None where it has none."""

    @property
    def public_key_info(self) -> bytes:
        """The SubjectPublicKeyInfo of the key that it signs packages with, DER."""


class KnownDevice(Protocol):
    """What the eIM knows of a device."""

    @property
    def association(self) -> Association:
        """The last counter and the token."""

    @property
    def euicc_certificate(self) -> bytes | None:
        """DER; None where it knows none."""

    @property
    def profiles(self) -> Mapping[bytes, bool]:
        """Whether each profile (by the ten octets of its ICCID) is enabled."""

    @property
    def data(self) -> IpaEuiccData | None:
        """What the IPA told last about itself and the eUICC."""

    @property
    def ipa_version(self) -> str | None:
        """The SGP.32 version of its IPA, where it was told."""

    @property
    def registered_plmn(self) -> bytes | None:
        """The network that the last poll told of."""


class KnownOperation(Protocol):
    """What became of an operation."""

    @property
    def state(self) -> str:
        """One of `roles.eim.state`: queued, delivered, done, failed, cancelled, expired."""

    @property
    def error_code(self) -> int | None:
        """What the card or the IPA said instead of a result."""

    @property
    def is_open(self) -> bool:
        """Whether a result may still come."""


class EimUnderTest(Protocol):
    """What a case does as the operator of the eIM that it judges. `roles.eim.Eim` says more of each."""

    @property
    def identity(self) -> KnownIdentity:
        """Who it is."""

    @property
    def events(self) -> Sequence[Event]:
        """What it told its operator of the devices of the case, oldest first."""

    def configuration(self) -> dict[str, Any]:
        """Its EimConfigurationData."""

    def associate(self, eid: bytes, *, counter: int | None = None, ipa_version: str | None = None) -> KnownDevice:
        """Makes a device known, or changes the last counter that was used for it, or the SGP.32 version of its IPA."""

    def dissociate(self, eid: bytes) -> None:
        """Forgets a device."""

    def device(self, eid: bytes | None = None) -> KnownDevice:
        """One device; without an EID the only one."""

    def operation(self, transaction_id: bytes) -> KnownOperation:
        """One operation as it stands."""

    def queue(self, eid: bytes | None = None) -> Sequence[KnownOperation]:
        """What waits for a device or for its answer, in order."""

    def queue_package(self, eid: bytes | None, *commands: Command | bytes, expires_at: float | None = None) -> bytes:
        """Queues a package; returns its eimTransactionId."""

    def queue_data_request(self, eid: bytes | None = None, tags: Iterable[int] = EVERYTHING) -> bytes:
        """Queues a request for IpaEuiccData, by tags of v1.2; returns its eimTransactionId."""

    def cancel(self, transaction_id: bytes, now: float = 0.0) -> KnownOperation:
        """Takes an operation back."""

    def injection(self, eid: bytes | None = None, now: float = 0.0) -> bytes:
        """The TransferEimPackageRequest with what waits for a device that the eIM goes to."""

    def take_injection(self, answer: bytes, eid: bytes | None = None, now: float = 0.0) -> bytes:
        """Takes the device's answer to `injection`."""

    def take_new_key(self, key: EllipticCurvePrivateKey, certificate: bytes | None = None) -> None:
        """Makes another signing key the eIM's own."""

    def queue_new_key(self, eid: bytes | None = None, *, counter: int | None = None) -> bytes:
        """Queues the updateEim that tells a device the present signing key."""


def token_of(eim: EimUnderTest) -> int:
    """The association token that the card and this eIM agreed on; 0 where there is none. It is part of every signature."""
    return eim.device().association.token
