"""ESipa in the form of the device's SGP.32 version. SGP.32 v1.2 §6.3 (ASN.1), and that of the other versions."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import DecodeError
from harness.conformance.adversaries.lying import INITIATE, answered
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.esipa_forms import versions_of
from harness.conformance.devices.ipa_views import message_of
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info
from harness.roles.smdp import Smdp

ENABLED = State(eims=1, profiles=("operational-a",), enabled="operational-a")
CAPABILITIES, DEVICE_INFO = 0xA8, 0xA9
INVALID_DP_ADDRESS = bytes.fromhex("BF3903810101")
UNUSABLE = "1$$"


@case(
    "IP-059",
    clause="SGP.32 v1.2 §6.3",
    area="ipa",
    needs=ENABLED,
    catches=(
        "polls-as-another-version-does",
        "delivers-results-as-another-version-does",
        "reports-failures-as-another-version-does",
        "speaks-another-version",
    ),
)
def test_forms(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Every message has the form of the device's own SGP.32 version, and no field that only another version has."""
    esipa = device.esipa
    with step("a package, a data request, and a trigger that cannot be used", precondition=True):
        eim.queue_package(device.eid, list_profile_info())
        device.work_off()
        eim.queue_data_request(device.eid, tags=[CAPABILITIES, DEVICE_INFO])
        eim.queue_download(device.eid, activation_code=UNUSABLE)
        device.work_off()
        assert device.polls
    with step("a download that is refused", precondition=True):
        device.eim_answers.change(INITIATE, answered(INVALID_DP_ADDRESS))
        eim.queue_download(device.eid, activation_code=smdp.order(profiles["operational-b"]).activation_code)
        device.work_off()
    messages, others = [], []
    for request in device.requests:
        try:
            messages.append(message_of(request))
        except DecodeError:
            others.append(request.path)
    with step("look at every request", expect="one message of ESipa each", confidence="likely") as seen:
        seen.observed(f"{len(messages)} messages; no message: {', '.join(others) or 'none'}")
        assert not others
    if not device.says_its_version:
        with step(f"its IPA is of v{esipa.version}, like its card: nobody says otherwise", precondition=True) as seen:
            versions = versions_of(messages)
            seen.observed(f"all messages have the form of: {', '.join(versions) or 'no version'}")
            assert esipa.version in versions or not versions, "another version: say which in the lab file, `ipa`"
    for message in dict.fromkeys(messages):
        with step("look at one message", expect=f"an ESipa message as v{esipa.version} has it") as seen:
            fault = esipa.faults(message)
            seen.observed(f"{message.raw.hex().upper()} {fault}".strip())
            assert not fault
    with step("look at the numbers", expect="values of this version", confidence="likely") as seen:
        unknown = [number for message in messages for number in esipa.unknown_numbers(message)]
        seen.observed(" ".join(dict.fromkeys(unknown)) or "none unknown")
        assert not unknown
    with step("look for fields of other versions", expect="none", confidence="likely") as seen:
        strange = [field for message in messages for field in esipa.fields_of_other_versions(message)]
        seen.observed(" ".join(dict.fromkeys(strange)) or "none")
        assert not strange
