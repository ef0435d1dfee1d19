"""Visits of a device to our eIM that prepare a case: nobody else sees them, and what was queued for them gets done.

Rules of this room:
- The device is made known to our eIMs as it first polls, so that a device with an EID that nobody wrote down is met too.
- One of another EID than the slot's is told nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from harness.conformance.adversaries.lying import GET_PACKAGE, Answers, function_of
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.ipa_views import message_of
from harness.endpoints.eim import EimEndpoint
from harness.endpoints.smdp import SmdpEndpoint
from harness.errors import DeviceFault, DeviceSilent, HarnessError, LabFault, Withheld
from harness.roles.eim import Eim, json_binding
from harness.roles.eim.events import CounterResynchronised, Polled, ResultRefused, UnsignedErrorReceived
from harness.roles.eim.state import DONE, Operation

if TYPE_CHECKING:
    from harness.conformance.ours.parties import Parties
    from harness.lab.benches.module_bench import ModuleBench
    from harness.links.http_messages import Reply, Request

HIDDEN = "the module hides its card"
ABOUT_THE_CARD = (0x84, 0xA5, 0xA6, 0xBF22)
"""The association token, both certificates and EUICCInfo2: what an eIM has to know before it believes a card."""
_MORE_VISITS = 4
"""So many visits more than there are things to do: some devices take one a visit, and a switch of networks costs one."""


class Visits:
    """The device at eIMs and an SM-DP+ that prepare. `tell_wait` hears how a long wait goes on."""

    def __init__(
        self, bench: ModuleBench, eims: Sequence[Eim], parties: Parties, tell_wait: Callable[[str], None]
    ) -> None:
        self._bench = bench
        self._eims = eims
        self._parties = parties
        self._tell_wait = tell_wait
        came = threading.Condition()
        self._endpoints = [EimEndpoint(eim, bench.rack.clock.now, came=came) for eim in eims]
        self._is_met = self._are_several = False
        self._stranger: LabFault | None = None

    @contextmanager
    def served(self, *, is_met: bool, are_several: bool) -> Iterator[None]:
        """Our servers answer for the preparation, and afterwards for whoever they answered for before.

        `is_met`: our eIMs know the device already; `are_several`: it may visit both of them.
        """
        self._is_met, self._are_several = is_met, are_several
        servers = self._bench.servers
        before = [server.behind for server in servers]
        for eim_server, endpoint in zip(self._bench.eim_servers, self._endpoints, strict=True):
            eim_server.behind = partial(self._welcome, endpoint)
        roles = [self._parties.smdp]
        with suppress(Withheld):  # without a second operator nothing is for it
            roles.append(self._parties.other_smdp)
        for smdp_server, role in zip(self._bench.smdp_servers, roles, strict=False):
            smdp_server.behind = SmdpEndpoint(role, self._bench.rack.clock.utc)
        try:
            yield
        finally:
            for server, behind in zip(servers, before, strict=True):
                server.behind = behind

    def meet(self) -> Eim | None:
        """Waits for the device's first visit: the eIM that it told about its card, None where it told neither.

        Raises LabFault as soon as another device comes, DeviceSilent where none does.
        """
        self._device().poll_and(lambda: None)
        if self._stranger is not None:
            raise self._stranger
        if self._endpoints[0].requests:
            self._are_several = False  # ours is polled, whatever the other is
        device = self._device()
        device.see_the_visit_out([0] * (len(self._endpoints) if self._are_several else 1))
        if self._told() is None:
            device.work_off()
        return self._told()

    def polled(self) -> list[Eim]:
        """Which of our eIMs the device polls in one visit."""
        before = [len(eim.events) for eim in self._eims]
        self._device().poll_now()
        came = [eim.events_from(seen) for eim, seen in zip(self._eims, before, strict=True)]
        return [
            eim for eim, events in zip(self._eims, came, strict=True) if any(isinstance(one, Polled) for one in events)
        ]

    def work_off(
        self, eim: Eim, transactions: Sequence[bytes], *, may_fail: Container[bytes] = ()
    ) -> tuple[Operation, ...]:
        """Has the device poll until all of this is done; the operations as they ended.

        Raises DeviceFault for what failed or was not taken up, and Withheld where the card believes nothing of ours.
        """
        device = self._device()
        for _ in range(len(transactions) + _MORE_VISITS):
            before = [len(endpoint.requests) for endpoint in self._endpoints]
            device.poll_now()
            if before == [len(endpoint.requests) for endpoint in self._endpoints]:
                raise DeviceSilent("the device was made to poll, and did not")
            if all(not one.is_open or _trouble(eim, one) for one in _outcomes(eim, transactions)):
                break
        ended = _outcomes(eim, transactions)
        must = [one for one, asked in zip(ended, transactions, strict=True) if asked not in may_fail]
        trouble = next((found for one in must if (found := _trouble(eim, one))), None)
        if trouble is not None:
            raise trouble
        waiting = next((one for one in must if one.is_open), None)
        if waiting is not None:
            raise DeviceFault(f"the device polls, and does not work off what waits for it: {waiting.kind}")
        return ended

    def _told(self) -> Eim | None:
        eid = self._bench.known_eid or b""
        known = [(eim, eim.state.devices.get(eid)) for eim in self._eims]
        return next((eim for eim, device in known if device is not None and device.data is not None), None)

    def _welcome(self, endpoint: EimEndpoint, request: Request) -> Reply:
        if not self._is_met and function_of(request.path, request.body) == GET_PACKAGE:
            with suppress(HarnessError, json_binding.Malformed):  # the eIM itself says what it makes of such a poll
                self._greet(message_of(request).get(0x5A).value)
        return endpoint(request)

    def _greet(self, eid: bytes) -> None:
        try:
            self._bench.hear_eid(eid)
        except LabFault as stranger:
            self._stranger = stranger
            return
        self._is_met = True
        for eim in self._eims:
            eim.associate(eid, ipa_version=self._bench.ipa_version)
            eim.queue_data_request(eid, ABOUT_THE_CARD, ci_key_id=eim.identity.ci_key_id)

    def _device(self) -> DeviceUnderTest:
        return DeviceUnderTest(
            self._bench,
            self._bench.known_eid or b"",
            self._endpoints,
            self._parties.profiles,
            eim_answers=Answers(self._endpoints[0]),
            smdp_answers=Answers(SmdpEndpoint(self._parties.smdp, self._bench.rack.clock.utc)),
            visits_others=self._are_several,
            tell_wait=self._tell_wait,
        )


def _outcomes(eim: Eim, transactions: Sequence[bytes]) -> tuple[Operation, ...]:
    """The operations, or those that took their place because the card had seen a higher counter."""
    again = {one.transaction_id: one.again for one in eim.events if isinstance(one, CounterResynchronised)}
    found = []
    for transaction in transactions:
        while transaction in again:
            transaction = again[transaction]
        found.append(eim.operation(transaction))
    return tuple(found)


def _trouble(eim: Eim, operation: Operation) -> HarnessError | None:
    """Why nothing good comes of it any more; None where it is done, or may still be."""
    if operation.state == DONE:
        return None
    about = [event for event in eim.events if getattr(event, "transaction_id", None) == operation.transaction_id]
    if any(isinstance(event, UnsignedErrorReceived) for event in about):
        said = f"{HIDDEN}, and the card believes no package of our eIM: it knows another key or token"
        return Withheld(said, hint="was it provisioned with this lab's `state`?")
    refused = [event.reason for event in about if isinstance(event, ResultRefused)]
    if refused:
        return DeviceFault(f"a result of the card is not believed: {refused[0]}")
    if operation.is_open:
        return None
    return DeviceFault(f"{operation.kind} failed: {operation.results or operation.error_code or operation.state}")
