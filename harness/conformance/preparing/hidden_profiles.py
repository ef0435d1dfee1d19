"""Which profiles a hidden card has, and what has to happen to them so that a case can begin: decided on lists alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.conformance.case import State
from harness.errors import DeviceFault, Withheld
from harness.roles.eim.commands import delete, disable, enable, unset_fallback

if TYPE_CHECKING:
    from harness.profiles import ProfilePackage
    from harness.roles.eim.commands import Command

_ENABLED = 1


@dataclass(frozen=True, slots=True)
class Listed:
    """The profiles of a card as its signed list has them."""

    enabled: Mapping[bytes, bool]
    """Whether each is, by ICCID."""
    with_fallback: bytes | None = None
    """Which one has the fallback attribute."""

    @classmethod
    def of(cls, entries: Iterable[Mapping[str, Any]]) -> Listed:
        """Entries of a profileInfoListOk. Raises DeviceFault where one has no ICCID, which was asked for."""
        entries = tuple(entries)
        if not all("iccid" in one for one in entries):
            raise DeviceFault(f"a profile is listed without its ICCID: {entries}")
        fallback = (one["iccid"] for one in entries if one.get("fallbackAttribute"))
        return cls({one["iccid"]: one.get("profileState") == _ENABLED for one in entries}, next(fallback, None))

    @property
    def now(self) -> bytes | None:
        """The one that is enabled."""
        return next((iccid for iccid, is_enabled in self.enabled.items() if is_enabled), None)

    def home(self, ours: Iterable[bytes]) -> bytes | None:
        """The profile that is not ours and that the device comes over: the enabled one, else any; None where it has none."""
        foreign = [iccid for iccid in self.enabled if iccid not in set(ours)]
        return next((iccid for iccid in foreign if self.enabled[iccid]), next(iter(foreign), None))


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to happen, in this order; each group of commands is a package of its own."""

    before: tuple[tuple[Command, ...], ...]
    downloads: tuple[str, ...]
    """Fixture profiles by name."""
    after: tuple[tuple[Command, ...], ...]
    wanted: Mapping[str, bytes]
    """The ICCIDs of our profiles that are there in the end, by name, and that no other of ours is."""
    enabled: bytes | None
    """The one that is enabled in the end."""
    ours: frozenset[bytes]

    def check(self, listed: Listed) -> None:
        """Raises DeviceFault where the card does not list what was to come of it."""
        missing = [name for name, iccid in self.wanted.items() if iccid not in listed.enabled]
        if missing:
            raise DeviceFault(f"not installed: {', '.join(missing)}")
        left = [iccid for iccid in self.ours.intersection(listed.enabled) if iccid not in self.wanted.values()]
        if left:
            raise DeviceFault(f"still installed: {', '.join(iccid.hex() for iccid in left)}")
        if listed.now != self.enabled:
            raise DeviceFault(f"enabled is {_named(listed.now)}, and {_named(self.enabled)} should be")


def changes_for(needs: State, listed: Listed, profiles: Mapping[str, ProfilePackage], home: bytes | None) -> Changes:
    """What brings the card from its list into the state. Raises Withheld for profiles that would not go away again.

    A profile of ours that is there already stays: an installation costs a device minutes and its card's memory wear. Where
    the state has none of ours enabled, `home` is, without which the device might not come back.
    """
    locked = [name for name in needs.profiles if "profilePolicyRules" in profiles[name].metadata]
    if locked:
        raise Withheld(f"a profile with policy rules could not be taken off this card again: {', '.join(locked)}")
    ours = frozenset(package.iccid for package in profiles.values())
    wanted = {name: profiles[name].iccid for name in needs.profiles}
    enabled = wanted[needs.enabled] if needs.enabled is not None else home
    now = listed.now
    before: list[tuple[Command, ...]] = []
    if listed.with_fallback in ours:
        before.append((unset_fallback(),))
    superfluous = [iccid for iccid in listed.enabled if iccid in ours and iccid not in wanted.values()]
    if now is not None and now != enabled and (now in superfluous or enabled is None):
        before.append((_back(now, home),))
        now = home
    before += [(delete(iccid),) for iccid in superfluous]
    # A way back is there only where a profile is left by it.
    after = () if enabled is None or enabled == now else ((enable(enabled, rollback=now is not None),),)
    missing = tuple(name for name, iccid in wanted.items() if iccid not in listed.enabled)
    return Changes(tuple(before), missing, after, wanted, enabled, ours)


def _back(now: bytes, home: bytes | None) -> Command:
    return disable(now) if home is None else enable(home)


def _named(iccid: bytes | None) -> str:
    return "no profile" if iccid is None else iccid.hex()
