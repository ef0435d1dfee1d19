"""What goes from the card to one eIM and to SM-DP+s: results and notifications (SGP.32 v1.2 §3.7, §5.14.6, §5.14.7).

Rules of this room:
- A result is removed from the card only when the eIM acknowledged its sequence number, a notification only when its
  receiver took it. Whatever else happens, it stays and is offered again at the next visit.
- A result that the eIM refuses holds up nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.codec import tlv
from harness.roles.es10.eims import EimConfiguration
from harness.roles.es10.notifications import PendingNotification
from harness.roles.es10.packages import PackageAnswer
from harness.roles.ipa import compact, messages, notifying
from harness.roles.ipa.device import Device
from harness.roles.ipa.direct import DirectServer
from harness.roles.ipa.esipa import EsipaClient
from harness.roles.ipa.ports import NoAnswer
from harness.roles.ipa.reading import BadReply, number

_ACKNOWLEDGEMENTS, _ERROR = 0xBF53, 0x02


class ResultRefused(BadReply):
    """The eIM answered a result with an error of its own."""


@dataclass(frozen=True)
class Correspondence:
    """With one eIM, about the device with this EID."""

    device: Device
    eim: EimConfiguration
    eid: bytes

    @property
    def esipa(self) -> EsipaClient:
        """The way to the eIM."""
        return EsipaClient(self.eim, self.device.http, self.device.settings, self.device.rules)

    def smdp(self, address: str) -> DirectServer:
        """The way to an SM-DP+ without the eIM."""
        return DirectServer(address, self.device.http, self.device.settings, self.device.rules)

    @property
    def is_compact(self) -> bool:
        """Whether compact forms are sent."""
        return bool(self.device.rules["sends-compact-forms"](self.device.settings))

    # results

    def deliver(self, result: bytes, numbers: frozenset[int]) -> None:
        """Offers one EimPackageResult and removes from the card what the eIM acknowledges of `numbers`.

        Raises ResultRefused for the eIM's error, else BadReply and NoAnswer.
        """
        rules = self.device.rules
        forms = self.device.forms
        answer = self.esipa.ask(forms.provided(rules["eid-of-results"](self.eid), result))
        choice = forms.response(answer)
        if choice is None:
            raise BadReply("ProvideEimPackageResult was answered without one alternative")
        if rules["is-refusal"](choice.tag):
            raise ResultRefused(f"ProvideEimPackageResult was answered with error {number(choice.value)}")
        self.remove(numbers, acknowledged(choice))

    def remove(self, numbers: frozenset[int], acknowledged: list[int]) -> None:
        """Removes from the card what was sent and acknowledged."""
        for sequence_number in self.device.rules["results-to-remove"](numbers, acknowledged):
            self.device.card.remove_notification(sequence_number)

    def deliver_package_result(self, answer: PackageAnswer) -> None:
        """Offers the card's answer to a package, on the eIM's route with the notifications that it led to."""
        result, numbers = self.device.rules["package-result"](answer.raw), numbers_of(answer)
        if self.device.settings.notification_route == "eim":
            pending = self.device.card.retrieve_notifications().pending
            if pending:
                forms, written = self.device.forms, (self._written(entry) for entry in pending)
                result = forms.result_with_notifications(result, written)
                numbers |= {entry.metadata.sequence_number for entry in pending}
        self.deliver(result, numbers)

    def is_delivered(self, answer: PackageAnswer) -> bool:
        """Whether the card's answer reaches the eIM within the attempts that it gets."""
        for _ in range(self.device.settings.delivery_attempts):
            try:
                self.deliver_package_result(answer)
                return True
            except ResultRefused:
                return True  # it got there
            except (NoAnswer, BadReply):
                continue
        return False

    def deliver_stored_results(self) -> None:
        """Offers what the card still keeps for this eIM, oldest first."""
        stored = self.device.card.retrieve_notifications(results=True).results
        for result in self.device.rules["results-to-deliver"](stored):
            if result.eim_id != self.eim.eim_id:
                continue
            try:
                self.deliver(result.raw, numbers_of(result))
            except ResultRefused:
                if not self.device.rules["goes-on-after-refusal"]():
                    raise

    # notifications

    def deliver_notifications(self) -> None:
        """Sends what waits on the card to its receivers, each by itself."""
        device = self.device
        if device.settings.notification_route == "eim":
            notifying.deliver(device.card, self._through_eim, device.rules)
        else:
            notifying.deliver(
                device.card, lambda entry: self.smdp(entry.metadata.address).notify(entry.raw), device.rules
            )

    def _through_eim(self, entry: PendingNotification) -> bool:
        return self.esipa.tell(messages.notification(self._written(entry)))

    def _written(self, entry: PendingNotification) -> bytes:
        told = self.device.told.get(self.eim.eim_id, frozenset())
        relayed = self.device.relayed.get(self.eim.eim_id, frozenset())
        if self.is_compact and self.device.rules["eim-can-rebuild"](entry.raw, told, relayed):
            return compact.pending_notification(
                entry.raw, self.eid if self.device.forms.names_eid_of_notifications else None
            )
        return entry.raw


def acknowledged(choice: tlv.Tlv) -> list[int]:
    """The sequence numbers that an eIM acknowledges; none where it answers with nothing."""
    return [number(entry.value) for entry in choice.children] if choice.tag == _ACKNOWLEDGEMENTS else []


def numbers_of(answer: PackageAnswer) -> frozenset[int]:
    """The sequence number under which the card keeps a result, if any."""
    return frozenset() if answer.sequence_number is None else frozenset({answer.sequence_number})


def is_refusal(tag: int) -> bool:
    """Whether the alternative of a ProvideEimPackageResultResponse is an error."""
    return tag == _ERROR


def results_to_remove(sent: frozenset[int], acknowledged: list[int]) -> list[int]:
    """Which entries to remove from the card: those just sent that the eIM acknowledged."""
    return [sequence_number for sequence_number in acknowledged if sequence_number in sent]
