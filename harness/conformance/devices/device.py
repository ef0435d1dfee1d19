"""The module under test as an IPA: it is woken, time passes, and its eIM sees what it does.

Rules of this room:
- A simulated module is woken; nothing else makes it poll. `advance` wakes it at each time it asked for, in order, so that a
  day of polling is over in a second and happens the same way every time.
- A real module polls by itself: it is given real time. Where a poll is wanted at once it is told by its maker's command,
  or rebooted where none is known; one that polls at no boot has its interval to pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.conformance.adversaries.lying import GET_PACKAGE, Answers, function_of
from harness.conformance.devices.applet import Applet
from harness.conformance.devices.boundary import Boundary, Traffic
from harness.conformance.devices.card_ipa import CardIpa
from harness.conformance.devices.esipa_forms import ESIPA_FORMS, EsipaForms
from harness.conformance.devices.scripted_network import Network
from harness.conformance.devices.visits import brings_a_change, hears_of_nothing
from harness.endpoints.eim import EimEndpoint, SeenRequest
from harness.endpoints.injecting import Binding, ListeningDevice, bring
from harness.errors import DeviceSilent, MalformedAnswer, Withheld
from harness.lab.benches.module_bench import ModuleBench
from harness.lab.file.declared import Declared, undeclared
from harness.lab.programs import run_program
from harness.links.events import Interface
from harness.links.https_client import HttpsClient
from harness.links.tls import Trust

if TYPE_CHECKING:
    from harness.conformance.devices.euicc import EuiccUnderTest
    from harness.profiles import ProfilePackage
    from harness.roles.eim import Eim

POLL_DEADLINE = 120.0
"""Real seconds that a real module gets to poll after it was told to, or after a reboot."""
COMMAND_DEADLINE = 30.0
"""Real seconds that it gets to answer the command for that."""
INTERVAL_MARGIN = 1.1
"""By how much a declared interval may be exceeded before a poll counts as missing."""
VISIT_DEADLINE = 600.0
"""Real seconds that its visit may take: a profile is downloaded, the network is changed."""
SMS_DEADLINE = 60.0
"""Real seconds that the lab's program for it may take to send an SMS."""
TELL_EVERY = 5.0
"""Real seconds between two looks at how a long wait goes on."""
PAUSE_IN_A_VISIT = 120.0
"""Real seconds without a request after which a visit is over, although nobody said that there is no package."""
AFTER_A_CHANGE = 5.0
"""Real seconds without a request after which a device has told the SM-DP+ of what it changed in a visit, if it does that."""
BETWEEN_EIMS = 10.0
"""Real seconds within which a device that has done with one eIM comes to the next, if it does."""
_LISTENER = "ipa.module.test"
_WORK_AT_LEAST = 3
_MOST_WAKES = 10_000
"""A module that wants to be woken more often than this in one `advance` polls in a storm."""


class DeviceUnderTest:
    """The module as its eIMs see it, and the hands that wake it."""

    def __init__(
        self,
        bench: ModuleBench,
        eid: bytes,
        endpoints: Sequence[EimEndpoint],
        profiles: Mapping[str, ProfilePackage],
        *,
        eim_answers: Answers,
        smdp_answers: Answers,
        visits_others: bool = False,
        tells_smdp: bool = False,
        tell_wait: Callable[[str], None] = lambda said: None,
    ) -> None:
        """`endpoints` are those of the case's eIM and of its other one; `tell_wait` hears how a long wait goes on.

        `visits_others`: a visit is not over before the other one was visited too, where the device does that. `tells_smdp`: nor
        before it had time to tell an SM-DP+ what waited for that since earlier visits.
        """
        self._bench = bench
        self._tell_wait = tell_wait
        self._endpoint, *self._others = endpoints
        self._tells_smdp = tells_smdp
        self._visited = tuple(endpoints) if visits_others else (self._endpoint,)
        self.eim_answers = eim_answers
        """What the eIM answers, for cases that change it on its way."""
        self.smdp_answers = smdp_answers
        """What the SM-DP+ answers, likewise."""
        self.eid = eid
        """The EID of its card, 16 octets."""
        self.network = Network(bench, profiles)
        self._profiles = profiles
        self.next_due: float | None = None
        """When the firmware wants to be woken again, in seconds of the lab's clock; None before its first wake."""

    @property
    def declares(self) -> Declared:
        """What the device's maker declares of it."""
        return self._bench.slot.declared

    @property
    def esipa(self) -> EsipaForms:
        """How its IPA is to write ESipa: the forms of its SGP.32 version."""
        return ESIPA_FORMS[self._bench.ipa_version]

    @property
    def says_its_version(self) -> bool:
        """Whether the lab says of which SGP.32 version its IPA is; where it does not, that of its card is assumed."""
        return self._bench.simulated is not None or bool(self._bench.slot.said_ipa_version)

    @property
    def polling_interval(self) -> float:
        """What the device's maker declares, in seconds. Raises Withheld where that is not known."""
        missing = undeclared(["polling_interval"], self.declares)
        if missing:
            raise Withheld(missing)
        return self.declares["polling_interval"]

    @property
    def now(self) -> float:
        """Seconds of the lab's clock, as in the times of requests."""
        return self._bench.rack.clock.now()

    @property
    def requests(self) -> tuple[SeenRequest, ...]:
        """Every request that the eIM saw in this case, oldest first, with what it answered."""
        return self._endpoint.requests

    @property
    def other_requests(self) -> tuple[SeenRequest, ...]:
        """Those that the other eIM saw."""
        return self._others[0].requests if self._others else ()

    def sent(self, function: str) -> tuple[SeenRequest, ...]:
        """The requests for this function of ESipa."""
        return tuple(request for request in self.requests if function_of(request.path, request.body) == function)

    @property
    def polls(self) -> tuple[SeenRequest, ...]:
        """Those that are GetEimPackage."""
        return self.sent(GET_PACKAGE)

    @property
    def heard_that_nothing_waits(self) -> bool:
        """Whether the last poll was answered with noEimPackageAvailable."""
        return hears_of_nothing(self.requests)

    @property
    def other_polls(self) -> tuple[SeenRequest, ...]:
        """GetEimPackage at the other eIM."""
        return tuple(one for one in self.other_requests if function_of(one.path, one.body) == GET_PACKAGE)

    def poll_now(self) -> tuple[SeenRequest, ...]:
        """Has the module poll at once, and returns the requests of this visit. Raises DeviceSilent where none came."""
        before = len(self.requests)
        self._bench.access.leave()
        if self._bench.simulated is not None:
            self.next_due = self._bench.simulated.wake(self._bench.rack.clock.now(), trigger=True)
        else:
            begun = self._make_it_poll()
            self.see_the_visit_out(begun)
        return self.requests[before:]

    @property
    def poll_deadline(self) -> float:
        """Real seconds after which a real module's poll counts as missing: longer where only its interval makes it poll."""
        if self._bench.habits.poll:
            return POLL_DEADLINE
        interval, jitter = (self.declares.get(name, 0.0) for name in ("polling_interval", "jitter"))
        return max(POLL_DEADLINE, self.declares.get("boot_poll_within", 0.0), INTERVAL_MARGIN * interval + jitter)

    def _make_it_poll(self) -> tuple[int, ...]:
        """Has a real module poll by the maker's command, else by a reboot, and waits for its first request.

        How many requests each eIM had seen before. Raises DeviceSilent where none comes.
        """
        before, within = self._counts, self.poll_deadline
        command = self._bench.habits.poll
        if command:
            self._bench.engine.command(command, deadline=COMMAND_DEADLINE).checked()
        else:
            self._bench.power_cycle()
        if not self._more_comes(before, TELL_EVERY):
            self._wait(within - TELL_EVERY, lambda: self._counts != before)
        if self._counts == before:
            raise DeviceSilent(f"no poll came within {within:g} s of {command or 'the reboot'}")
        return before

    @property
    def _counts(self) -> tuple[int, ...]:
        """How many requests came to each eIM that a visit leads to."""
        return tuple(len(endpoint.requests) for endpoint in self._visited)

    def poll_and(self, interrupt: Callable[[], None]) -> None:
        """Has the module poll and, once its first request was answered, does something to it meanwhile.

        Raises DeviceSilent where no request came.
        """
        before = len(self.requests)
        self._bench.access.leave()
        simulated = self._bench.simulated
        order = None if simulated is None else simulated.begin_wake(self._bench.rack.clock.now(), trigger=True)
        if simulated is None:
            self._make_it_poll()
        elif not self._endpoint.wait_for_more_than(before, POLL_DEADLINE):
            raise DeviceSilent(f"no poll came within {POLL_DEADLINE:g} s")
        interrupt()
        if simulated is not None and order is not None:
            self.next_due = simulated.finish_wake(order)

    def poll_amid(self, work: Callable[[], None]) -> tuple[SeenRequest, ...]:
        """Has the module poll while `work` is done again and again, at last once more after it; the requests of the visit.

        A real module is waited for: its next poll is due within its declared interval. Raises DeviceSilent where none came.
        """
        before = len(self.requests)
        if self._bench.simulated is not None:
            order = self._bench.simulated.begin_wake(self._bench.rack.clock.now(), trigger=True)
            for _ in range(_WORK_AT_LEAST):
                work()
            self.next_due = self._bench.simulated.finish_wake(order)
        else:
            within = self.polling_interval + POLL_DEADLINE
            until = time.monotonic() + within
            while len(self.requests) == before:
                if time.monotonic() >= until:
                    raise DeviceSilent(f"no poll came within {within:g} s")
                work()
        work()
        return self.requests[before:]

    def polls_within(self, seconds: float) -> tuple[SeenRequest, ...]:
        """The polls that come in so many seconds from now; those of a simulated module come at once or not at all."""
        before = len(self.polls)
        if self._bench.simulated is not None:
            self.wake()
        else:
            self._endpoint.wait_for_more_than(len(self.requests), seconds)
        return self.polls[before:]

    def work_off(self, most: int = 5) -> None:
        """Has the module poll until it hears that nothing waits, at most so often: one package a visit is a habit too."""
        for _ in range(most):
            if hears_of_nothing(self.poll_now()):
                return

    def see_the_visit_out(self, before: Sequence[int]) -> None:
        """Waits until the device heard in this visit that there is no package, or nothing comes any more.

        `before` is how many requests each eIM had seen before the visit: it may begin with a result or a notification, and
        what an earlier one was told says nothing of this one.
        """
        until = time.monotonic() + VISIT_DEADLINE
        while True:
            seen = self._counts
            visits = [one.requests[begun:] for one, begun in zip(self._visited, before, strict=True)]
            over = [hears_of_nothing(visit) for visit in visits]
            left = [visit for visit, is_over in zip(visits, over, strict=True) if not is_over]
            pause = PAUSE_IN_A_VISIT if any(left) or not any(over) else BETWEEN_EIMS
            within = min(pause, until - time.monotonic())
            if not left:
                self._hear_it_out(visits)
                return
            if within <= 0 or not self._more_comes(seen, within):
                return

    def _hear_it_out(self, visits: Sequence[Sequence[SeenRequest]]) -> None:
        """Waits for what an IPA tells an SM-DP+ behind a visit, as of what it changed in it, until nothing more comes."""
        if not self._tells_smdp and not any(brings_a_change(request) for visit in visits for request in visit):
            return
        ended = time.monotonic()
        while (now := time.monotonic()) < ended + VISIT_DEADLINE:
            quiet = now - max(ended, *(server.heard_at for server in self._bench.servers))
            if quiet >= AFTER_A_CHANGE:
                return
            self._more_comes(self._counts, AFTER_A_CHANGE - quiet)

    def _more_comes(self, seen: tuple[int, ...], within: float) -> bool:
        """Whether another request comes to one of the eIMs, beyond so many at each."""
        return self._endpoint.wait_until(lambda: self._counts != seen, within)

    def wake(self) -> None:
        """Gives the firmware the time, as at a boot: it does what is due and nothing else."""
        assert self._bench.simulated is not None, "a real module wakes by itself"
        self._bench.access.leave()
        self.next_due = self._bench.simulated.wake(self._bench.rack.clock.now())

    def advance(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        """Lets time pass, but no more once `until` holds: after a wake of the firmware, or a request of a real device.

        On a virtual clock the firmware is woken whenever it asked to be; on a real one it does as it likes, and whoever
        watches hears how the wait goes on. Raises DeviceSilent for a storm of wakes.
        """
        clock = self._bench.rack.clock
        end = clock.now() + seconds
        if not clock.is_virtual:
            self._bench.access.leave()
            self._wait(seconds, until)
            return
        self.wake()
        for _ in range(_MOST_WAKES):
            due = self.next_due
            if until():
                return
            if due is None or due > end:
                clock.advance(end - clock.now())
                return
            clock.advance(max(0.0, due - clock.now()))
            self.wake()
        raise DeviceSilent(f"the firmware wanted more than {_MOST_WAKES} wakes in {seconds:g} s")

    def bring(self, eim: Eim) -> tuple[Tlv, ...]:
        """Has the eIM go to the listening IPA with the next package that waits for this device.

        What the IPA answers: to the package, and to the acknowledgements where its answer led to any. In the binding that
        it is known to speak. Raises Withheld for a real device, and MalformedAnswer for what is no answer.
        """
        if self._bench.simulated is None:
            raise Withheld("where a real device listens for packages is not known")
        port, key = self._bench.simulated.listener()
        client = HttpsClient(
            Trust(pinned_keys=(key,)),
            interface=Interface.ESIPA,
            addresses={_LISTENER: ("127.0.0.1", port)},
            observers=[self._bench.observer_of("https")],
        )
        binding: Binding = "asn1" if "json-binding" in self._bench.lacks else "json"
        with closing(client):
            answers = bring(eim, self.eid, ListeningDevice(client, _LISTENER, binding), self._bench.rack.clock.now)
        brought = tuple(tlv.parse(answer) for answer in answers)
        for answer in brought:
            if not answer.children:
                raise MalformedAnswer(
                    f"what is brought is answered with {answer.raw.hex().upper()}, which says nothing"
                )
        return tuple(answer.children[0] for answer in brought)

    def _wait(self, seconds: float, until: Callable[[], bool]) -> None:
        began = time.monotonic()
        seen = self._counts
        before = sum(seen)
        while not until():
            gone = time.monotonic() - began
            if gone >= seconds:
                return
            self._tell_wait(f"{gone:.0f} of at most {seconds:.0f} s, {sum(seen) - before} requests")
            self._more_comes(seen, min(seconds - gone, TELL_EVERY))
            seen = self._counts

    def send_sms(self) -> None:
        """Sends the device the SMS that is to wake its IPA. Raises LabFault where the lab's program for it fails."""
        if self._bench.simulated is not None:
            self._bench.simulated.deliver_sms()
        else:
            run_program(self._bench.slot.sms, SMS_DEADLINE, "try it by hand: it is the `sms` of the slot")

    def traffic(self, profile: str) -> Traffic:
        """Traffic of its host's over a fixture profile. Raises Unsupported where the module shows no sockets."""
        return Traffic(self.boundary(profile, carried=True))

    def ipa_in_card(self, euicc: EuiccUnderTest, profile: str) -> CardIpa:
        """An IPA in its card, over the fixture profile that is enabled, which finds its eIM by name.

        Raises Withheld where its card takes no part, Unsupported and LabFault where the name leads nowhere.
        """
        boundary = self.boundary(profile, carried=False)
        boundary.address_of(self._bench.names.hosts[0])
        roots = [self._bench.rack.pki.trust(curve).ci.certificate for curve in self._bench.rack.pki.curves]
        return CardIpa(euicc, Applet(self._bench), boundary.address_of, roots)

    def boundary(self, profile: str, *, carried: bool) -> Boundary:
        """The way of its traffic over a fixture profile; `carried`: whether it reached the eIM over that profile."""
        return Boundary(self._bench, self._profiles[profile], carried=carried)

    def emergency_call(self, under_way: bool) -> None:
        """An emergency call begins or ends, and the firmware hears of it. Raises Withheld for a real device."""
        if self._bench.simulated is None:
            raise Withheld("nobody makes emergency calls with a real device here")
        self._bench.simulated.emergency_call(under_way)
        self.wake()

    def power_cycle(self) -> None:
        """Takes the power away and gives it back; the firmware boots, and is due at its next wake."""
        self._bench.power_cycle()
