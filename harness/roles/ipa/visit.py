"""One visit to one eIM: what waits on the card is delivered, then packages are taken until there are none.

Rules of this room:
- A result is removed from the card only when the eIM acknowledged its sequence number, a notification only when its
  receiver took it. Whatever else happens, it stays and is offered again at the next visit.
- After a package that switched profiles the data path is brought up again before anything is sent. Whether the switch
  stands is decided by delivery of its result: attached is not enough. Where it cannot be delivered and the package
  allowed it, the IPA rolls back and delivers the result of the rollback instead.
- A visit ends at the first trouble with the eIM, and after a bounded number of packages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.codec import tlv
from harness.errors import DeviceFault
from harness.roles.es10 import Es10
from harness.roles.es10.eims import EimConfiguration
from harness.roles.es10.packages import PackageAnswer
from harness.roles.ipa import data, esipa, notifying
from harness.roles.ipa.activation import UNKNOWN_PACKAGE, DownloadTarget, TriggerRefused, target_of
from harness.roles.ipa.direct import DirectServer
from harness.roles.ipa.download import DownloadFailed, Server, download
from harness.roles.ipa.esipa import EsipaClient
from harness.roles.ipa.indirect import IndirectServer
from harness.roles.ipa.ports import HttpPort, ModemPort, NoAnswer
from harness.roles.ipa.reading import BadReply, number, optional
from harness.roles.ipa.settings import DIRECT, INDIRECT, IpaSettings
from harness.rules import Rules

PACKAGE, DATA_REQUEST, DOWNLOAD_TRIGGER, ERROR = 0xBF51, 0xBF52, 0xBF54, 0x02
NO_PACKAGE = 1

_SWITCHING_RESULTS = ("enableResult", "disableResult", "rollbackResult")


@dataclass(frozen=True)
class Device:
    """What a visit works with."""

    card: Es10
    http: HttpPort
    modem: ModemPort
    settings: IpaSettings
    rules: Rules


@dataclass
class Visit:
    """A visit to `eim` of the device with this EID."""

    device: Device
    eim: EimConfiguration
    eid: bytes
    state_change_cause: int | None = None
    """StateChangeCause to report with the first request; None where nothing changed."""
    switched: bool = field(default=False, init=False)
    """Whether a package of this visit changed which profile is enabled."""
    reported: bool = field(default=False, init=False)
    """Whether the eIM has heard of the state change."""
    _taken: int = field(default=0, init=False)

    def run(self) -> None:
        """The whole visit. Raises NoAnswer and BadReply where the eIM cannot be worked with, and what the card raises."""
        try:
            self._deliver_stored_results()
            for _ in range(self.device.settings.most_packages):
                kind = self._take_one()
                if not self.device.rules["polls-again"](kind):
                    break
        finally:
            self._deliver_notifications()

    def _deliver_notifications(self) -> None:
        """Sends what waits on the card to its receivers, each by itself: one that is refused holds up no other."""
        device = self.device
        if device.settings.notification_route == "eim":
            notifying.deliver(device.card, lambda entry: self._esipa.tell(esipa.notification(entry.raw)), device.rules)
        else:
            notifying.deliver(
                device.card, lambda entry: self._smdp(entry.metadata.address).notify(entry.raw), device.rules
            )

    @property
    def _esipa(self) -> EsipaClient:
        return EsipaClient(self.eim, self.device.http, self.device.settings, self.device.rules)

    def _smdp(self, address: str) -> DirectServer:
        return DirectServer(address, self.device.http, self.device.settings, self.device.rules)

    def _deliver_stored_results(self) -> None:
        for stored in self.device.card.retrieve_notifications(results=True).results:
            if stored.eim_id == self.eim.eim_id:
                self._deliver(stored.raw, _numbers(stored))

    def _take_one(self) -> int:
        """Asks for one package and serves it; returns the tag of what came."""
        rules = self.device.rules
        notify, cause = rules["state-change"](None if self.reported else self.state_change_cause)
        request = esipa.get_eim_package(
            rules["eid-told"](self.eid), notify, cause, rules["plmn-told"](self.device.modem.registered_plmn())
        )
        answer = self._esipa.ask(request)
        self.reported = True
        choice = answer.children[0] if len(answer.children) == 1 else None
        if choice is None:
            raise BadReply("GetEimPackage answered with more or less than one alternative")
        if choice.tag == ERROR:
            code = number(choice.value)
            if code != NO_PACKAGE:
                raise BadReply(f"GetEimPackage: error {code}")
            return ERROR
        self._serve(choice)
        self._taken += 1
        return choice.tag

    def _serve(self, package: tlv.Tlv) -> None:
        if package.tag == PACKAGE:
            self._serve_package(package)
        elif package.tag == DATA_REQUEST:
            gathered = data.answer(
                data.Gathering(self.device.card, self.eim, self.device.settings, self.device.rules, package)
            )
            self._deliver(gathered.message, gathered.sequence_numbers)
        elif package.tag == DOWNLOAD_TRIGGER:
            self._serve_trigger(package)
        else:
            self._deliver(esipa.result_error(None, UNKNOWN_PACKAGE), frozenset())

    # packages

    def _serve_package(self, package: tlv.Tlv) -> None:
        device = self.device
        answer = device.card.load_package(package.raw)
        switched = any(answer_ok(answer, name) for name in _SWITCHING_RESULTS)
        if not switched:
            self._deliver_package_result(answer)
            return
        self.switched = True
        self._settle()
        attached = device.rules["reconnects"](device.modem)
        delivered = attached and self._is_delivered(answer)
        if device.rules["rolls-back"](allows_rollback(package), attached, delivered) and self._roll_back():
            return
        if not delivered:
            raise NoAnswer("the result cannot be delivered over the profile that is enabled now")

    def _settle(self) -> None:
        """Has a card that wants a reset after a change of profile reset, so that the modem meets the profile of now."""
        self.device.card.get_eid()

    def _is_delivered(self, answer: PackageAnswer) -> bool:
        for _ in range(self.device.settings.delivery_attempts):
            try:
                self._deliver_package_result(answer)
                return True
            except (NoAnswer, BadReply):
                continue
        return False

    def _roll_back(self) -> bool:
        """Goes back to the profile before and delivers the result of that. False where the card did not roll back."""
        device = self.device
        rollback = device.card.profile_rollback(refresh_flag=True)
        if rollback.cmd_result != 0 or rollback.package_answer is None:
            return False
        self._settle()
        if not (device.rules["reconnects"](device.modem) and self._is_delivered(rollback.package_answer)):
            raise NoAnswer("the result of the rollback cannot be delivered over the former profile")
        return True

    def _deliver_package_result(self, answer: PackageAnswer) -> None:
        rules = self.device.rules
        if not rules["reports-result"](self._taken):
            return
        result, numbers = rules["package-result"](answer.raw), _numbers(answer)
        if self.device.settings.notification_route == "eim":
            pending = self.device.card.retrieve_notifications().pending
            if pending:
                result = esipa.result_with_notifications(result, (entry.raw for entry in pending))
                numbers |= {entry.metadata.sequence_number for entry in pending}
        self._deliver(result, numbers)

    def _deliver(self, result: bytes, numbers: frozenset[int]) -> None:
        """Offers one EimPackageResult and removes from the card what the eIM acknowledges of `numbers`."""
        answer = self._esipa.ask(esipa.provide_result(self.device.rules["eid-told"](self.eid), result))
        choice = answer.children[0] if len(answer.children) == 1 else None
        if choice is None or choice.tag == ERROR:
            code = "" if choice is None else f" error {number(choice.value)}"
            raise BadReply(f"ProvideEimPackageResult was answered with{code or 'out one alternative'}")
        acknowledged = [number(entry.value) for entry in choice.children] if choice.tag == 0xBF53 else []
        for sequence_number in self.device.rules["results-to-remove"](numbers, acknowledged):
            self.device.card.remove_notification(sequence_number)

    # downloads

    def _serve_trigger(self, trigger: tlv.Tlv) -> None:
        device = self.device
        transaction = device.rules["echoed-transaction-id"](optional(trigger, 0x82))
        try:
            target = target_of(trigger, device.settings)
            server = self._server(target, optional(trigger, 0x82))
        except TriggerRefused as refusal:
            self._deliver(esipa.result_error(transaction, refusal.code), frozenset())
            return
        numbers: frozenset[int] = frozenset()
        try:
            installed = download(device.card, server, target, device.settings)
            result = device.rules["download-result"](installed.raw)
            numbers = frozenset({installed.sequence_number})
        except DownloadFailed as failure:
            result = device.rules["download-error"](failure.response)
        except DeviceFault:
            result = device.rules["download-error"](b"")
        echo = b"" if transaction is None else tlv.build(0x82, transaction)
        if result:
            self._deliver(tlv.build(DOWNLOAD_TRIGGER, echo, result), numbers)

    def _server(self, target: DownloadTarget, transaction: bytes | None) -> Server:
        """The way to the SM-DP+: through the eIM where both sides allow it, else direct. Raises TriggerRefused."""
        features = self.device.settings.features
        address = target.address
        if target.uses_default_address:
            address = self.device.card.get_configured_addresses().default_dp_address
        if self.eim.allows_indirect_download and INDIRECT in features:
            return IndirectServer(self._esipa, address, transaction)
        if DIRECT not in features or not address:
            raise TriggerRefused("no SM-DP+ address to go to directly")
        return self._smdp(address)


def _numbers(answer: PackageAnswer) -> frozenset[int]:
    return frozenset() if answer.sequence_number is None else frozenset({answer.sequence_number})


def answer_ok(answer: PackageAnswer, name: str) -> bool:
    """Whether the package has a result of this name that is ok."""
    return any(found == name and value == 0 for found, value in answer.results)


def allows_rollback(package: tlv.Tlv) -> bool:
    """Whether an enable in the package carries the rollback flag."""
    commands = package.find(0x30, 0xA0)
    if commands is None:
        return False
    return any(command.tag == 0xA3 and command.find(0x05) is not None for command in commands.children)


def polls_again(kind: int) -> bool:
    """Whether to ask at once for another package: as long as there was one."""
    return kind != ERROR


def state_change(cause: int | None) -> tuple[bool, int | None]:
    """notifyStateChange and stateChangeCause for the next request."""
    return cause is not None, cause


def rolls_back(allowed: bool, attached: bool, delivered: bool) -> bool:
    """Whether to roll back after a switch: where it is allowed and the result did not get through."""
    return allowed and not delivered


def results_to_remove(sent: frozenset[int], acknowledged: Iterable[int]) -> list[int]:
    """Which entries to remove from the card: those just sent that the eIM acknowledged."""
    return [sequence_number for sequence_number in acknowledged if sequence_number in sent]


def download_error(response: bytes) -> bytes:
    """profileDownloadError with the reason undefinedError and what refused the download."""
    detail = tlv.build(0x04, response) if response else b""
    return tlv.build(0x30, tlv.integer(0x80, 127), detail)
