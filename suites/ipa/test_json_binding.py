"""An IPA that speaks the JSON binding of ESipa. SGP.32 v1.2 §6.1.2, §6.4.1.

Every other case about an IPA judges it in whichever binding it speaks; this one judges the binding.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import DecodeError
from harness.conformance.adversaries.lying import FUNCTIONS
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.ipa_views import message_of
from harness.conformance.steps import CaseSteps
from harness.endpoints.eim import SeenRequest
from harness.errors import Unsupported
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info
from harness.roles.smdp import Smdp

PREFIX = "/gsma/rsp2/esipa/"
MEDIA_TYPE = "application/json"
CAPABILITIES = 0xA8
POLL = "getEimPackage"
DELIVERIES = ("provideEimPackageResult", "handleNotification")
"""A result may travel in a notification too."""


def fault_of(request: SeenRequest) -> str:
    """What is wrong with a request as one of the JSON binding; empty where nothing is."""
    media_type = (request.header("Content-Type") or "none").partition(";")[0].strip().lower()
    if not request.path.startswith(PREFIX):
        return f"path {request.path}"
    if media_type != MEDIA_TYPE:
        return f"Content-Type {media_type} for {request.path}"
    if not (request.header("X-Admin-Protocol") or "").startswith("gsma/rsp/v"):
        return f"X-Admin-Protocol {request.header('X-Admin-Protocol')} for {request.path}"
    try:
        message = message_of(request)
    except DecodeError as fault:
        return f"{request.path}: {fault}"
    function = request.path.removeprefix(PREFIX)
    return "" if FUNCTIONS.get(message.tag) == function else f"{message.tag:X} for {request.path}"


@case(
    "IP-052",
    clause="SGP.32 v1.2 §6.1.2, §6.4.1",
    confidence="likely",
    area="ipa",
    needs=State(eims=1),
    requires=("json-binding",),
    catches="delivers-in-the-other-binding",
)
def test_all_in_json(
    device: DeviceUnderTest,
    eim: Eim,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """A device of the JSON binding says everything in JSON, each function at its own path and with the right headers."""
    with step("a package, a data request and a download wait; the device polls", precondition=True) as seen:
        eim.queue_package(device.eid, list_profile_info())
        eim.queue_data_request(device.eid, tags=[CAPABILITIES])
        order = smdp.order(profiles["operational-a"])
        eim.queue_download(device.eid, activation_code=order.activation_code)
        device.work_off()
        said = [request.path.rpartition("/")[2] for request in device.requests]
        seen.observed(", ".join(dict.fromkeys(said)) or "nothing came")
        assert device.requests
        if not any(request.path.startswith(PREFIX) for request in device.requests):
            raise Unsupported("the device speaks the ASN.1 binding, which it may choose")
    with step("look at every request", expect=f"{PREFIX} and its function, {MEDIA_TYPE}, X-Admin-Protocol") as seen:
        faults = [fault for request in device.requests if (fault := fault_of(request))]
        seen.observed("; ".join(dict.fromkeys(faults)) or f"{len(device.requests)} requests, none at fault")
        assert not faults
    with step("look at the functions", expect=f"{POLL}, and {' or '.join(DELIVERIES)}") as seen:
        seen.observed(", ".join(dict.fromkeys(said)))
        assert POLL in said
        assert not set(DELIVERIES).isdisjoint(said)
