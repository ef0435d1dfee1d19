"""One visit to one eIM: what waits on the card is delivered, then packages are taken until there are none.

Rules of this room:
- After a package that switched profiles the data path is brought up again before anything is sent. Whether the switch
  stands is decided by delivery of its result: attached is not enough. Where it cannot be delivered and the package
  allowed it, the IPA rolls back and delivers the result of the rollback instead.
- A visit ends at the first trouble with the eIM, and after a bounded number of packages.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.codec import tlv
from harness.roles.es10.eims import EimConfiguration
from harness.roles.es10.packages import PackageAnswer
from harness.roles.ipa import data, triggering
from harness.roles.ipa.activation import UNKNOWN_PACKAGE
from harness.roles.ipa.delivering import Correspondence
from harness.roles.ipa.device import Device
from harness.roles.ipa.local import IMMEDIATE
from harness.roles.ipa.ports import NoAnswer
from harness.roles.ipa.reading import BadReply, number

PACKAGE, DATA_REQUEST, ERROR = 0xBF51, 0xBF52, 0x02
NO_PACKAGE = 1

_SWITCHING_RESULTS = ("enableResult", "disableResult", "rollbackResult")


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
    enabled_at_once: bool = field(default=False, init=False)
    """Whether a profile that was downloaded in this visit was enabled at once."""
    reported: bool = field(default=False, init=False)
    """Whether the eIM has heard of the state change."""
    _taken: int = field(default=0, init=False)

    @property
    def correspondence(self) -> Correspondence:
        """With this eIM."""
        return Correspondence(self.device, self.eim, self.eid)

    def run(self) -> None:
        """The whole visit. Raises NoAnswer and BadReply where the eIM cannot be worked with, and what the card raises."""
        try:
            self.correspondence.deliver_stored_results()
            for _ in range(self.device.settings.most_packages):
                kind = self._take_one()
                if not self.device.rules["polls-again"](kind):
                    break
        finally:
            self.correspondence.deliver_notifications()

    def _take_one(self) -> int:
        """Asks for one package and serves it; returns the tag of what came."""
        rules = self.device.rules
        notify, cause = rules["state-change"](None if self.reported else self.state_change_cause)
        request = self.device.forms.poll(
            rules["eid-told"](self.eid), notify, cause, rules["plmn-told"](self.device.modem.registered_plmn())
        )
        answer = self.correspondence.esipa.ask(request)
        self.reported = True
        choice = answer.children[0] if len(answer.children) == 1 else None
        if choice is None:
            raise BadReply("GetEimPackage answered with more or less than one alternative")
        if choice.tag == ERROR:
            code = number(choice.value)
            if code != NO_PACKAGE:
                raise BadReply(f"GetEimPackage: error {code}")
            return ERROR
        self.serve(choice)
        self._taken += 1
        return choice.tag

    def serve(self, package: tlv.Tlv) -> None:
        """Does what one eIM package asks for and delivers its result."""
        correspondence = self.correspondence
        if package.tag == PACKAGE:
            self._serve_package(package)
        elif package.tag == DATA_REQUEST:
            gathered = data.answer(data.Gathering(self.device, self.eim, package))
            correspondence.deliver(gathered.message, gathered.sequence_numbers)
            self._note_told(gathered.told)
        elif package.tag == triggering.TRIGGER:
            if triggering.serve(package, correspondence):
                self.enabled_at_once = True
                self.state_change_cause = self.device.rules["cause-of-change"](IMMEDIATE)
                self.reported = False
        else:
            answer = self.device.rules["refusal-of-a-package"](self.device.forms.result_error(None, UNKNOWN_PACKAGE))
            if answer:
                correspondence.deliver(answer, frozenset())

    def _note_told(self, tags: frozenset[int]) -> None:
        known = self.device.told.get(self.eim.eim_id, frozenset())
        self.device.told[self.eim.eim_id] = known | tags

    def _serve_package(self, package: tlv.Tlv) -> None:
        device = self.device
        answer = device.card.load_package(package.raw)
        if not is_switch(answer):
            if device.rules["reports-result"](self._taken):
                self.correspondence.deliver_package_result(answer)
            return
        self.switched = True
        attached = device.reconnects()
        delivered = attached and self.correspondence.is_delivered(answer)
        if device.rules["rolls-back"](allows_rollback(package), attached, delivered) and self._roll_back():
            return
        if not delivered:
            raise NoAnswer("the result cannot be delivered over the profile that is enabled now")

    def _roll_back(self) -> bool:
        """Goes back to the profile before and delivers the result of that. False where the card did not roll back."""
        rollback = self.device.card.profile_rollback(refresh_flag=True)
        if rollback.cmd_result != 0 or rollback.package_answer is None:
            return False
        if not (self.device.reconnects() and self.correspondence.is_delivered(rollback.package_answer)):
            raise NoAnswer("the result of the rollback cannot be delivered over the former profile")
        return True


def is_switch(answer: PackageAnswer) -> bool:
    """Whether the package changed which profile is enabled."""
    return any(name in _SWITCHING_RESULTS and value == 0 for name, value in answer.results)


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
