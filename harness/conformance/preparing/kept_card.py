"""A card that belongs to somebody else: cases start on what is there, and leave it as it was found.

Rules of this room:
- Nothing of the owner's goes away: no memory reset, no deletion of a profile that the lab cannot install again, no removal
  of a notification that was there before.
- Cases use eIMs of their own, which the joined eIM adds for a case and deletes when it is over; those that a case could not
  give back are deleted when the next one starts.
- Where the lab cannot install profiles, the names that a case uses stand for profiles that are on the card.
- What a case needs and the lab lacks withholds it: the case is not run, and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.codec import tlv
from harness.codec.errors import DecodeError
from harness.conformance.case import Case, State
from harness.conformance.devices.euicc import certificates_for
from harness.errors import DeviceFault, Withheld
from harness.lab.file.trust import INITIAL, WATCH, CardTrust
from harness.lab.joining import joined_eim, take_initial, take_up
from harness.profiles import ProfilePackage
from harness.roles.eim import TOKEN_REQUESTED
from harness.roles.eim.commands import add_eim, delete, delete_eim, disable, enable

if TYPE_CHECKING:
    from harness.conformance.devices.euicc import EuiccUnderTest
    from harness.lab.rack import Rack
    from harness.roles.eim import Eim
    from harness.roles.eim.commands import Command
    from harness.roles.es10.download import InstallationAnswer
    from harness.roles.es10.packages import PackageAnswer
    from harness.roles.es10.profiles import ProfileInfo

Download = Callable[[str], "InstallationAnswer"]

_DOWNLOADS = frozenset({"download", "smdp", "ipa", "operator"})
_BY_CODE = frozenset({"ordered_download"})
"""What needs no keys of the lab: where it has none that the card believes, an account at an SM-DP+ does."""
_EIMS = frozenset({"eim", "other_eim", "ipa"})
_READING = frozenset({0xBF20, 0xBF22, 0xBF28, 0xBF2B, 0xBF2D, 0xBF2E, 0xBF3C, 0xBF3E, 0xBF43, 0xBF55, 0xBF56, 0xBF5F})
_MEMORY_RESETS, _PACKAGE, _REMOVAL = (0xBF64, 0xBF34), 0xBF51, 0xBF30
_TAGS = (0x5A, 0x4F, 0x9F70, 0x92, 0x95, 0x99, 0x9F7B, 0x9F67)
"""What is asked of each profile: the default list of tags has neither policy rules nor what a profile is allowed to be."""
_EMERGENCIES = frozenset({0xBF5B, 0xBF5D})
_FALLBACK = frozenset({0xA8, 0xA9})
_ENABLE, _DELETE = 0xA3, 0xA5
_PPR1 = 1
_OK, _LAST_EIM_DELETED = 0, 2
_OPERATIONAL = 2


@dataclass(slots=True)
class KeptCard:
    """What was on the card when the lab first saw it in this run, and the joined eIM."""

    trust: CardTrust
    owner: Eim | None
    """The joined eIM; None where the lab only watches."""
    profiles: tuple[ProfileInfo, ...]
    """The owner's; not those that the lab itself installed and can install again."""
    address: str | None
    notifications: frozenset[int]
    """Sequence numbers of notifications that are not ours to remove."""

    def guard(self, request: bytes) -> None:
        """Looks at a request before the card does. Raises Withheld where it would take from the card what is not ours."""
        try:
            piece = tlv.first(request)
        except DecodeError:  # the head of a bound profile package, or what a case broke
            piece = None
        if self.trust.eim.way == WATCH and (piece is None or piece.tag not in _READING):
            raise Withheld("this card is only watched", hint="join one of its eIMs, see `trust` of the lab file")
        if piece is None:
            return
        if piece.tag in _EMERGENCIES:
            raise Withheld("an emergency or a fallback on the card of somebody else is not ours to begin")
        if piece.tag in _MEMORY_RESETS:
            raise Withheld("a memory reset would take what the card's owner put there")
        if piece.tag == _REMOVAL and self._removed(piece) in self.notifications:
            raise Withheld("the notification was there before the run and is not ours to remove")
        if piece.tag == _PACKAGE:
            if any(command.tag in _FALLBACK for command in self._commands(piece)):
                raise Withheld("the fallback attribute would move from where the card's owner set it")
            if self._named(piece, _DELETE) & {info.iccid for info in self.profiles}:
                raise Withheld("a profile would be deleted that the lab cannot install again")
            if self._named(piece, _ENABLE) & {
                info.iccid for info in self.profiles if _PPR1 in (info.policy_rules or ())
            }:
                raise Withheld("a profile would be enabled that its policy rules do not let go again")

    @classmethod
    def _named(cls, package: tlv.Tlv, command: int) -> set[bytes | None]:
        """The ICCIDs in these commands."""
        asked = [piece.find(0x5A) for piece in cls._commands(package) if piece.tag == command]
        return {iccid.value for iccid in asked if iccid is not None}

    @staticmethod
    def _commands(package: tlv.Tlv) -> tuple[tlv.Tlv, ...]:
        """The PSMOs; none of a package that cannot be read, since no card executes it either."""
        try:
            commands = package.find(0x30, 0xA0)
            return tuple(piece for piece in commands.walk() if piece is not commands) if commands else ()
        except DecodeError:
            return ()

    @staticmethod
    def _removed(piece: tlv.Tlv) -> int:
        number = piece.find(0x80)
        return int.from_bytes(number.value, "big") if number is not None else -1


def kept_card(rack: Rack, name: str, trust: CardTrust, euicc: EuiccUnderTest, eims: Sequence[Eim]) -> KeptCard:
    """The card as it was when this process first asked for it; the joined eIM is taken up then.

    `eims` are those of cases: one that a run left on the card can help the joined one to a counter.
    """
    key = ("kept card", name)
    found = rack.kept.get(key)
    if not isinstance(found, KeptCard):
        owner = None
        if trust.eim.way != WATCH:
            owner = joined_eim(rack, trust.eim, euicc.eid.hex())
            if trust.eim.way == INITIAL:
                take_initial(owner, euicc, euicc.eid, trust.eim)
            else:
                take_up(owner, euicc, euicc.eid, trust.eim, eims)
            owner.associate(euicc.eid, version=euicc.dialect.schema, ipa_version=euicc.ipa_version)
        pending = frozenset(notification.sequence_number for notification in euicc.list_notifications())
        address = euicc.get_configured_addresses().default_dp_address
        ours = {package.iccid for package in rack.profiles.values()} if trust.has_smdp_keys else set()
        profiles = tuple(info for info in euicc.get_profiles_info(_TAGS) if info.iccid not in ours)
        found = rack.kept[key] = KeptCard(trust, owner, profiles, address, pending)
    return found


def withheld(case: Case, trust: CardTrust) -> str:
    """Why a case is not run on a card that the lab has this trust with; empty where nothing speaks against it."""
    asked = set(case.fixtures)
    if trust.eim.way == WATCH and (case.needs != State() or asked & (_EIMS | _DOWNLOADS | _BY_CODE)):
        return "this card is only watched, and the case changes something in it"
    if trust.keeps_card and case.needs.exact:
        return "the case needs a card with nothing on it but what the case puts there"
    if not trust.has_smdp_keys and asked & _DOWNLOADS:
        return "the case takes a profile of the lab's own, and the lab has no SM-DP+ keys that this card believes"
    if trust.keeps_card and not case.needs.eims and asked & _EIMS:
        return "the case starts on a card without an eIM, and this one keeps its own"
    return ""


def reach_kept(
    card: KeptCard,
    needs: State,
    euicc: EuiccUnderTest,
    eims: Sequence[Eim],
    profiles: MutableMapping[str, ProfilePackage],
    download: Download,
) -> None:
    """Brings the card into the state as far as that is ours to do. `profiles` take the names' stand-ins.

    Raises Withheld where the card has not what the state asks for, DeviceFault where it does not go along.
    """
    if card.owner is None:
        return
    _forget_own_notifications(card, euicc)
    _delete_own_eims(card.owner, euicc, eims)
    if needs.profiles or card.trust.has_smdp_keys:
        _profiles_in_place(card, needs, euicc, profiles, download)
    if needs.eims:
        _add_own_eims(card.owner, euicc, eims[: needs.eims])
    _forget_own_notifications(card, euicc)


def leave_as_found(
    card: KeptCard, euicc: EuiccUnderTest, eims: Sequence[Eim], profiles: Mapping[str, ProfilePackage]
) -> None:
    """Takes away what is ours, enables the profile that was enabled and puts the default SM-DP+ address back.

    Raises DeviceFault.
    """
    if card.owner is None:
        return
    _delete_own_eims(card.owner, euicc, eims)
    if card.trust.has_smdp_keys:
        _delete_own_profiles(card.owner, euicc, profiles)
    was = next((info.iccid for info in card.profiles if info.is_enabled), None)
    now = next((info.iccid for info in euicc.get_profiles_info() if info.is_enabled), None)
    if was is not None and now != was:
        _done(card.owner, euicc, enable(was))
    if euicc.get_configured_addresses().default_dp_address != card.address:
        euicc.set_default_dp_address(card.address or "")
    _forget_own_notifications(card, euicc)


def give_back(card: KeptCard, euicc: EuiccUnderTest) -> None:
    """The joined eIM goes too where it was added for the run: the card has none then, as before. Raises DeviceFault."""
    if card.owner is not None and card.trust.eim.way == INITIAL:
        _done(card.owner, euicc, delete_eim(card.owner.identity.eim_id))
        _forget_own_notifications(card, euicc)


def _profiles_in_place(
    card: KeptCard,
    needs: State,
    euicc: EuiccUnderTest,
    profiles: MutableMapping[str, ProfilePackage],
    download: Download,
) -> None:
    assert card.owner is not None
    if not card.trust.has_smdp_keys:
        profiles.update(_stand_ins(card, needs.profiles, profiles))
    else:
        _install(card.owner, euicc, needs, profiles, download)
    wanted = profiles[needs.enabled].iccid if needs.enabled else None
    now = next((info.iccid for info in euicc.get_profiles_info() if info.is_enabled), None)
    if wanted is not None and wanted != now:
        _done(card.owner, euicc, enable(wanted))
    elif wanted is None and now is not None and needs.profiles:
        _done(card.owner, euicc, disable(now))


def _stand_ins(
    card: KeptCard, names: Sequence[str], profiles: Mapping[str, ProfilePackage]
) -> dict[str, ProfilePackage]:
    """Profiles of the card for the names of a case: of the same class, and with the same policy rules."""
    left = sorted(card.profiles, key=lambda info: info.iccid or b"")
    found = {}
    for name in names:
        wanted = _habits_of_fixture(profiles[name].metadata)
        match = next((info for info in left if _habits(info) == wanted), None)
        if match is None or match.iccid is None:
            raise Withheld(
                f"the case needs profiles like {', '.join(names)}; the card has {len(card.profiles)}, none like {name} left"
            )
        left.remove(match)
        metadata = {"iccid": match.iccid, "profileName": match.name or "", "profileClass": match.profile_class}
        found[name] = ProfilePackage(name, match.iccid, b"", metadata)
    return found


def _habits(info: ProfileInfo) -> tuple[object, ...]:
    """What a profile is allowed to be, as far as cases depend on it."""
    return info.profile_class, bool(info.policy_rules), bool(info.ecall_indication)


def _habits_of_fixture(metadata: Mapping[str, Any]) -> tuple[object, ...]:
    given = metadata.get
    return given("profileClass", _OPERATIONAL), "profilePolicyRules" in metadata, bool(given("ecallIndication"))


def _install(
    owner: Eim, euicc: EuiccUnderTest, needs: State, profiles: Mapping[str, ProfilePackage], download: Download
) -> None:
    """Our fixture profiles as the state has them, and no other of ours."""
    if any("profilePolicyRules" in profiles[name].metadata for name in needs.profiles):
        raise Withheld("a profile with policy rules could not be taken off this card again")
    _delete_own_profiles(owner, euicc, profiles)
    for name in needs.profiles:
        answer = download(name)
        if not answer.is_success:
            raise DeviceFault(f"the profile {name} was not installed: error {answer.error_reason}")


def _delete_own_profiles(owner: Eim, euicc: EuiccUnderTest, profiles: Mapping[str, ProfilePackage]) -> None:
    ours = {package.iccid for package in profiles.values()}
    for info in euicc.get_profiles_info():
        if info.iccid in ours and info.iccid is not None:
            if info.is_enabled:
                _done(owner, euicc, disable(info.iccid))
            _done(owner, euicc, delete(info.iccid))


def _delete_own_eims(owner: Eim, euicc: EuiccUnderTest, eims: Sequence[Eim]) -> None:
    known = {entry.eim_id for entry in euicc.get_eim_configuration()}
    for eim in eims:
        if eim.identity.eim_id in known:
            _done(owner, euicc, delete_eim(eim.identity.eim_id))


def _add_own_eims(owner: Eim, euicc: EuiccUnderTest, eims: Sequence[Eim]) -> None:
    certificates = certificates_for(euicc, eims[0].identity.ci_key_id)
    for eim in eims:
        added = _done(owner, euicc, add_eim(eim.configuration(association_token=TOKEN_REQUESTED)))
        kind, value = added.result("addEimResult")
        if kind != "associationToken" and value != _OK:
            raise DeviceFault(f"the card takes no eIM beside its own: addEim {value}")
        eim.associate(
            euicc.eid,
            euicc_certificate=certificates.euicc or None,
            eum_certificate=certificates.eum or None,
            association_token=value if kind == "associationToken" else 0,
            counter=0,
            version=euicc.dialect.schema,
            ipa_version=euicc.ipa_version,
        )


def _forget_own_notifications(card: KeptCard, euicc: EuiccUnderTest) -> None:
    for notification in euicc.list_notifications():
        if notification.sequence_number not in card.notifications:
            euicc.remove_notification(notification.sequence_number)
    for result in euicc.retrieve_notifications(results=True).results:
        if result.sequence_number is not None and result.sequence_number not in card.notifications:
            euicc.remove_notification(result.sequence_number)


def _done(owner: Eim, euicc: EuiccUnderTest, command: Command) -> PackageAnswer:
    answer = euicc.load_package(owner.package(command, eid=euicc.eid))
    refused = [value for _, value in answer.results if isinstance(value, int) and value not in (_OK, _LAST_EIM_DELETED)]
    if not answer.is_result or refused:
        raise DeviceFault(f"{command[0]} was refused: {answer.raw.hex().upper()}")
    euicc.get_profiles_info()  # a card that wants a reset after a change of state gets it here
    return answer
