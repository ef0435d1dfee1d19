"""A card that its module hides is brought into a state through our eIM, as its owner would do it: over polls.

Rules of this room:
- What is known of the card is what its IPA tells our eIM and what it signs: nothing else is seen of it.
- The eIM and the SM-DP+ that prepare are others than those of the case, so that a case sees no message of the preparation.
  Counters and tokens go on from one to the other, since the card has one eIM.
- Our eIM stays, and so does whatever is not ours: the profile that is the device's way to us, and eIMs of others.
- What no eIM may do is not done another way: the case is withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.codec import tlv
from harness.conformance.case import State
from harness.conformance.ours.parties import Parties, prepared_card
from harness.conformance.preparing.hidden_profiles import Changes, Listed, changes_for
from harness.conformance.preparing.hidden_visits import HIDDEN, Visits
from harness.errors import DeviceFault, DeviceSilent, HarnessError, Withheld
from harness.lab.file.features import LACKING_IN
from harness.lab.ledger import ledger_of
from harness.lab.parties import new_eim
from harness.roles.eim import OMITTED, TOKEN_REQUESTED, Eim
from harness.roles.eim.commands import (
    add_eim,
    configure_immediate_enable,
    delete_eim,
    list_eim,
    list_profile_info,
    set_default_dp_address,
)
from harness.roles.eim.events import DataReceived
from harness.roles.eim.state import Device, Operation
from harness.roles.es10.identity import EuiccInfo2
from harness.roles.es10.versions import version_named

if TYPE_CHECKING:
    from harness.lab.benches.module_bench import ModuleBench
    from harness.roles.eim.commands import Command
    from harness.roles.eim.ports import HttpPort

LEFT_BEHIND = (0xA0, 0x81, 0xA2)
"""Notifications and results that the card still keeps: whoever takes them lets it forget them; and its default SM-DP+."""
_LISTED = (0x5A, 0x9F70)
_LISTED_WITH_FALLBACK = (*_LISTED, 0x9F67)
_KIT = "`sgp32 lab provisioning-kit {}` writes what it has to be given"
_OURS, _OTHER = 0, 1
_CONFIGURE_IMMEDIATE_ENABLE = b"\xa7"
_INSTALLATION = bytes.fromhex("BF36")


@dataclass(slots=True)
class HiddenCard:
    """What one run knows of a hidden card."""

    devices: dict[int, Device] = field(default_factory=dict)
    """As our eIM (0) knows it, and the other one (1) where it was associated."""
    home: bytes | None = None
    """The ICCID of the profile that is not ours and that the device came to us over; None: it needs none of the card's."""
    address: str = ""
    """The default SM-DP+ address that it came with."""
    was_listed: bool = False
    offers_indirect_download: bool = True
    """Whether our eIM's configuration on the card says that it carries downloads; that of the kit does."""
    enables_nothing: bool = False
    """Whether a profile surely stays disabled that is downloaded."""
    never_polled: str = ""
    """Why nothing is known of it; empty where it polled, or was not waited for yet."""


class OverPolls:
    """The preparation of one case. `to_smdp` is the eIM's way to the SM-DP+ for downloads that go through it."""

    def __init__(
        self, bench: ModuleBench, label: str, to_smdp: HttpPort, tell_wait: Callable[[str], None] = lambda said: None
    ) -> None:
        self._bench = bench
        self._rack = rack = bench.rack
        label = f"{label}/over-polls"
        self._parties = Parties(rack, label, State(eims=1), trust=bench.slot.trust, names=bench.names)
        self._eims = [
            new_eim(
                rack,
                rack.entropy.child(label),
                number,
                device=bench.device_name,
                http=to_smdp,
                names=bench.names,
                acknowledges_strays=True,
            )
            for number in range(len(bench.eim_servers))
        ]
        self._address = ""
        """The default SM-DP+ address at the last look."""
        self._visits = Visits(bench, self._eims, self._parties, tell_wait)

    # what a case gets

    def reach(self, needs: State) -> None:
        """Brings the card into the state. Raises Withheld for what is out of an eIM's reach, DeviceFault as `states` does."""
        self._can(needs)
        try:
            self._reach(needs)
        finally:  # what was counted was counted, whatever came of it
            for number, device in self._card.devices.items():
                self._card.devices[number] = self._eims[number].state.devices.get(device.eid, device)

    def leave(self) -> None:
        """Takes what cases put on the card off it again, where it was ever reached."""
        if self._card.devices:
            self.reach(State(eims=1))

    def _reach(self, needs: State) -> None:
        is_met = bool(self._card.devices)
        offered = self._card.offers_indirect_download == needs.offers_indirect_download
        several = not is_met or _OTHER in self._card.devices or needs.eims > 1 or not offered
        with self._visits.served(is_met=is_met, are_several=several and len(self._eims) > 1):
            card = self._known()
            if not self._polls_ours():
                self._come_back()
            listed, eims = self._look()
            if card.offers_indirect_download != needs.offers_indirect_download:
                self._configure_anew(needs, eims)
                listed, eims = self._look()
            ours = self._eims[_OURS]
            if not card.was_listed:
                card.home = listed.home([package.iccid for package in self._parties.profiles.values()])
                card.address, card.was_listed = self._address, True
            changes = changes_for(needs, listed, self._parties.profiles, card.home)
            queued, added = self._queue_eims(needs, eims)
            queued += self._queue(changes)
            if self._address != card.address:
                queued.append(self._package(set_default_dp_address(card.address)))
            if queued:
                ended = self._visits.work_off(ours, queued)
                if added is not None:
                    self._take_token(self._eims[_OTHER], ended[queued.index(added)])
                listed, _ = self._look()
            changes.check(listed)
            card.devices = {number: eim.device(self._eid) for number, eim in enumerate(self._eims[: needs.eims])}

    def introduce(self, eims: Sequence[Eim]) -> None:
        """Tells these eIMs what those before them knew of the card."""
        for number, device in self._card.devices.items():
            if number < len(eims):
                _tell(eims[number], device, device.association.token, device.association.counter)

    def remember(self, eims: Sequence[Eim]) -> None:
        """Takes over from these eIMs how far they counted: the card goes on from there, and so does the next case."""
        devices = self._card.devices
        if not devices:
            return
        eid = next(iter(devices.values())).eid
        devices |= {number: eim.device(eid) for number, eim in enumerate(eims) if eid in eim.state.devices}
        packages = [operation.commands for eim in eims for operation in eim.state.operations.values()]
        if any(command.startswith(_CONFIGURE_IMMEDIATE_ENABLE) for commands in packages for command in commands):
            self._card.enables_nothing = False

    # what is known of the card

    @property
    def _card(self) -> HiddenCard:
        key = ("hidden card", self._bench.name)
        found = self._rack.kept.get(key)
        if not isinstance(found, HiddenCard):
            found = self._rack.kept[key] = HiddenCard()
        return found

    @property
    def _eid(self) -> bytes:
        eid = self._bench.known_eid
        assert eid is not None, "it has polled"
        return eid

    def _can(self, needs: State) -> None:
        """Raises Withheld for what nobody can do here."""
        bench, trust = self._bench, self._bench.slot.trust
        if trust.keeps_card or not trust.has_smdp_keys:
            raise Withheld(f"{HIDDEN}: it can only be prepared where it believes the lab's own eIM and SM-DP+")
        if bench.simulated is None and bench.slot.reach is None:
            raise Withheld(f"{HIDDEN}, and the device has no way to our eIM", hint="write `reach` for it")
        if not needs.eims:
            raise Withheld(f"{HIDDEN}, and without an eIM nobody could bring it back into a state")
        if needs.eims > len(self._eims):
            raise Withheld(f"{HIDDEN}, and the device has no name for a second eIM", hint="write `other_eim_fqdn`")
        if needs.exact:
            raise Withheld(f"{HIDDEN}: nobody can tell that there is nothing else on it")
        if not needs.offers_indirect_download:
            self._can_configure_anew()
        if self._card.never_polled:
            raise Withheld(self._card.never_polled, hint=_KIT.format(bench.slot.name))

    def _can_configure_anew(self) -> None:
        said = f"{HIDDEN}: the case needs an eIM that offers no indirect downloads, and it was given one that does"
        if len(self._eims) < 2:
            raise Withheld(f"{said}, which only a second eIM could replace", hint="write `other_eim_fqdn`")
        sparing = self._bench.slot.sparing
        if sparing is not None and "removes-eim" not in sparing.allow:
            raise Withheld(f"{said}, which would have to be deleted first", hint="`allow: [removes-eim]` of the slot")

    def _known(self) -> HiddenCard:
        """The card, made known to our eIMs; the first time of a run its IPA is asked who it is."""
        card = self._card
        if not card.devices and self._bench.simulated is not None:
            self._provision(card)
        if card.devices:
            self.introduce(self._eims)
        else:
            self._meet(card)
        return card

    def _provision(self, card: HiddenCard) -> None:
        """A simulated device comes out of the factory with our eIM."""
        config = self._bench.config
        assert config is not None
        prepared = prepared_card(self._rack, config, State(eims=1))
        self._bench.restore(prepared.snapshot)
        identity = self._rack.pki.euicc_identity("nist", config.eid)
        [association] = prepared.associations
        card.devices[_OURS] = Device(
            config.eid,
            association,
            identity.certificate,
            identity.eum_certificate,
            version=config.version,
            ipa_version=self._bench.ipa_version,
        )

    def _meet(self, card: HiddenCard) -> None:
        """Waits for the device's first poll and asks its IPA for what makes its card's results believed.

        Raises DeviceSilent for a device that the lab has heard before, Withheld for one that nobody has.
        """
        try:
            asked = self._visits.meet()
        except DeviceSilent as silence:
            known = {eid for eim in self._eims for eid in eim.remembered}
            if known and self._bench.known_eid in (None, *known):
                raise
            card.never_polled = f"{HIDDEN}, and the device has never polled our eIM: {silence}"
            raise Withheld(card.never_polled, hint=_KIT.format(self._bench.slot.name)) from silence
        if self._bench.known_eid is None:
            raise Withheld(f"{HIDDEN}, and the device's polls do not say which EID it has")
        if asked is None:
            raise DeviceFault("the device polls, and does not answer a request for IpaEuiccData")
        told = asked.device(self._eid)
        if told.euicc_certificate is None:
            raise Withheld(
                f"{HIDDEN}, and its IPA tells no eUICC certificate under the lab's CI: no result is believed"
            )
        with suppress(HarnessError):  # an EUICCInfo2 that cannot be read is for the cases to judge
            info = EuiccInfo2.of(b"" if told.data is None else told.data.euicc_info2 or b"")
            self._bench.hear_info(info)
            told = replace(told, version=version_named(info.iot_versions), ipa_version=self._bench.ipa_version)
        for eim in self._eims:
            data = eim.device(self._eid).data
            _tell(eim, told, None if data is None else data.fields.get("associationToken"), None)
        card.devices = {
            number: eim.device(self._eid)
            for number, eim in enumerate(self._eims)
            if number == _OURS or eim.device(self._eid).data is not None
        }

    # our eIMs

    def _polls_ours(self) -> bool:
        """Whether the device polls our eIM: a case may have left it with the other one alone."""
        if _OTHER not in self._card.devices:
            return True  # nobody else could bring it back: where it is silent, that is said when it is waited for
        polled = self._visits.polled()
        return self._eims[_OURS] in polled or not polled

    def _come_back(self) -> None:
        """The other eIM adds ours again."""
        ours, other = self._eims
        command = add_eim(ours.configuration(association_token=TOKEN_REQUESTED))
        [added] = self._visits.work_off(other, [other.queue_package(self._eid, command)])
        ours.associate(self._eid, counter=0)
        self._take_token(ours, added)
        self._card.offers_indirect_download = True

    def _configure_anew(self, needs: State, listed: Sequence[str]) -> None:
        """Has the other eIM delete ours and add it with another offer: no update takes an offer out of a configuration."""
        ours, other = self._eims
        queued, added = self._queue_eims(State(eims=2), listed)
        assert added is not None
        self._take_token(other, self._visits.work_off(ours, queued)[queued.index(added)])
        self._card.devices[_OTHER] = other.device(self._eid)  # from here on it can bring ours back
        offer = None if needs.offers_indirect_download else OMITTED
        configuration = ours.configuration(association_token=TOKEN_REQUESTED, indirectProfileDownload=offer)
        exchange = delete_eim(ours.identity.eim_id), add_eim(configuration)
        [exchanged] = self._visits.work_off(other, [other.queue_package(self._eid, *exchange)])
        ours.associate(self._eid, counter=0)
        self._take_token(ours, exchanged)
        self._card.offers_indirect_download = needs.offers_indirect_download

    def _queue_eims(self, needs: State, listed: Sequence[str]) -> tuple[list[bytes], bytes | None]:
        """Queues what takes the other eIM off the card, and puts it there anew: all of it, and the addEim."""
        if len(self._eims) == 1:
            return [], None
        ours, other = self._eims
        queued = [self._package(delete_eim(other.identity.eim_id))] if other.identity.eim_id in listed else []
        if needs.eims < 2:
            return queued, None
        _tell(other, ours.device(self._eid), 0, 0)
        added = self._package(add_eim(other.configuration(association_token=TOKEN_REQUESTED)))
        return [*queued, added], added

    def _take_token(self, eim: Eim, added: Operation) -> None:
        """Has an eIM take the token that the card gave it when it was added."""
        kind, value = _result(added, "addEimResult")
        eim.associate(self._eid, association_token=value if kind == "associationToken" else 0)

    # what is asked of the card

    def _look(self) -> tuple[Listed, tuple[str, ...]]:
        """The card's profiles and the names of its eIMs; what cases left behind of notifications and results goes."""
        ours, eid = self._eims[_OURS], self._eid
        lacks = {*self._bench.lacks, *LACKING_IN[ours.device(eid).version]}
        tags = _LISTED if "fallback" in lacks else _LISTED_WITH_FALLBACK
        optional = []
        if not self._card.enables_nothing and "immediate-enable" not in lacks:
            optional = [self._package(configure_immediate_enable(enabled=False))]
        left = ours.queue_data_request(eid, LEFT_BEHIND)
        profiles, eims = self._package(list_profile_info(tags)), self._package(list_eim())
        asked = [left, profiles, eims, *optional]
        # A card without immediate enabling need not have said that it is one, and enables nothing either.
        _, profiles_listed, eims_listed, *_ = self._visits.work_off(ours, asked, may_fail=optional)
        self._card.enables_nothing = True
        told = [event.fields for event in ours.events if isinstance(event, DataReceived)]
        self._address = told[-1].get("defaultSmdpAddress", "") if told else ""
        entries = _listed(profiles_listed, "listProfileInfoResult", "profileInfoListOk")
        known = _listed(eims_listed, "listEimResult", "eimIdList")
        return Listed.of(entries), tuple(entry["eimId"] for entry in known)

    def _queue(self, changes: Changes) -> list[bytes]:
        """Queues what the changes are, in their order."""
        ours, parties = self._eims[_OURS], self._parties
        queued = [self._package(*commands) for commands in changes.before]
        for name in changes.downloads:
            self._note(_INSTALLATION)
            code = parties.smdp.order(parties.profiles[name]).activation_code
            queued.append(ours.queue_download(self._eid, activation_code=code))
        return queued + [self._package(*commands) for commands in changes.after]

    def _package(self, *commands: Command) -> bytes:
        """Queues a package of our eIM."""
        transaction = self._eims[_OURS].queue_package(self._eid, *commands)
        operation = self._eims[_OURS].operation(transaction)
        self._note(tlv.build(0xBF51, tlv.build(0x30, tlv.build(operation.commands_tag, *operation.commands))))
        return transaction

    def _note(self, request: bytes) -> None:
        """Counts what the card is about to write, where the lab keeps count."""
        ledger = ledger_of(self._bench)
        if ledger is not None:
            ledger.note(request)


def _result(operation: Operation, name: str) -> Any:
    """The first result of this name. Raises DeviceFault where the card gave none."""
    for found, value in operation.results:
        if found == name:
            return value
    raise DeviceFault(f"a package's results have no {name}: {operation.results}")


def _listed(operation: Operation, name: str, alternative: str) -> Any:
    """What a result lists. Raises DeviceFault for an error in its place."""
    kind, value = _result(operation, name)
    if kind != alternative:
        raise DeviceFault(f"{name} is no list: {kind} {value}")
    return value


def _tell(eim: Eim, device: Device, token: int | None, counter: int | None) -> None:
    """Makes the card known to an eIM: as it is, and how far they counted. None: as the eIM remembers."""
    eim.associate(
        device.eid,
        euicc_certificate=device.euicc_certificate,
        eum_certificate=device.eum_certificate,
        association_token=token,
        counter=counter,
        version=device.version,
        ipa_version=device.ipa_version,
    )
