"""After an enable, does traffic flow? Layer by layer, and whose it is where it does not.

SGP.32 v1.2 §3.4.1 ends at the enabled profile; what comes after is 3GPP TS 27.007 §7.2, §10.1 and the device's own business.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable

TWO = State(eims=1, profiles=("operational-a", "operational-d"), enabled="operational-a")
OK = 0


def judge(device: DeviceUnderTest, profile: str, step: CaseSteps, *, carried: bool) -> None:
    """Each layer of the way over a profile is a step; the first that is broken ends the case."""
    boundary = device.boundary(profile, carried=carried)
    for layer in boundary.layers():
        with step(f"{profile}: {layer.name}", expect=layer.expect) as seen:
            look = layer.look()
            seen.observed(look)
            assert look.holds(layer.name)
    if boundary.not_seen:
        with step(f"{profile}: what is not seen", precondition=True) as seen:
            seen.observed(boundary.not_seen)


@case(
    "LC-016",
    clause="SGP.32 v1.2 §3.4.1, 3GPP TS 27.007 §7.2, §10.1",
    area="lifecycle",
    needs=TWO,
    relies_on=("attach", "application"),
    catches=(
        "tells-the-imsi-of-the-boot",
        "denies-its-registration",
        "leaves-its-context-down",
        "keeps-the-former-apn",
        "gives-its-context-no-address",
        "resolves-no-names",
        "denies-its-connections",
        "loses-what-its-sockets-receive",
    ),
)
def test_traffic_after_a_switch(
    device: DeviceUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Before and after a switch data go from the SIM to an application server and back, over TCP and UDP."""
    with step("the device polls over A", precondition=True):
        device.poll_now()
        assert device.requests
    judge(device, "operational-a", step, carried=True)
    with step("the eIM has D enabled", precondition=True) as seen:
        package = eim.queue_package(device.eid, enable(profiles["operational-d"].iccid))
        device.poll_now()
        results = eim.operation(package).results
        seen.observed(results or "no result came")
    judge(device, "operational-d", step, carried=bool(results))
    with step("look for the result at the eIM", expect="enableResult ok(0), which came this way") as seen:
        seen.observed(results or "no result came")
        assert results == (("enableResult", OK),)
