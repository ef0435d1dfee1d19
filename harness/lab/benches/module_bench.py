"""A slot that holds a module: a real one at a serial port, or a simulated one on a pty.

Rules of this room:
- The AT engine belongs to the bench and is opened once; the ways to the card share it.
- The module's servers (eIM, another eIM, SM-DP+s, SM-DS) run as long as the bench is open, at the same addresses for all cases.
- What is known of a module beyond 27.007 is its dialect's habits: named by the lab file, or recognised by its maker.
- A simulated module is a process of its own: its firmware is woken by the cases, never by a timer.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.endpoints.application import ApplicationServer
from harness.endpoints.front import Registration
from harness.endpoints.module_process import ModuleProcess
from harness.errors import DeviceFault, DeviceSilent, HarnessError, LabFault
from harness.lab.benches.bench import ObserverOf
from harness.lab.benches.card_factory import FACTORY, arguments_for
from harness.lab.benches.cards import card_memory, checked_eid, port_of, said_by_card, said_in
from harness.lab.benches.slot_bench import CardSlotBench
from harness.lab.file.configuration import Hardware, Simulated, Slot
from harness.lab.file.features import Lacks, of_esipa_version
from harness.lab.file.ipa import settings_of
from harness.lab.file.reach import Names
from harness.lab.power.simulated import ProcessPower
from harness.lab.servers import Server, other_smdp_certificates, server_certificates
from harness.links.at import AtEngine
from harness.links.at_access import CardAccess
from harness.links.at_card import AtCard
from harness.links.at_cgla import AtCglaLink
from harness.links.at_csim import AtCsimLink
from harness.links.at_habits import HABITS, Habits, recognised
from harness.links.events import Interface
from harness.roles.es10 import Es10
from harness.roles.es10.ports import ISD_R
from harness.simulators.module import TREATMENTS, ModuleConfig, NetworkScript

if TYPE_CHECKING:
    from harness.lab.rack import Rack
    from harness.roles.es10.identity import EuiccInfo2

_HTTPS = 443
_REBOOT, _REBOOT_DEADLINE = "AT+CFUN=1,1", 60.0
_SETTLES_IN = {True: 0.5, False: 5.0}
"""Seconds after a reboot in which a port may vanish: of a simulated module, and of a real one."""
_MANNERS = ("ATE0", "ATV1", "AT+CMEE=1")
_IDENTITY = {"manufacturer": "AT+CGMI", "model": "AT+CGMM", "revision": "AT+CGMR", "imei": "AT+CGSN"}


class ModuleBench(CardSlotBench):
    """The module of one slot, the ways to its card, and the servers that its IPA talks to."""

    def __init__(
        self, rack: Rack, slot: Slot, name: str, defects: Sequence[str] | None, observer_of: ObserverOf
    ) -> None:
        super().__init__(rack, slot, name, defects, observer_of)
        self._engine: AtEngine | None = None
        self._links: dict[str, AtCard] = {}
        self._access: CardAccess | None = None
        self._hides_card: str | None = None
        self._heard_eid: bytes | None = None
        self.simulated: ModuleProcess | None = None
        """The simulated module's process; None for a real one."""
        self.eim_servers: tuple[Server, ...] = ()
        """Of the eIM and of the other eIM."""
        self.smdp_servers: tuple[Server, ...] = ()
        """Of the SM-DP+ and of another operator's."""
        self.smds_server: Server | None = None
        """Of the SM-DS; None where the device has no name for it, or the lab's PKI no certificate."""
        self.application: ApplicationServer | None = None
        """What the device's own traffic goes to; None where it has no name."""

    @property
    def lacks(self) -> Lacks:
        """What its card and its IPA lack, as far as the lab file says so or the card did when it was identified."""
        return {**of_esipa_version(self.ipa_version), **super().lacks}

    @property
    def engine(self) -> AtEngine:
        """The open AT engine."""
        assert self._engine is not None, f"{self.name} is not open"
        return self._engine

    def link(self, name: str) -> AtCard:
        """The way to the card of this name; for a link that is none (`at`, `https`) the first that the lab file names.

        A lab file that names none leaves +CSIM, by which cases reach their state although none judges the card.
        """
        return self._links[name if name in self._links else next(iter(self.slot.ways.apdu), "at-csim")]

    def open(self) -> None:
        """Starts the servers and finds the module. Raises LabFault for a port that is not there or is mute."""
        at = self.slot.ways.at
        assert at is not None
        self._start_servers()
        port = at.port or self._start_simulated()
        if self._mains is None:
            self._find_modem(port, at.baud)
        else:
            self._mains.restore(lambda: self._find_modem(port, at.baud))
        self._links = {
            "at-cgla": AtCglaLink(self.engine, access=self.access),
            "at-csim": AtCsimLink(self.engine, access=self.access),
        }
        if isinstance(self.slot.device, Hardware):
            self._found_eid = self._eid_of(self.slot.device)

    def close(self) -> None:
        """Gives the port back, ends a simulated module and the servers."""
        self._engine = self.simulated = self._power = None
        self._links, self._access, self.eim_servers, self.smdp_servers = {}, None, (), ()
        self.application = self.smds_server = self._hides_card = None
        self._closing.close()

    def restore(self, snapshot: bytes) -> None:
        """Replaces everything that the simulated card remembers, boots the module anew, and heals its network."""
        assert self.simulated is not None, f"{self.name} is not open, or holds a real module"
        self.simulated.set_network(self.network)
        self.simulated.restore(snapshot)
        for command in _MANNERS:  # it booted with an echo; nothing is under way that it would have to be quiet for
            self.engine.command(command).checked()
        self.access.forget()
        self._start_working()

    @property
    def access(self) -> CardAccess:
        """The modem's mode, in which APDUs reach the card or do not."""
        assert self._access is not None, f"{self.name} is not open"
        return self._access

    @property
    def doubt(self) -> str:
        """Why what is seen on the card may be the doing of the module's own IPA; empty where it does nothing by itself."""
        if self.simulated is not None and self.rack.clock.is_virtual:
            return ""  # its firmware works when a case wakes it
        reason = self.access.not_paused
        return reason and f"the module's own IPA works on the same card, and {reason}"

    @property
    def habits(self) -> Habits:
        """How the module is dealt with."""
        return self.access.habits

    def _habits(self) -> Habits:
        device = self.slot.device
        if isinstance(device, Hardware):
            named = device.dialect or recognised(self._told("AT+CGMI"), self._told("AT+CGMM"))
            return HABITS[named].told(pause_ipa=device.pause_ipa, resume_ipa=device.resume_ipa, poll=device.poll)
        return HABITS[self._dialect]

    def _told(self, command: str) -> str:
        return " ".join(self.engine.command(command).lines)

    def _start_working(self) -> None:
        for command in self.habits.start:
            self.engine.command(command, deadline=_REBOOT_DEADLINE).checked()

    def power_cycle(self) -> None:
        """A power cut for a simulated module and where the lab has a switch, else a reboot; returns when it answers AT."""
        if self.simulated is not None:
            self.engine.close()
            self.simulated.kill()
            self.simulated.restart()
        elif self._mains is not None:
            self._mains.off()
            self._mains.on(self.boot)
            return
        else:
            self.reboot()
        self._agree()

    def reboot(self) -> None:
        """AT+CFUN=1,1; a port that vanishes with it is opened again when it is next used. Raises AtRefused, LabFault."""
        with suppress(LabFault, DeviceSilent):  # its OK may be lost with the port
            self.engine.command(_REBOOT, deadline=_REBOOT_DEADLINE).checked()
        with suppress(LabFault, DeviceSilent):  # nothing particular is waited for, but a port that goes and comes back
            self.engine.wait_for(lambda text: False, deadline=_SETTLES_IN[self.simulated is not None])

    def boot(self) -> None:
        """Opens the port anew and agrees with the modem on how it answers."""
        self.engine.close()
        self._agree()

    def _agree(self) -> None:
        """Brings the modem into step after a boot, and has it work."""
        self.engine.initialise()
        self.access.forget()
        self._start_working()

    def _find_modem(self, port: str, baud: int) -> None:
        if self._engine is None:
            self._engine = AtEngine(port, baud=baud, observers=[self.observer_of("at")])
            self._closing.callback(self._engine.close)
            self._access = CardAccess(self._engine)
        try:
            self._engine.initialise()
            self.access.habits = self._habits()
            self._start_working()
        except DeviceSilent as silence:
            hint = silence.hint or "is the module powered, and is this its AT port?"
            raise LabFault(f"the port {port} is mute: {silence}", hint=hint) from silence

    def identity(self) -> Mapping[str, Any]:
        """What the module says of itself, and the EID of its card; of a hidden one as the lab file or a poll told it."""
        found: dict[str, Any] = {}
        for name, command in _IDENTITY.items():
            with suppress(DeviceFault):  # a module that refuses one of these is judged by the cases
                found[name] = " ".join(self.engine.command(command).checked().lines)
        with suppress(HarnessError):
            es10 = Es10(port_of(self.link("")))
            found["eid"] = es10.get_eid().hex()
            self._said_by_card = said_by_card(self.rack, self.slot, es10)
            found["sgp32_version_of_the_card"] = self._said_by_card.version_in_words
            es10.close()
        if self.known_eid is not None:
            found.setdefault("eid", self.known_eid.hex())
        found["sgp32_version_of_the_ipa"] = self.ipa_version_in_words
        return found

    def answers(self, link: str) -> bool:
        """Resets the module and repeats a known good exchange: GetEID over a way to the card, else AT."""
        try:
            self.power_cycle()
            if link in self.slot.ways.apdu:
                es10 = Es10(port_of(self.link(link)))
                es10.get_eid()
                es10.close()
            return self.engine.command("AT").ok
        except HarnessError:
            return False

    def _eid_of(self, device: Hardware) -> str:
        """The EID behind a real module. Behind one that hides its card it is what the lab file says, until a poll tells it."""
        try:
            return checked_eid(self.link(""), self.slot, device.eid)
        except LabFault:
            if (device.eid or self.slot.ways.apdu) and not self.hides_card:
                raise
            return device.eid

    @property
    def hides_card(self) -> str:
        """Why the module lets no APDU through to its card, in the module's words; empty where it does. It is asked once."""
        if self._hides_card is None:
            self._hides_card = self.link("").blocked(ISD_R)
        return self._hides_card

    def hear_eid(self, eid: bytes) -> None:
        """What a poll says that the EID of a hidden card is. Raises LabFault where it has to be another one."""
        expected = self.known_eid
        if expected is not None and eid != expected:
            said = f"the module in slot {self.slot.name} polls with the EID {eid.hex()} instead of {expected.hex()}"
            raise LabFault(said, hint="another device was given this slot's names, or the lab file names another EID")
        self._heard_eid = eid

    def hear_info(self, info: EuiccInfo2) -> None:
        """What the IPA says that a hidden card says of itself: by this the cases that do not apply to it are known."""
        self._said_by_card = said_in(self.rack, info)

    @property
    def known_eid(self) -> bytes | None:
        """The EID that the card has, and must keep; None behind a real module that hides its card and has not polled."""
        return super().known_eid or self._heard_eid

    def _start_servers(self) -> None:
        observers = [self.observer_of("https")]
        eims = [Server(self.rack, "eim-tls", Interface.ESIPA, observers) for _ in self.names.eims]
        smdps = [
            Server(self.rack, "dp-tls", Interface.ES9P, observers, other_smdp_certificates(self.rack) if number else ())
            for number, _ in enumerate(self.names.smdps)
        ]
        self.eim_servers, self.smdp_servers = tuple(eims), tuple(smdps)
        if self.names.smds and server_certificates(self.rack, "ds-tls"):
            self.smds_server = Server(self.rack, "ds-tls", Interface.ES11, observers)
        for server in self.servers:
            server.start()
            self._closing.callback(server.stop)
        self._start_application()
        if self.slot.reach is not None:
            self._register(self.slot.reach.names)

    def _start_application(self) -> None:
        if not self.names.app:
            return
        self.application = ApplicationServer(self.rack.loop)
        if self.slot.reach is None:
            self.application.start()
        else:
            self.application.start(self.rack.lab.listen.address, self.slot.reach.app_port)
        self._closing.callback(self.application.stop)

    def _register(self, names: Names) -> None:
        """Has the shared port lead to our servers. Raises LabFault where nobody opened it."""
        if self.rack.front is None:
            raise LabFault(f"nobody opened the shared port for {', '.join(names.hosts)}", hint="use `sgp32 run`")
        registration = Registration(self.rack.front, {host: port for host, (_, port) in self.addresses.items()})
        self._closing.callback(registration.close)

    def _start_simulated(self) -> str:
        """A simulated module in a process of its own; the path of its pty.

        A process that an earlier bench of this slot gave back is used again: it takes other defects faster than it starts.
        """
        kept = self.rack.kept.pop(self._kept_as, None)
        module = kept if isinstance(kept, ModuleProcess) else self._new_process()
        self._closing.callback(self._give_back, module)
        self.simulated = module
        self._power = ProcessPower(module, self.power_cycle)
        module.appear()  # its last case may have ended while the port was gone
        assert self.application is not None
        servers = {f"{host}:{_HTTPS}": place for host, place in self.addresses.items()}
        module.set_addresses(self.addresses, {self.names.app: self.application.address, **servers})
        module.set_defects([name.partition(".")[2] for name in self.defects])
        return module.port

    def _new_process(self) -> ModuleProcess:
        assert self.config is not None
        folder = Path(tempfile.mkdtemp(prefix="sgp32-module-"))
        self.rack.at_the_end(lambda: shutil.rmtree(folder, ignore_errors=True))
        memory = card_memory(self.rack, self.slot.name) or folder / "memory.card"
        memory.parent.mkdir(parents=True, exist_ok=True)
        module = ModuleProcess(
            FACTORY,
            arguments_for(self.rack, self.config, memory, self.slot.name),
            folder,
            config=ModuleConfig(dialect=self._dialect, ipa=settings_of(self._simulated.ipa)),
            network=self.network,
            ci_certificates=[self.rack.pki.trust(curve).ci.certificate for curve in self.rack.pki.curves],
            clock="virtual" if self.rack.clock.is_virtual else "real",
        )
        self.rack.at_the_end(module.stop)
        return module.start()

    def _give_back(self, module: ModuleProcess) -> None:
        try:
            module.snapshot()
        except LabFault:
            module.stop()
        else:
            self.rack.kept[self._kept_as] = module

    @property
    def network(self) -> NetworkScript:
        """Which network each profile meets, as the lab file has it."""
        meets = self._simulated.meets.items()
        treated = {self.rack.profiles[name].iccid_digits: TREATMENTS[word] for name, word in meets}
        described = [(one.iccid_digits, one.description) for one in self.rack.profiles.values()]
        apns = {iccid: told.subscription.apn for iccid, told in described if told and told.subscription}
        return NetworkScript(treated, apns=apns)

    @property
    def _simulated(self) -> Simulated:
        assert isinstance(self.slot.device, Simulated), "a real module is not made by us"
        return self.slot.device

    @property
    def _dialect(self) -> str:
        return self._simulated.dialect

    @property
    def _kept_as(self) -> tuple[str, str]:
        return "module", self.slot.name

    @property
    def addresses(self) -> dict[str, tuple[str, int]]:
        """Where the names of our servers really listen. The names carry no port, so that messages repeat with a seed."""
        assert self.smdp_servers, f"{self.name} is not open"
        return {host: server.address for host, server in zip(self.names.hosts, self.servers, strict=False)}

    @property
    def servers(self) -> tuple[Server, ...]:
        """All of them, in the order of their names; the SM-DS, which comes last, may be missing."""
        return (*self.eim_servers, *self.smdp_servers, *([self.smds_server] if self.smds_server else []))
