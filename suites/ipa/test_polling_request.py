"""How an IPA asks its eIM for work. SGP.32 v1.2 §5.14.5 (ESipa.GetEimPackage), §6.1 (HTTP binding)."""

from __future__ import annotations

from harness.codec import decode
from harness.conformance.adversaries.lying import function_of
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.ipa_views import message_of
from harness.conformance.steps import CaseSteps

ASSOCIATED = State(eims=1)
ASN1_PATH, ASN1_TYPE = "/gsma/rsp2/asn1", "application/x-gsma-rsp-asn1"
JSON_PATH, JSON_TYPE = "/gsma/rsp2/esipa/", "application/json"
USER_AGENTS = ("gsma-rsp-ipad", "gsma-rsp-ipae")
FEW = 3
"""GetEimPackage requests that an IPA may send before it takes no for an answer."""


def polled(device: DeviceUnderTest, step: CaseSteps) -> None:
    """The device polls once, seen at the eIM; without that there is nothing to judge."""
    with step("the device is made to poll", expect="a request at the eIM", precondition=True) as seen:
        device.poll_now()
        seen.observed(f"{len(device.requests)} requests")
        assert device.requests


@case("IP-001", clause="SGP.32 v1.2 §6.1", area="ipa", needs=ASSOCIATED, catches="posts-another-content-type")
def test_first_contact(device: DeviceUnderTest, step: CaseSteps) -> None:
    """The IPA posts to the path of one function binding, with its Content-Type and X-Admin-Protocol."""
    polled(device, step)
    for request in device.requests:
        with step(
            "look at one request", expect="path and Content-Type of one binding, X-Admin-Protocol gsma/rsp/v…"
        ) as seen:
            seen.observed(f"{request.path} {request.headers}")
            media_type = (request.header("Content-Type") or "").partition(";")[0].strip()
            assert (request.path, media_type) in (
                (ASN1_PATH, ASN1_TYPE),
                (JSON_PATH + function_of(request.path, request.body), JSON_TYPE),
            )
            assert (request.header("X-Admin-Protocol") or "").startswith("gsma/rsp/v")


@case(
    "IP-002",
    clause="SGP.32 v1.2 §6.1",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    requires=("esipa-1.2",),
    catches=("sends-no-user-agent", "calls-itself-an-lpa"),
)
def test_user_agent(device: DeviceUnderTest, step: CaseSteps) -> None:
    """Every request names the IPA in its User-Agent, which v1.2 made mandatory."""
    polled(device, step)
    for request in device.requests:
        with step("look at one request", expect=" or ".join(USER_AGENTS)) as seen:
            agent = request.header("User-Agent")
            seen.observed(agent)
            assert (agent or "").startswith(USER_AGENTS)


@case("IP-003", clause="SGP.32 v1.2 §5.14.5", area="ipa", needs=ASSOCIATED, catches="polls-with-another-eid")
def test_eid(device: DeviceUnderTest, step: CaseSteps) -> None:
    """GetEimPackage carries the EID of the card in the device."""
    polled(device, step)
    with step("look at GetEimPackage", expect="the card's EID") as seen:
        seen.observed(" ".join(request.body.hex().upper() for request in device.polls) or "none")
        assert {message_of(request).get(0x5A).value for request in device.polls} == {device.eid}


@case(
    "IP-004",
    clause="SGP.32 v1.2 §5.14.5",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    catches="reports-a-state-change-at-every-poll",
)
def test_no_state_change_at_boot(device: DeviceUnderTest, step: CaseSteps) -> None:
    """After a boot at which nothing changed GetEimPackage tells no state change."""
    with step("a first poll, which may tell what was done to the card before", precondition=True):
        device.poll_now()
        before = len(device.polls)
    with step("power the device off and on", precondition=True):
        device.power_cycle()
    with step("the device is made to poll", precondition=True):
        device.poll_now()
        assert device.polls[before:]
    with step("look at GetEimPackage", expect="neither notifyStateChange nor stateChangeCause") as seen:
        seen.observed(" ".join(request.body.hex().upper() for request in device.polls[before:]))
        for poll in device.polls[before:]:
            request = decode("GetEimPackageRequest", message_of(poll).raw, version=device.esipa.version)
            assert "notifyStateChange" not in request
            assert "stateChangeCause" not in request


@case(
    "IP-005",
    clause="SGP.32 v1.2 §3.1.1.1",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    catches=("storms-when-nothing-waits", "stops-polling-when-nothing-waits"),
)
def test_no_package(device: DeviceUnderTest, step: CaseSteps) -> None:
    """Told that there is no package the IPA stops, and comes back at its next due time."""
    polled(device, step)
    with step("count the polls of that visit", expect=f"one, or a few: no more than {FEW}") as seen:
        before = len(device.polls)
        seen.observed(before)
        assert before <= FEW
    interval = device.polling_interval
    with step(f"let {interval:g} s pass", expect="the next poll, and no storm") as seen:
        device.advance(interval)
        since = len(device.polls) - before
        seen.observed(since)
        assert 1 <= since <= FEW
