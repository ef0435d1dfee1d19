"""An AT modem: octets of a serial line in, octets out. V.250 and 27.007 as far as a lab uses them.

Rules of this room:
- Each command is one entry of the rule table; what a command knows of the module is this object. Which commands there are
  and how they answer is the dialect's.
- Unsolicited result codes go out when the line is quiet, or as lines of their own inside the next answer where the host
  is faster: what a command sets off at the network comes after its own OK. They never cut a line.
- Octets that are no command end in ERROR or in nothing; a line without end is dropped at a bound.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from harness.errors import DeviceFault, HarnessError
from harness.rules import Rules
from harness.simulators.module import grammar
from harness.simulators.module.config import ModuleConfig, NetworkScript, ProfileNetwork
from harness.simulators.module.dialects import DIALECTS, SOCKET_COMMANDS
from harness.simulators.module.grammar import TEST, AtCommand, AtError, Outcome, Prompt
from harness.simulators.module.peers import Nobody, NoPeer, Peers, PeerSocket
from harness.simulators.module.sim import NoSim, Sim
from harness.simulators.module.sleep import Sleeping

LONGEST_LINE = 8192
PEER_NET = "198.51.100."
"""What the addresses of peers begin with: TEST-NET-2 (RFC 5737)."""
PEER_PORT = 7
"""Where peers listen, as the network has it, whose names tell no port: that of echo (RFC 862)."""
FULL, MINIMUM, AIRPLANE = 1, 0, 4
_RETURN, _LINE_FEED, _ESCAPE, _CTRL_Z = 0x0D, 0x0A, 0x1B, 0x1A
_PROMPT = b"\r\n> "
NOT_REGISTERED, HOME, SEARCHING, DENIED, ROAMING = 0, 1, 2, 3, 5
_REGISTERED = (HOME, ROAMING)


class Modem:
    """The AT side of a module. `receive` and `pending` are for one thread; firmware may announce from another."""

    def __init__(self, config: ModuleConfig, sim: Sim, network: NetworkScript, rules: Rules) -> None:
        self.config = config
        self.dialect = DIALECTS[config.dialect]
        self.sim = sim
        self.network = network
        self.rules = rules
        self.now = 0.0
        """Seconds since 1970 on the lab's clock."""
        self.clock_error = 0.0
        """Seconds by which the module's own clock differs from the lab's."""
        self.peers: Peers = Nobody()
        """What the module's own sockets lead to."""
        self.sockets: dict[int, PeerSocket | str] = {}
        """By number; one that is not yet connected is its transport alone."""
        self.internet_over: str | None = None
        """The ICCID that the module's own TCP/IP was brought up over, empty for none; None where it is down."""
        self.sleeping = Sleeping()
        self.is_on = False
        self.echo = True
        self.error_verbosity = 0
        self.functionality = FULL
        self.registration_reports = {"+CREG": 1, "+CGREG": 0, "+CEREG": 1}
        self.contexts = {1: ("IP", "")}
        self.attach_wanted = True
        self.active_contexts = {1}
        self.sessions: set[int] = set()
        self.has_emergency_call = False
        """Whether an emergency call is under way."""
        self.on_announcement: Callable[[], None] = lambda: None
        """Called, from any thread, when there is something to fetch with `pending`."""
        self.ipa_is_paused = False
        """Whether the host asked the firmware to leave the card alone."""
        self.poll_is_wanted = False
        """Whether the host asked the firmware to poll; who gives it the time looks here."""
        self.polls_begun = 0
        """How often the firmware was made to poll in this boot."""
        self.on_poll_wanted: Callable[[], None] = lambda: None
        self.reboot: Callable[[], None] = lambda: None
        """Takes the power away from the whole module and gives it back; set by whoever holds it."""
        self.after_answer: list[Callable[[], None]] = []
        """What a command still does once its OK is out, such as a reboot."""
        self._announcements: deque[str] = deque()
        self._reported = NOT_REGISTERED
        self._line = bytearray()
        self._prompt: Prompt | None = None
        """What waits for data instead of a command line."""
        sim.on_reset(self._sim_was_reset)

    def peer_at(self, address: str, port: int, transport: str) -> PeerSocket:
        """The other end of a connection over the network met. Raises NoPeer where it does not carry it."""
        hosts = {f"{PEER_NET}{place}": host for place, host in enumerate(self.peers.hosts, 1)}
        host = hosts.get(address, "")
        listens = int(host.partition(":")[2] or PEER_PORT)
        if not host or port != listens or not self.has_data_path() or not self.network_met().carries:
            raise NoPeer(address)
        return self.peers.connect(host, transport)

    # power

    def power_on(self) -> None:
        """Boots: the SIM is read, the network searched, and the host told."""
        self.echo, self.error_verbosity, self.functionality = True, 0, self.dialect.boots_at
        self.ipa_is_paused = self.poll_is_wanted = False
        self.polls_begun = 0
        self.sleeping, self.clock_error = Sleeping(), 0.0
        self.sessions.clear()
        self._line.clear()
        self._prompt = self.internet_over = None
        self._reported = NOT_REGISTERED
        self.has_emergency_call = False
        self.is_on = True
        for text in self.dialect.boot_announcements:
            self.announce(text)
        if self.functionality != MINIMUM:
            self.sim.power_on()

    def power_off(self) -> None:
        """Gone, without a word."""
        self.is_on = False
        self._announcements.clear()
        while self.sockets:
            self.close_socket(min(self.sockets))
        self.sim.power_off()

    def close_socket(self, number: int) -> None:
        """Closes one of the module's own sockets."""
        closed = self.sockets.pop(number)
        if not isinstance(closed, str):
            closed.close()

    def insert_sim(self, is_in: bool) -> None:
        """Somebody takes the SIM out of its holder, or puts it in."""
        self.rules["sim-detection"](self, is_in)

    def lose_host(self) -> None:
        """The plug of the AT port is pulled."""
        self.rules["host-is-gone"](self)

    # network

    def network_met(self) -> ProfileNetwork:
        """The network that the enabled profile meets now."""
        return self.network.of(self.sim.iccid if self.functionality == FULL else None)

    def registration(self) -> int:
        """The <stat> of +CREG."""
        if self.functionality != FULL or self.sim.iccid is None:
            return NOT_REGISTERED
        met = self.network_met()
        if not met.attaches:
            return DENIED if met.denies else SEARCHING
        return HOME if not met.plmn or (self.sim.imsi or "").startswith(met.plmn) else ROAMING

    def plmn(self) -> str | None:
        """MCC and MNC of the network registered in; None where there is none."""
        if self.registration() not in _REGISTERED:
            return None
        return self.network_met().plmn or (self.sim.imsi or "")[:5] or None

    def has_data_path(self) -> bool:
        """Whether IP packets get through: over the enabled profile, or by other means where there is none."""
        if self.is_on and self.functionality == FULL and self.sim.iccid is None:
            return self.network.other_bearer
        return self.is_on and self.rules["data-path"](self)

    # unsolicited result codes

    def announce(self, text: str) -> None:
        """Queues an unsolicited result code. From any thread."""
        self._announcements.append(text)
        self.on_announcement()

    def announce_behind(self, text: str) -> None:
        """Has an unsolicited result code follow the OK of the command under way."""
        self.after_answer.append(lambda: self.announce(text))

    def pending(self) -> bytes:
        """Everything unsolicited that is due while no command is under way."""
        self._report_registration()
        return b"".join(grammar.line(text) for text in self._taken())

    def _taken(self) -> list[str]:
        texts = []
        while self._announcements:
            texts.append(self._announcements.popleft())
        return texts

    def _report_registration(self) -> None:
        found = self.rules["registration-reported"](self) if self.is_on else NOT_REGISTERED
        if found != self._reported:
            self._reported = found
            self._take_network_time(found)
            for name, level in self.registration_reports.items():
                if level:
                    self._announcements.append(f"{name}: {found}")

    def _take_network_time(self, registration: int) -> None:
        told = self.network_met().clock_error
        if registration in _REGISTERED and told is not None:
            self.clock_error = told

    def certificate_time_error(self) -> float:
        """Seconds by which the time is wrong that the firmware checks certificates at."""
        wrong_by: float = self.rules["certificate-time"](self)
        return wrong_by

    def schedule_time_error(self) -> float:
        """Seconds by which the time is wrong that the firmware plans its polls by."""
        wrong_by: float = self.rules["schedule-time"](self)
        return wrong_by

    def deliver_sms(self) -> None:
        """An SMS that is to wake the IPA reaches the module where a network does."""
        if self.registration() in _REGISTERED and self.rules["wakes-by-sms"](self):
            self.poll_is_wanted = True
            self.on_poll_wanted()

    # sleep

    def rest(self) -> None:
        """The firmware is done: in power saving mode the AT port falls asleep where nobody used it for long enough."""
        if self.registration() in _REGISTERED and self.sleeping.is_due(self.now):
            self.sleeping.asleep = True

    def _sim_was_reset(self) -> None:
        """The card lost its channels: after a REFRESH, a reset, a power-off."""
        self.sessions.clear()
        if self.is_on and self.dialect.announces_sim:
            if self.sim.is_powered:
                self.announce("+CPIN: READY")
            else:
                self.announce("+CPIN: NOT READY")

    # commands

    def receive(self, octets: bytes) -> bytes:
        """Takes what came over the line and returns what goes back."""
        if not self.is_on:
            return b""
        out = bytearray()
        if self.sleeping.asleep:  # what wakes the port is lost
            self.sleeping.woken(self.now)
            return b""
        self.sleeping.used_at = self.now
        for octet in octets:
            if self._prompt is not None:
                out += self._take_data(self._prompt, octet)
                continue
            if octet == _LINE_FEED:
                continue
            if self.echo:
                out.append(octet)
            if octet == _RETURN:
                taken = bytes(self._line)
                self._line.clear()
                out += self._execute(taken)
                if not self.is_on:
                    break
            elif octet == _ESCAPE:
                self._line.clear()
            elif len(self._line) <= LONGEST_LINE:
                self._line.append(octet)
        return bytes(out)

    def _execute(self, octets: bytes) -> bytes:
        text = octets.decode("latin-1").strip()
        if not text:
            return b""
        if text[:2].upper() != "AT":
            return b""
        self._report_registration()
        announcements = self._taken()
        lines: list[str] = []
        final = "OK"
        try:
            if len(octets) > LONGEST_LINE:
                raise AtError
            for command in grammar.parse(text[2:]):
                done = self._run(command)
                if isinstance(done, Prompt):
                    self._prompt = done
                    self._announcements.extendleft(reversed(announcements))
                    return _PROMPT
                lines += done.lines
                final = done.final
        except AtError as fault:
            lines += fault.lines
            final = self.rules["error"](fault.code, self.error_verbosity)
        return self._end(lines, announcements, final)

    def _take_data(self, prompt: Prompt, octet: int) -> bytes:
        """One octet of the data that a command asked for; the end of its answer with the last."""
        echo = bytes([octet]) if self.echo else b""
        if octet == _ESCAPE:
            self._prompt = None
            self._line.clear()
            return echo + self._end([], self._taken(), "OK")
        if octet != _CTRL_Z or prompt.length is not None:
            self._line.append(octet)
            if len(self._line) != (prompt.length or LONGEST_LINE):
                return echo
        data = bytes(self._line)
        self._prompt = None
        self._line.clear()
        announcements = self._taken()
        try:
            return echo + self._end(prompt.then(data), announcements, prompt.final)
        except AtError as fault:
            final = self.rules["error"](fault.code, self.error_verbosity)
            return echo + self._end(fault.lines, announcements, final)

    def _end(self, lines: Sequence[str], announcements: Sequence[str], final: str) -> bytes:
        out = self.rules["answer"](list(lines), [*announcements, *self.dialect.chatter], final)
        after, self.after_answer = self.after_answer, []
        for action in after:
            action()
        return bytes(out)

    def _run(self, command: AtCommand) -> Outcome | Prompt:
        handler = self.rules.get("iccid" if command.name in self.dialect.iccid_commands else f"AT{command.name}")
        if handler is None or self._is_missing(command):
            raise AtError
        try:
            done = handler(self, command)
        except NoSim:
            raise AtError(grammar.NO_SIM) from None
        except DeviceFault:
            raise AtError(grammar.SIM_FAILURE) from None
        except HarnessError:
            raise AtError(grammar.UNKNOWN) from None
        return done if isinstance(done, Outcome | Prompt) else Outcome(done)

    def _is_missing(self, command: AtCommand) -> bool:
        dialect = self.dialect
        if command.name in SOCKET_COMMANDS and command.name not in dialect.sockets.names:
            return True
        return command.name in dialect.missing or (command.form == TEST and command.name in dialect.refuses_test)


Handler = Callable[[Modem, AtCommand], Sequence[str] | Outcome | Prompt]
"""What a command does. Raises AtError."""


def sim_detection(modem: Modem, is_in: bool) -> None:
    """The SIM loses its contacts, or gets them while the module would feed it."""
    if not is_in:
        modem.sim.power_off()
    elif modem.is_on and modem.functionality != MINIMUM and not modem.sim.is_powered:
        modem.sim.power_on()


def data_path(modem: Modem) -> bool:
    """Whether IP packets get through over the enabled profile."""
    return modem.attach_wanted and modem.plmn() is not None and modem.network_met().has_data


def answer(lines: list[str], announcements: list[str], final: str) -> bytes:
    """An answer on the wire: its lines, whatever else came meanwhile on lines of its own, the final result."""
    return b"".join(grammar.line(text) for text in (*lines, *announcements, final))
