"""A device in the field: bootstrap, operational profiles of several operators, and what it does when one has no network.

SGP.32 v1.2 §3.2 (download), §3.3.2 (rollback), §3.4.1 (enable), §5.9.20 and §5.9.21 (fallback and return).
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.expectations import imsi_of
from harness.conformance.devices.ipa_views import message_of
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.devices.polling import next_poll, tolerance
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import Command, delete, enable, set_fallback
from harness.roles.smdp import Smdp

BORN = State(eims=1, profiles=("bootstrap",), enabled="bootstrap")
FILLED = State(eims=1, profiles=("bootstrap", "operational-a", "operational-b"), enabled="operational-b")
ON_A = State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a")
ON_TEST = State(eims=1, profiles=("operational-a", "test"), enabled="operational-a")


DONE, OK = "done", 0
MEETS = {
    "home": "its home network, with data",
    "no-coverage": "no network at all",
    "no-data": "a network that lets it attach and carries no data",
}
"""How a network treats a profile, in words."""
FALLBACK = 1
"""StateChangeCause (SGP.32 v1.2 §5.14.5)."""


class FieldLife:
    """What happens to a device in the field, one event at a time: each is a step, so that a story reads as its events."""

    def __init__(
        self,
        device: DeviceUnderTest,
        module: ModuleUnderTest,
        eim: Eim,
        profiles: Mapping[str, ProfilePackage],
        step: CaseSteps,
    ) -> None:
        self._device, self._module, self._eim = device, module, eim
        self._profiles, self._step = profiles, step

    def order(self, command: Command, what: str) -> None:
        """The eIM has one command carried out."""
        name, _ = command
        with self._step(what, expect=f"{name}Result ok(0)") as seen:
            package = self._eim.queue_package(self._device.eid, command)
            self._device.work_off()
            operation = self._eim.operation(package)
            seen.observed(f"{operation.state}, {_said(operation.results)}")
            assert operation.results == ((f"{name}Result", OK),)

    def download(self, name: str, smdp: Smdp) -> None:
        """The eIM has a profile fetched from this SM-DP+."""
        where = smdp.identity.address
        operator = self._profiles[name].metadata["serviceProviderName"]
        with self._step(
            f"{name} of {operator} is downloaded from {where}", expect="installed, and the eIM is told so"
        ) as seen:
            code = smdp.order(self._profiles[name]).activation_code
            download = self._eim.queue_download(self._device.eid, activation_code=code)
            self._device.work_off()
            seen.observed(f"{self._eim.operation(download).state}; SM-DP+ {smdp.identity.oid}")
            assert self._eim.operation(download).state == DONE

    def switch(self, name: str) -> None:
        """The eIM has a profile enabled, with leave to roll back, and the result comes over its network."""
        with self._step(f"the eIM enables {name}", expect="enableResult ok(0), told over the new network") as seen:
            package = self._eim.queue_package(self._device.eid, enable(self._profiles[name].iccid, rollback=True))
            self._device.work_off()
            operation = self._eim.operation(package)
            seen.observed(f"{operation.state}, {_said(operation.results)}")
            assert operation.results == (("enableResult", OK),)

    def fail_to_switch(self, name: str, treatment: str, back_to: str) -> None:
        """The eIM has a profile enabled that its network treats badly; the device takes it back."""
        with self._step(f"from now on {name} meets {MEETS[treatment]}", precondition=True):
            self._device.network.treat(name, treatment)
        expected = f"rollbackResult ok(0), told over {back_to}"
        with self._step(f"the eIM enables {name}, which does not connect", expect=expected) as seen:
            package = self._eim.queue_package(self._device.eid, enable(self._profiles[name].iccid, rollback=True))
            self._device.poll_now()
            if not self._eim.operation(package).results:  # how long an IPA hopes for the new profile is its own affair
                waited = self._device.polling_interval
                self._device.advance(waited, until=lambda: bool(self._eim.operation(package).results))
            operation = self._eim.operation(package)
            seen.observed(_said(operation.results))
            assert ("rollbackResult", OK) in operation.results

    def meet(self, name: str, treatment: str) -> None:
        """From now on the network treats a profile so."""
        with self._step(f"from now on {name} meets {MEETS[treatment]}", precondition=True):
            self._device.network.treat(name, treatment)

    def change_by_itself(self, number: str, what: str) -> None:
        """The device falls back, or returns, within the time that its maker declares, and tells its eIM."""
        lasts = self._device.declares[number]
        latest = lasts + tolerance(lasts, self._device.declares) + self._device.declares["change_poll_within"]
        before = len(self._device.polls)
        esipa = self._device.esipa
        expected = f"within {latest:g} s the device {what} and polls, with {esipa.in_words(FALLBACK)}"
        with self._step(f"time passes until the device {what} by itself", expect=expected) as seen:
            waited = next_poll(self._device, latest)
            came = [message_of(poll) for poll in self._device.polls[before:]]
            causes = [esipa.cause_in(poll) for poll in came if esipa.tells_of_a_change(poll)]
            seen.observed("no poll" if waited is None else f"a poll after {waited:.0f} s, causes {causes}")
            assert esipa.told(FALLBACK) in causes

    def carries_traffic(self, name: str) -> None:
        """Data go over the profile from end to end; each layer is a step."""
        boundary = self._device.boundary(name, carried=True)
        for layer in boundary.layers():
            with self._step(f"{name}: {layer.name}", expect=layer.expect) as seen:
                look = layer.look()
                seen.observed(look)
                assert look.holds(layer.name)

    def is_on(self, name: str) -> None:
        """The module itself works with this profile."""
        expected = imsi_of(self._profiles[name])
        with self._step(f"the module works with {name}", expect=f"IMSI {expected}") as seen:
            found = self._module.imsi()
            seen.observed(found)
            assert found == expected


def _said(results: tuple[tuple[str, object], ...]) -> str:
    return ", ".join(f"{name} {value}" for name, value in results) or "no result"


@case(
    "LC-003",
    clause="SGP.32 v1.2 §3.2.3, §3.3.2",
    area="lifecycle",
    needs=ON_A,
    relies_on=("scripted-network",),
    declared=("polling_interval",),
    catches=("never-rolls-back", "downloads-from-one-smdp-only"),
)
def test_retry_with_another_operator(
    device: DeviceUnderTest,
    module: ModuleUnderTest,
    eim: Eim,
    other_smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """A change to an operator that does not connect is taken back; a later one, from another SM-DP+, succeeds."""
    life = FieldLife(device, module, eim, profiles, step)
    life.fail_to_switch("operational-b", "no-coverage", back_to="operational-a")
    life.is_on("operational-a")
    life.download("operational-d", other_smdp)
    life.switch("operational-d")
    life.is_on("operational-d")


@case(
    "LC-004",
    clause="SGP.32 v1.2 §5.9.20, §5.9.21",
    confidence="likely",
    area="lifecycle",
    needs=FILLED,
    requires=("fallback", "esipa-1.2"),
    relies_on=("scripted-network",),
    declared=("fallback_after", "return_after", "change_poll_within"),
    catches=("never-falls-back", "never-returns-from-fallback", "tells-no-state-change"),
)
def test_fallback_and_return(
    device: DeviceUnderTest,
    module: ModuleUnderTest,
    eim: Eim,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """Of two operational profiles the one in use loses coverage: the device falls back to bootstrap, and returns to it."""
    life = FieldLife(device, module, eim, profiles, step)
    life.order(set_fallback(profiles["bootstrap"].iccid), "bootstrap gets the Fallback Attribute")
    life.meet("operational-b", "no-coverage")
    life.change_by_itself("fallback_after", "falls back")
    life.is_on("bootstrap")
    life.meet("operational-b", "home")
    life.change_by_itself("return_after", "returns")
    life.is_on("operational-b")


@case(
    "LC-011",
    clause="SGP.32 v1.2 §3.4.1, GSMA TS.48",
    confidence="likely",
    area="lifecycle",
    needs=ON_TEST,
    relies_on=("attach",),
    catches=("loses-the-network-after-a-switch", "tells-the-imsi-of-the-boot"),
)
def test_test_profile(
    device: DeviceUnderTest,
    module: ModuleUnderTest,
    eim: Eim,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """A profile of the class test is enabled and works in its test network like any other, and the device comes back."""
    life = FieldLife(device, module, eim, profiles, step)
    life.switch("test")
    life.is_on("test")
    life.switch("operational-a")
    life.is_on("operational-a")


@case(
    "LC-015",
    clause="SGP.32 v1.2 §3.2, §3.3.2, §3.4.1, §3.4.3, §5.9.20, §5.9.21",
    confidence="likely",
    area="lifecycle",
    needs=BORN,
    requires=("fallback", "esipa-1.2"),
    relies_on=("scripted-network",),
    declared=("polling_interval", "boot_poll_within", "fallback_after", "return_after", "change_poll_within"),
    effects=("removes-profile",),
    catches=(
        "waits-an-interval-after-boot",
        "downloads-from-one-smdp-only",
        "never-rolls-back",
        "never-falls-back",
        "never-returns-from-fallback",
    ),
)
def test_a_whole_field_life(
    device: DeviceUnderTest,
    module: ModuleUnderTest,
    eim: Eim,
    smdp: Smdp,
    other_smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """From the first boot on bootstrap over two operators with an SM-DP+ each to a lost and a regained network."""
    life = FieldLife(device, module, eim, profiles, step)
    within = device.declares["boot_poll_within"]
    with step(
        "the device is switched on in the field", expect=f"a first poll within {within:g} s, on bootstrap"
    ) as seen:
        device.power_cycle()
        waited = next_poll(device, within)
        seen.observed("no poll" if waited is None else f"a poll after {waited:.0f} s")
        assert waited is not None
    life.is_on("bootstrap")
    life.order(set_fallback(profiles["bootstrap"].iccid), "bootstrap becomes what the device falls back to")
    life.download("operational-a", smdp)
    life.switch("operational-a")
    life.carries_traffic("operational-a")
    life.download("operational-d", other_smdp)
    life.fail_to_switch("operational-d", "no-data", back_to="operational-a")
    life.is_on("operational-a")
    life.meet("operational-d", "home")
    life.switch("operational-d")
    life.carries_traffic("operational-d")
    life.meet("operational-d", "no-coverage")
    life.change_by_itself("fallback_after", "falls back")
    life.carries_traffic("bootstrap")
    life.meet("operational-d", "home")
    life.change_by_itself("return_after", "returns")
    life.carries_traffic("operational-d")
    life.order(delete(profiles["operational-a"].iccid), "the first operator's profile is deleted")
    life.is_on("operational-d")
