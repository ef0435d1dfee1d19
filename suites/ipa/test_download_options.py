"""What a download may bring or leave to the eIM. SGP.32 v1.2 §3.2.3.2, §5.14.1, §5.14.3, §6.3 (compact forms)."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.adversaries.lying import AUTHENTICATE, INITIATE
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.ipa_views import COMPACT, CTX_PARAMS1, DIRECT, INDIRECT, message_of, reported
from harness.conformance.steps import CaseSteps
from harness.errors import Unsupported
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable, set_default_dp_address
from harness.roles.smdp import Smdp
from harness.roles.smdp.events import EuiccAuthenticated, NotificationReceived

ASSOCIATED = State(eims=1)
DONE, FAILED = "done", "failed"
FULL, SHORT = 0xA0, 0xA2
"""Alternatives of AuthenticateServerResponse: authenticateResponseOk and the compact one."""
CONFIRMATION = "1234"


def told_everything(device: DeviceUnderTest, eim: Eim, step: CaseSteps, *needed: str) -> frozenset[str]:
    """The device's features, after it told all there is to tell. Raises Unsupported where one of `needed` is missing."""
    features: frozenset[str] = frozenset()
    with step("the eIM asks for all that the device can tell", precondition=True) as seen:
        eim.queue_data_request(device.eid)
        device.work_off()
        data = eim.device(device.eid).data
        assert data is not None
        features = data.features
        seen.observed(", ".join(sorted(features)))
        missing = [name for name in needed if name not in features]
        if missing:
            raise Unsupported(f"ipaCapabilities has no {' and no '.join(missing)}")
    return features


def proofs(device: DeviceUnderTest) -> list[tlv.Tlv]:
    """The cards' answers inside the AuthenticateClient requests."""
    return [message_of(request).get(0xBF38) for request in device.sent(AUTHENTICATE)]


@case(
    "IP-026",
    clause="SGP.32 v1.2 §5.14.1",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    requires=("indirect-download", "eim-ctx-params1"),
    catches="makes-its-own-ctx-params",
)
def test_ctx_params_of_the_eim(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """ctxParams1 that the eIM made go to the card unchanged: the card signs them."""
    told_everything(device, eim, step, INDIRECT, CTX_PARAMS1)
    order = smdp.order(profiles["operational-a"])
    with step("a download by activation code", expect="done: the card signed what the eIM knows") as seen:
        download = eim.queue_download(device.eid, activation_code=order.activation_code)
        device.work_off()
        if not device.sent(INITIATE):
            raise Unsupported("the device prefers a direct download")
        seen.observed(eim.operation(download).state)
        assert eim.operation(download).state == DONE
    with step("look at what the card signed, where it is there", expect="ctxParams1 as the eIM sent them"):
        signed = [proof.find(FULL, 0x30) for proof in proofs(device)]
        own = [one.children[-1].raw for one in signed if one is not None]
        sent = device.sent(INITIATE)[-1].reply_body
        assert all(ctx in sent or base64.b64encode(ctx) in sent for ctx in own)
    with step("ask the SM-DP+", expect="the matchingId that the eIM put in") as seen:
        named = [event.matching_id for event in smdp.events if isinstance(event, EuiccAuthenticated)]
        seen.observed(named)
        assert named == [order.matching_id]


@case(
    "IP-028",
    clause="SGP.32 v1.2 §5.14.1, SGP.22 §3.1.3",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    requires=("since-1.2",),
    catches="invents-a-matching-id",
)
def test_no_matching_id(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A download from the default SM-DP+ names no matchingId, and finds the profile by the EID."""
    with step("the card is given its default SM-DP+", precondition=True):
        package = eim.queue_package(device.eid, set_default_dp_address(smdp.identity.address))
        device.poll_now()
        assert eim.operation(package).state == DONE
    told_everything(device, eim, step)  # an eIM that handles the download data has to know the address
    with step("contactDefaultSmdp, with an order for this EID", expect="the profile is installed") as seen:
        smdp.order(profiles["operational-a"], default=True, eid=device.eid)
        eim.queue_download(device.eid, default_smdp=True)
        device.work_off()
        reports = reported(eim)
        seen.observed(" ".join(report.octets.hex().upper() for report in reports) or "nothing")
        assert {report.is_installed for report in reports} == {True}
    with step("ask the SM-DP+", expect="no matchingId, or an empty one") as seen:
        named = {event.matching_id for event in smdp.events if isinstance(event, EuiccAuthenticated)}
        seen.observed(named)
        assert named == {""}


@case(
    "IP-029",
    clause="SGP.32 v1.2 §5.14.3, SGP.22 §5.7.5",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    requires=("indirect-download",),
    catches="drops-the-confirmation-hash",
)
def test_confirmation_code(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """hashCc of the eIM goes to the card; a confirmation code that is due and missing is a failure that is reported."""
    told_everything(device, eim, step, INDIRECT)
    for code, outcome, what in ((None, FAILED, "without"), (CONFIRMATION, DONE, "with")):
        order = smdp.order(profiles["operational-a"], confirmation_code=CONFIRMATION)
        with step(f"a download {what} the confirmation code that is due", expect=outcome) as seen:
            download = eim.queue_download(device.eid, activation_code=order.activation_code, confirmation_code=code)
            device.work_off()
            if not device.sent(INITIATE):
                raise Unsupported("the device prefers a direct download")
            seen.observed(eim.operation(download).state)
            assert eim.operation(download).state == outcome


@case(
    "IP-034",
    clause="SGP.32 v1.2 §6.3",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    requires=("indirect-download",),
    catches="sends-compact-forms-undeclared",
)
def test_compact_forms(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Compact forms come only from an IPA that declares them, and are rebuilt to what the card signed."""
    features = told_everything(device, eim, step, INDIRECT)
    with step("a download by activation code", precondition=True):
        order = smdp.order(profiles["operational-a"])
        download = eim.queue_download(device.eid, activation_code=order.activation_code)
        device.work_off()
        if not device.sent(AUTHENTICATE):
            raise Unsupported("the device prefers a direct download")
    expected = {FULL, SHORT} if COMPACT in features else {FULL}
    with step("look at authenticateServerResponse", expect="compact only where declared") as seen:
        forms = {proof.children[0].tag for proof in proofs(device)}
        seen.observed(" ".join(f"{form:X}" for form in forms))
        assert forms <= expected
    with step("ask the eIM", expect="done: every signature held") as seen:
        seen.observed(eim.operation(download).state)
        assert eim.operation(download).state == DONE


@case(
    "IP-056",
    clause="SGP.32 v1.2 §6.3, §3.7",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    effects=("removes-profile", "strands-device"),
    requires=("indirect-download", "compact-forms"),
    catches="shortens-to-other-resources",
)
def test_declared_compact_forms(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """From an IPA that declares compact forms the SM-DP+ gets, by way of the eIM, what the card signed."""
    told_everything(device, eim, step, INDIRECT, COMPACT)
    profile = profiles["operational-a"]
    with step("a download by activation code", expect="done: every signature held") as seen:
        download = eim.queue_download(device.eid, activation_code=smdp.order(profile).activation_code)
        device.work_off()
        if not device.sent(AUTHENTICATE):
            raise Unsupported("the device prefers a direct download")
        seen.observed(eim.operation(download).state)
        assert eim.operation(download).state == DONE
    with step("the profile is enabled", precondition=True):
        package = eim.queue_package(device.eid, enable(profile.iccid))
        device.work_off()
        assert eim.operation(package).state == DONE
    with step("ask the SM-DP+", expect="the installation and the enabling, both genuine") as seen:
        came = notified(smdp)
        seen.observed("; ".join(f"{event.sequence_number}: {event.event}" for event in came))
        assert {"install", "enable"} <= {event.event for event in came}
        assert all(event.is_verified for event in came)


@case(
    "IP-057",
    clause="SGP.32 v1.2 §6.3, §3.7",
    confidence="likely",
    area="ipa",
    needs=State(eims=1, offers_indirect_download=False),
    requires=("direct-download", "compact-forms"),
    catches="shortens-what-no-eim-can-rebuild",
)
def test_nothing_is_shortened_that_the_eim_lacks(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """The result of a direct download, of whose session no eIM knows, reaches the SM-DP+ whichever way it goes."""
    told_everything(device, eim, step, DIRECT, COMPACT)
    with step("a download by activation code", precondition=True):
        order = smdp.order(profiles["operational-a"])
        download = eim.queue_download(device.eid, activation_code=order.activation_code)
        device.work_off()
        assert eim.operation(download).state == DONE
    with step("ask the SM-DP+", expect="the installation, genuine") as seen:
        came = notified(smdp)
        seen.observed("; ".join(f"{event.sequence_number}: {event.event}" for event in came))
        assert [event.event for event in came if event.is_verified] == ["install"]


def notified(smdp: Smdp) -> list[NotificationReceived]:
    """What was notified to the SM-DP+, in the order it came."""
    return [event for event in smdp.events if isinstance(event, NotificationReceived)]
