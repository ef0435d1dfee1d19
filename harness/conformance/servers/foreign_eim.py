"""The eIM of somebody else from its operator's side: the twin of our reference eIM that is only asked.

Rules of this room:
- Everything goes through the operator's side that the lab file names; nothing is concluded that it did not tell.
- A case's devices have EIDs that the eIM has never heard of, and are forgotten when the case is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from harness.codec import DecodeError, decode
from harness.conformance.devices.euicc import certificates_for
from harness.conformance.servers.foreign_orders import data_order, package_order
from harness.conformance.servers.foreign_views import Answer, ForeignDevice, ForeignOperation, event_of
from harness.crypto.certificates import Certificate
from harness.crypto.ecdsa import public_key_info
from harness.crypto.errors import CertificateError
from harness.errors import DeviceFault, LabFault, Withheld
from harness.lab.queueing.side import OperatorSide, Refused
from harness.roles.eim.data_requests import EVERYTHING
from harness.roles.eim.state import Association

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from harness.conformance.devices.euicc import EuiccUnderTest
    from harness.roles.eim.commands import Command
    from harness.roles.eim.events import Event

_SOON = 0.001
"""Seconds in which something expires that is to expire now: nothing may expire at once."""
_INJECTION = "the lab's protocol has no operation for packages that an eIM brings to a device by itself"
_NEW_KEY = "the lab's protocol has no operation that changes the key of an eIM"


@dataclass(frozen=True, slots=True)
class ForeignIdentity:
    """Who it is, as its EimConfigurationData says."""

    eim_id: str
    fqdn: str | None
    public_key_info: bytes
    ci_key_id: bytes | None
    """euiccCiPKId; None where it leaves the CI to the card."""


class ForeignEim:
    """One eIM and the devices of one case."""

    def __init__(self, side: OperatorSide, now: Callable[[], float]) -> None:
        """`now` is the clock that cases reckon with. Raises LabFault where the eIM does not say who it is."""
        self._side = side
        self._now = now
        self._agreed: dict[bytes, Association] = {}
        octets = self._ask("eim").octets("configuration", due=True) or b""
        try:
            self._configuration = dict(decode("EimConfigurationData", octets))
            self.identity = _identity(self._configuration)
        except (DecodeError, CertificateError) as fault:
            hint = "`configuration` is what the eIM would have a card told, in DER and hexadecimal"
            raise LabFault(f"the eIM's configuration cannot be used: {fault}", hint=hint) from fault

    def configuration(self) -> dict[str, Any]:
        """As it gave it."""
        return dict(self._configuration)

    def meet(self, card: EuiccUnderTest) -> None:
        """Associates it with a card, and the card with it. Raises DeviceFault where the card does not take it."""
        answer = card.add_initial_eim([self.configuration()])
        if answer.error is not None or len(answer.entries) != 1:
            raise DeviceFault(f"a conforming card does not take the eIM's configuration: {answer.raw.hex().upper()}")
        certificates = certificates_for(card, self.identity.ci_key_id)
        self.associate(
            card.eid,
            euicc_certificate=certificates.euicc,
            eum_certificate=certificates.eum,
            association_token=answer.entries[0] or 0,
            counter=self._configuration.get("counterValue", 0),
            version=card.dialect.schema,
        )

    def leave(self) -> None:
        """Has it forget every device of the case."""
        while self._agreed:
            eid, _ = self._agreed.popitem()
            with suppress(Refused):  # one that cannot forget keeps a device that nobody will ask for again
                self._side.ask("forget", eid=eid.hex())

    # What an operator does

    @property
    def events(self) -> Sequence[Event]:
        """Those that cases look for, device by device."""
        found = []
        for eid in self._agreed:
            listed = self._listed("events", eid=eid.hex())
            found += [event for one in listed if (event := event_of(eid, one)) is not None]
        return tuple(found)

    def associate(
        self,
        eid: bytes,
        *,
        euicc_certificate: bytes | None = None,
        eum_certificate: bytes | None = None,
        association_token: int | None = None,
        counter: int | None = None,
        version: str | None = None,
        ipa_version: str | None = None,
    ) -> ForeignDevice:
        """Makes a device known, or changes what is known of it."""
        given = {
            "counter": counter,
            "association_token": association_token,
            "euicc_certificate": None if euicc_certificate is None else euicc_certificate.hex(),
            "eum_certificate": None if eum_certificate is None else eum_certificate.hex(),
            "version": version,
            "ipa_version": ipa_version,
        }
        told = {name: value for name, value in given.items() if value is not None}
        before = self._agreed.get(eid, Association())
        self._agreed[eid] = Association(
            before.counter if counter is None else counter,
            before.token if association_token is None else association_token,
        )
        return ForeignDevice(self._ask("associate", eid=eid.hex(), association=told), self._agreed[eid])

    def dissociate(self, eid: bytes) -> None:
        """Forgets a device."""
        self._side.ask("forget", eid=eid.hex())

    def device(self, eid: bytes | None = None) -> ForeignDevice:
        """One device of the case. Raises LookupError."""
        which = self._only() if eid is None else eid
        return ForeignDevice(self._ask("device", eid=which.hex()), self._agreed[which])

    def operation(self, transaction_id: bytes) -> ForeignOperation:
        """One operation."""
        return ForeignOperation(self._ask("operation", number=transaction_id.hex()))

    def queue(self, eid: bytes | None = None) -> Sequence[ForeignOperation]:
        """What waits for a device or for its answer."""
        which = self._only() if eid is None else eid
        return tuple(ForeignOperation(one) for one in self._listed("waiting", eid=which.hex()))

    def queue_package(self, eid: bytes | None, *commands: Command | bytes, expires_at: float | None = None) -> bytes:
        """Queues a package; the number that it is answered with, which is to be the eimTransactionId."""
        expires_in = None if expires_at is None else max(_SOON, expires_at - self._now())
        which = self._only() if eid is None else eid
        answer = self._ask("queue", eid=which.hex(), order=package_order(commands, expires_in))
        return answer.octets("number", due=True) or b""

    def queue_data_request(self, eid: bytes | None = None, tags: Iterable[int] = EVERYTHING) -> bytes:
        """Queues a request for IpaEuiccData; the number that it is answered with."""
        which = self._only() if eid is None else eid
        answer = self._ask("queue", eid=which.hex(), order=data_order(tuple(tags)))
        return answer.octets("number", due=True) or b""

    def cancel(self, transaction_id: bytes, now: float = 0.0) -> ForeignOperation:
        """Takes an operation back."""
        return ForeignOperation(self._ask("cancel", number=transaction_id.hex()))

    # What no operator's side outside of this process is asked

    def injection(self, eid: bytes | None = None, now: float = 0.0) -> NoReturn:
        """Not to be had."""
        raise Withheld(_INJECTION)

    def take_injection(self, answer: bytes, eid: bytes | None = None, now: float = 0.0) -> NoReturn:
        """Not to be had."""
        raise Withheld(_INJECTION)

    def take_new_key(self, key: EllipticCurvePrivateKey, certificate: bytes | None = None) -> NoReturn:
        """Not to be had: a key is not told to anybody."""
        raise Withheld(_NEW_KEY)

    def queue_new_key(self, eid: bytes | None = None, *, counter: int | None = None) -> NoReturn:
        """Not to be had."""
        raise Withheld(_NEW_KEY)

    def _only(self) -> bytes:
        if len(self._agreed) != 1:
            raise LookupError(f"{len(self._agreed)} devices are known: name one by its EID")
        return next(iter(self._agreed))

    def _ask(self, operation: str, **fields: Any) -> Answer:
        return Answer.of(operation, self._side.ask(operation, **fields))

    def _listed(self, operation: str, **fields: Any) -> list[Answer]:
        listed = self._side.ask(operation, **fields)
        if not isinstance(listed, list):
            raise LabFault(f"{operation!r} is answered with an object where a list is due")
        return [Answer.of(operation, one) for one in listed]


def _identity(configuration: dict[str, Any]) -> ForeignIdentity:
    """Raises CertificateError, and DecodeError for a configuration without a key."""
    form, key = configuration.get("eimPublicKeyData", ("", b""))
    if not form:
        raise DecodeError("it has no eimPublicKeyData")
    info = key if form == "eimPublicKey" else public_key_info(Certificate(key).public_key)
    return ForeignIdentity(configuration["eimId"], configuration.get("eimFqdn"), info, configuration.get("euiccCiPKId"))
