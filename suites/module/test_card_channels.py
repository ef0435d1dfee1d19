"""Channels that a module opens for its card: the only way out for an IPA in the eUICC.

SGP.32 v1.2 Annex A.2; ETSI TS 102 223 §5.2, §6.4.27 (OPEN CHANNEL) to §6.4.30 (SEND DATA), §8.52 to §8.59.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.applet import (
    CHANNEL_TROUBLE,
    MOST_AT_ONCE,
    NO_CHANNEL_AVAILABLE,
)
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps
from harness.errors import Unsupported
from harness.links.at_sockets import TCP, UDP
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info

WITH_PROFILE = State(eims=1, profiles=("operational-a",), enabled="operational-a")
MESSAGE = bytes(range(MOST_AT_ONCE))
COMES_BACK_WITHIN = 10.0
DONE = "done"
MOST_BUFFER = 0xFFFF
NOWHERE_V6 = "2001:db8::1"


@case(
    "MO-020",
    clause="SGP.32 v1.2 Annex A.2; ETSI TS 102 223 §6.4.27, §6.4.28, §6.4.29, §6.4.30",
    confidence="likely",
    area="module",
    needs=WITH_PROFILE,
    relies_on=("attach", "application"),
    catches=("tells-of-channels-that-it-did-not-open", "keeps-channels-that-the-card-closed"),
)
def test_channel_of_the_card(device: DeviceUnderTest, module: ModuleUnderTest, step: CaseSteps) -> None:
    """A card that asks for a channel gets it: its data reach a server, what the server answers comes back, and it ends."""
    boundary, applet = device.boundary("operational-a", carried=False), module.applet
    with step("the module resolves the server's name", precondition=True) as seen:
        address, port = boundary.application()
        before = boundary.application_was_reached()
        seen.observed(f"{address} port {port}")
    with step("OPEN CHANNEL over TCP", expect="performed, a channel whose link is established") as seen:
        opened = applet.open(TCP, address, port)
        if not opened.is_done and not (applet.claims.commands and applet.claims.tcp):
            raise Unsupported("the module claims no channels over TCP in its TERMINAL PROFILE, and opens none")
        seen.observed(opened)
        assert opened.is_done
        assert opened.channel
    with step(f"SEND DATA, {len(MESSAGE)} octets", expect="performed") as seen:
        sent = applet.send(opened.channel, MESSAGE)
        seen.observed(sent)
        assert sent.is_done
    with step("RECEIVE DATA", expect="the same octets, sent back by the server") as seen:
        came = applet.received(opened.channel, len(MESSAGE), within=COMES_BACK_WITHIN)
        reached = boundary.application_was_reached() - before
        seen.observed(f"{len(came)} of {len(MESSAGE)} octets; the server took {reached} connections")
        assert came == MESSAGE
        assert reached == 1
    with step("CLOSE CHANNEL, and SEND DATA once more", expect="performed; then refused") as seen:
        closed, late = applet.close(opened.channel), applet.send(opened.channel, MESSAGE)
        seen.observed(f"{closed}; {late}")
        assert closed.is_done
        assert not late.is_done


@case(
    "MO-027",
    clause="SGP.32 v1.2 Annex A.2, §3.1.1.1; ETSI TS 102 223 §6.4.27, §6.4.28, §6.4.29, §6.4.30",
    confidence="likely",
    area="module",
    needs=WITH_PROFILE,
    relies_on=("attach", "application"),
    catches="cuts-what-its-card-sends",
)
def test_ipa_in_the_card(
    device: DeviceUnderTest, module: ModuleUnderTest, euicc: EuiccUnderTest, eim: Eim, step: CaseSteps
) -> None:
    """An IPA in the card polls the eIM over the module's channels: a package is executed, its result acknowledged."""
    with step("TERMINAL PROFILE", precondition=True) as seen:
        applet = module.applet
        applet.close(1)  # nothing is open: any answer will do, the profile comes with it
        seen.observed(applet.claims.raw)
        if not (applet.claims.commands and applet.claims.tcp):
            raise Unsupported("the module claims no channels over TCP in its TERMINAL PROFILE")
    with step("the module's own IPA rests; a package waits", precondition=True):
        ipa = device.ipa_in_card(euicc, "operational-a")
        transaction = eim.queue_package(euicc.eid, list_profile_info())
        assert not device.requests
    with step(
        "the card polls over a channel, TLS and HTTP inside", expect="the eIM is asked, and gets a result"
    ) as seen:
        ipa.poll(device.now)
        said = [request.path.rpartition("/")[2] for request in device.requests]
        seen.observed(f"{len(said)} requests over {len(ipa.closed)} channels")
        assert device.requests
    with step("ask the eIM", expect="done") as seen:
        state = eim.operation(transaction).state
        seen.observed(state)
        assert state == DONE
    with step("look at the ends of the channels", expect="CLOSE CHANNEL performed, or closed by the server") as seen:
        seen.observed(", ".join(f"{answer.result:02X}" for answer in ipa.closed))
        assert all(answer.is_done or answer.finds_channel_closed for answer in ipa.closed)


@case(
    "MO-021",
    clause="SGP.32 v1.2 Annex A.2; ETSI TS 102 223 §5.2, §6.4.27",
    confidence="likely",
    area="module",
    needs=WITH_PROFILE,
    relies_on=("attach", "application"),
    catches=("claims-channels-over-udp-that-it-refuses", "claims-more-channels-than-it-has"),
)
def test_limits_of_channels(device: DeviceUnderTest, module: ModuleUnderTest, step: CaseSteps) -> None:
    """What a module claims of channels in its TERMINAL PROFILE it keeps, and a channel that it has not it refuses as such.

    One that can do more than it claims breaks no rule.
    """
    boundary, applet = device.boundary("operational-a", carried=False), module.applet
    with step("the module resolves the server's name; TERMINAL PROFILE", precondition=True) as seen:
        address, port = boundary.application()
        applet.close(1)  # nothing is open: any answer will do, the profile comes with it
        claims = applet.claims
        seen.observed(f"{claims.raw.hex().upper()}: {claims.channels} channels, TCP {claims.tcp}, UDP {claims.udp}")
        if not claims.commands:
            raise Unsupported("the module claims no channels in its TERMINAL PROFILE")
    claimed: Mapping[str, bool] = {TCP: claims.tcp, UDP: claims.udp}
    for transport, is_claimed in claimed.items():
        expected = "performed, and data come back" if is_claimed else "the same, or refused: it is not claimed"
        with step(f"OPEN CHANNEL over {transport.upper()}", expect=expected) as seen:
            opened = applet.open(transport, address, port, buffer=MOST_BUFFER)
            came = b""
            if opened.is_done:
                applet.send(opened.channel, MESSAGE)
                came = applet.received(opened.channel, len(MESSAGE), within=COMES_BACK_WITHIN)
                applet.close(opened.channel)
            seen.observed(f"{opened}; {len(came)} octets back; a buffer of {opened.buffer} where 65535 were asked for")
            assert opened.is_done or not is_claimed
            assert came == MESSAGE or not opened.is_done
            assert opened.buffer or not opened.is_done
    with step(
        f"OPEN CHANNEL {claims.channels} times, and once more",
        expect=f"{claims.channels} channels, then one more or 3A01 (no channel available)",
    ) as seen:
        answers = [applet.open(TCP, address, port) for _ in range(claims.channels + 1)]
        for answer in answers:
            if answer.is_done:
                applet.close(answer.channel)
        seen.observed("; ".join(str(answer) for answer in answers))
        *claimed_ones, further = answers
        assert all(answer.is_done for answer in claimed_ones)
        assert len({answer.channel for answer in claimed_ones}) == claims.channels
        assert further.is_done or (further.result, further.additional) == (CHANNEL_TROUBLE, NO_CHANNEL_AVAILABLE)
    with step("OPEN CHANNEL to an IPv6 address: no claim is made of it", precondition=True) as seen:
        answer = applet.open(TCP, NOWHERE_V6, port)
        if answer.is_done:
            applet.close(answer.channel)
        seen.observed(answer)
