"""The reference eIM as cases and endpoints use it: a facade that holds one state and replaces it as a whole."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from harness.codec import tlv
from harness.errors import DeviceSilent
from harness.roles.eim import esipa, packages, transfer_eim_package
from harness.roles.eim.commands import Command
from harness.roles.eim.context import Outcome
from harness.roles.eim.crafting import PackageChoice, craft
from harness.roles.eim.merging import merged
from harness.roles.eim.operating import Operating
from harness.roles.eim.state import Device, Operation
from harness.roles.eim.versions import DEFAULT


class _Auto:
    """The value that the eIM would choose itself."""

    def __repr__(self) -> str:
        return "AUTO"


AUTO = _Auto()


class Eim(Operating):
    """One eIM. Safe to use from the thread that serves and the thread that a case runs in."""

    # Packages that a case makes

    def package(
        self,
        *commands: Command | bytes,
        eid: bytes | None = None,
        counter: int | None = None,
        transaction_id: bytes | _Auto | None = AUTO,
        eim_id: str | None = None,
        signing_key: EllipticCurvePrivateKey | None = None,
        association_token: int | _Auto = AUTO,
        commands_tag: int | None = None,
    ) -> bytes:
        """A signed eUICC Package, BF51, to be brought to the card by other ways than a poll.

        What is not given is as it should be: the only device, the next counter, a new eimTransactionId (None leaves it
        out), this eIM's name, key and association token. A counter that is given and that an eUICC can take counts as
        used. `eid` may be any 16 octets. `commands_tag` A0 or A1 overrides the list that the commands belong into.
        """
        with self._changed:
            meant = self.device().eid if eid is None else eid
            known = self._state.devices.get(meant) or Device(meant)
            choice = PackageChoice(
                meant,
                packages.command_octets(commands, known.version),
                packages.list_tag(commands) if commands_tag is None else commands_tag,
                self._new_transaction() if isinstance(transaction_id, _Auto) else transaction_id,
                counter,
                eim_id,
                signing_key,
                None if isinstance(association_token, _Auto) else association_token,
            )
            state, message = craft(self._state, choice, self._context)
            self._commit(state)
            return message

    # Messages

    def handle(self, message: bytes, now: float) -> bytes:
        """The ESipa answer to one message; empty where there is none. See `exchange`."""
        return self.exchange(message, now).reply

    def exchange(
        self, message: bytes, now: float, *, spoken: str | None = None, callers: tuple[bytes, ...] = ()
    ) -> Outcome:
        """Handles one message. What it changed is in the store before this returns, so before any package leaves.

        `spoken` is the SGP.32 version of the message itself, where that is not for the device to say; `callers` are the
        EIDs that polled on its connection. Raises LabFault where the store cannot keep it; then nothing has changed. One
        that waits for another server keeps nobody else waiting.
        """
        if not esipa.may_relay(message):
            with self._changed:
                context = replace(self._context, spoken=spoken, callers=callers)
                outcome = esipa.handle(self._state, message, now, context)
                self._commit(outcome.state, outcome.events)
                return outcome
        base, context = self._state, replace(self._context, spoken=spoken, callers=callers)
        outcome = esipa.handle(base, message, now, context)
        with self._changed:
            state = merged(self._state, base, outcome.state)
            self._commit(state, outcome.events)
            return replace(outcome, state=state)

    def injection(self, eid: bytes | None = None, now: float = 0.0) -> bytes:
        """The TransferEimPackageRequest with what waits for a device that the eIM goes to; empty where nothing waits."""
        with self._changed:
            outcome = transfer_eim_package.request(self._state, self.device(eid).eid, now, self._context)
            self._commit(outcome.state, outcome.events)
            return outcome.reply

    def take_injection(self, answer: bytes, eid: bytes | None = None, now: float = 0.0) -> bytes:
        """Takes the device's answer to `injection`; what is to be sent then to acknowledge it, or nothing.

        Raises DecodeError for octets that are no answer.
        """
        with self._changed:
            message = tlv.parse(answer)
            outcome = transfer_eim_package.take(self._state, self.device(eid).eid, message, now, self._context)
            self._commit(outcome.state, outcome.events)
            return outcome.reply

    def take_result(self, answer: bytes, eid: bytes | None = None, now: float = 0.0) -> Outcome:
        """Takes a card's BF51 answer as if an IPA had delivered it with ProvideEimPackageResult."""
        fields = tlv.build(0x5A, self.device(eid).eid), answer
        return self.exchange(tlv.build(0xBF50, *fields), now, spoken=DEFAULT)

    def wait_for(self, transaction_id: bytes, timeout: float = 10.0) -> Operation:
        """The operation once it is closed. `timeout` in real seconds; DeviceSilent when it passes."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self.operation(transaction_id).is_open, timeout):
                state = self.operation(transaction_id).state
                raise DeviceSilent(f"no result within {timeout:g} s: the operation is still {state}")
            return self.operation(transaction_id)
