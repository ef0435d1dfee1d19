"""The module under test at its serial port, as cases see it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress

from harness.conformance.devices.applet import Applet
from harness.errors import MalformedAnswer, Unsupported, Withheld
from harness.lab.benches.module_bench import ModuleBench
from harness.links.apdu import MAX_GET_RESPONSE
from harness.links.at import DEFAULT_DEADLINE, Unsolicited
from harness.links.at_grammar import AtAnswer, AtRefused
from harness.roles.es10.ports import ISD_R

MORE_DATA = 0x61
_RADIO_DEADLINE = 60.0
_SIMULATED_WITHIN = 2.0
_SESSION = re.compile(r"(?:\+CCHO:)?\s*(\d{1,9})\s*")
_ICCID = re.compile(r"(?<![0-9A-F])(\d{18,20})F?(?![0-9A-F])", re.IGNORECASE)
_ICCID_NAMES = ("+ICCID", "+CCID")
"""Names that answers to a maker's own command for the ICCID may have."""
_CRSM = re.compile(r'144,\s*0,\s*"?((?:[0-9A-Fa-f]{2})*)"?\s*$')


def session_of(answer: AtAnswer) -> str:
    """The session id, an integer, alone or behind +CCHO (27.007 §8.45). Raises MalformedAnswer."""
    found = [match[1] for line in answer.lines if (match := _SESSION.fullmatch(line))]
    if len(found) != 1:
        raise MalformedAnswer(f"+CCHO gave no session id: {' / '.join(answer.lines) or 'nothing'}")
    return found[0]


class ModuleUnderTest:
    """AT commands, unsolicited result codes, and the power switch."""

    def __init__(self, bench: ModuleBench) -> None:
        self._bench = bench
        self._since_ns = time.monotonic_ns()

    def at(self, command: str, *, deadline: float = DEFAULT_DEADLINE) -> AtAnswer:
        """One command and its answer, of any final result. Raises DeviceSilent at the deadline, in seconds."""
        return self._bench.engine.command(command, deadline=deadline)

    def optional(self, command: str, *, deadline: float = DEFAULT_DEADLINE) -> AtAnswer:
        """A command that a module need not have, answered with OK. Raises Unsupported for any other result."""
        answer = self.at(command, deadline=deadline)
        if not answer.ok:
            raise Unsupported(f"the module refuses {command.partition('=')[0]}: {answer.final}")
        return answer

    def take_card(self) -> None:
        """Pauses the module's own IPA, and brings the modem into the mode in which APDUs get through."""
        self._bench.access.reach()

    def leave_card(self) -> None:
        """Lets the module work as it does in the field."""
        self._bench.access.leave()

    def switch_radio(self, level: int) -> AtAnswer:
        """AT+CFUN=level, of any result."""
        self._bench.access.forget()
        return self.at(f"AT+CFUN={level}", deadline=_RADIO_DEADLINE)

    def csim(self, apdu: str) -> bytes:
        """One APDU over +CSIM, in hexadecimal; the response with its status word. Raises AtRefused, MalformedAnswer."""
        return self._apdu(f'AT+CSIM={len(apdu)},"{apdu}"', "+CSIM:")

    def cgla(self, session: str, apdu: str) -> bytes:
        """One APDU over +CGLA on a session that +CCHO opened; the response with its status word.

        Raises AtRefused, MalformedAnswer.
        """
        return self._apdu(f'AT+CGLA={session},{len(apdu)},"{apdu}"', "+CGLA:")

    def open_isd_r(self) -> str:
        """+CCHO for the ISD-R; the session id. Raises Unsupported where the module refuses, MalformedAnswer."""
        answer = self.optional(f'AT+CCHO="{ISD_R.hex().upper()}"')
        return session_of(answer)

    def exchange(self, session: str, apdu: str) -> bytes:
        """One APDU over +CGLA and, after 61xx, GET RESPONSE until the answer is whole."""
        answer = self.cgla(session, apdu)
        data = b""
        for _ in range(MAX_GET_RESPONSE):
            if answer[-2] != MORE_DATA:
                return data + answer
            data += answer[:-2]
            answer = self.cgla(session, f"{int(apdu[:2], 16) & 0x7F:02X}C00000{answer[-1]:02X}")
        raise MalformedAnswer(f"61xx without end after {apdu[:20]}")

    def iccid(self) -> str:
        """The ICCID of the enabled profile, in digits, by the maker's own command. Raises AtRefused, MalformedAnswer."""
        command = self._bench.habits.iccid
        answer = self._bench.engine.command(command, also=_ICCID_NAMES).checked()
        found = [match[1] for line in answer.lines if (match := _ICCID.search(line))]
        if len(found) != 1:
            raise MalformedAnswer(f"{command}: {' / '.join(answer.lines)}")
        return found[0]

    def read_file(self, file: str, length: int) -> bytes:
        """A transparent file by +CRSM, as the module's own SIM access has it. Raises AtRefused, MalformedAnswer."""
        answer = self.at(f"AT+CRSM=176,{int(file, 16)},0,0,{length}").checked()
        match = _CRSM.match(answer.value("+CRSM") or "")
        if match is None:
            raise MalformedAnswer(f"+CRSM: {' / '.join(answer.lines)}")
        return bytes.fromhex(match[1])

    def registration(self) -> int:
        """The <stat> of +CEREG. Raises AtRefused, MalformedAnswer."""
        fields = (self.at("AT+CEREG?").checked().value("+CEREG") or "").split(",")
        if len(fields) < 2 or not fields[1].strip().isdecimal():
            raise MalformedAnswer(f"+CEREG: {','.join(fields)}")
        return int(fields[1])

    def wait_until(self, holds: Callable[[], bool], *, deadline: float, pause: float = 0.05) -> bool:
        """Whether something holds within `deadline`, in real seconds; an error of the module meanwhile is waited out.

        A simulated module settles at once, and gets no more than a moment for it.
        """
        if self._bench.simulated is not None:
            deadline = min(deadline, _SIMULATED_WITHIN)
        until = time.monotonic() + deadline
        while True:
            with suppress(AtRefused, MalformedAnswer):  # the SIM is being read, or the network searched
                if holds():
                    return True
            if time.monotonic() + pause >= until:
                return False
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def imsi(self) -> str:
        """The IMSI of the enabled profile as +CIMI tells it. Raises MalformedAnswer for an error."""
        answer = self.at("AT+CIMI")
        if not answer.ok or len(answer.lines) != 1:
            raise MalformedAnswer(f"AT+CIMI: {' / '.join((*answer.lines, answer.final))}")
        return answer.lines[0].strip()

    def _apdu(self, command: str, prefix: str) -> bytes:
        answer = self.at(command).checked()
        line = next((line for line in answer.lines if line.startswith(prefix)), "")
        length, _, octets = line.removeprefix(prefix).partition(",")
        octets = octets.strip().strip('"')
        if length.strip() != str(len(octets)):
            raise MalformedAnswer(f"{command}: {' / '.join((*answer.lines, answer.final))}")
        try:
            response = bytes.fromhex(octets)
        except ValueError as fault:
            raise MalformedAnswer(f"{command}: {octets!r} is not hexadecimal") from fault
        if len(response) < 2:
            raise MalformedAnswer(f"{command}: {octets!r} holds no status word")
        return response

    def wait_for_urc(
        self, wanted: Callable[[str], bool], *, deadline: float = DEFAULT_DEADLINE, since_ns: int = 0
    ) -> Unsolicited:
        """The first unsolicited line of this case that `wanted` accepts; `since_ns` (monotonic) may narrow it.

        Raises DeviceSilent at the deadline, in seconds.
        """
        since_ns = max(since_ns, self._since_ns)
        return self._bench.engine.wait_for(wanted, deadline=deadline, since_ns=since_ns)

    @property
    def poll_command(self) -> str:
        """The maker's command that makes its IPA poll. Raises Unsupported where none is known."""
        if not self._bench.habits.poll:
            raise Unsupported("no command is known that makes this module poll", hint="write `poll` for its device")
        return self._bench.habits.poll

    def get_attention(self) -> None:
        """Wakes a port that may be asleep. Raises DeviceSilent."""
        self._bench.engine.get_attention()

    def reboot(self) -> None:
        """AT+CFUN=1,1; returns when the module answers AT. Raises AtRefused, DeviceSilent."""
        self._bench.reboot()
        self._bench.boot()

    def reset_sim(self) -> None:
        """Takes the SIM down and up. Raises AtRefused, DeviceSilent."""
        self._bench.link("").reset()

    def insert_sim(self, is_in: bool) -> None:
        """Takes the SIM out of its holder, or puts it in. Raises Withheld where nobody is there to do it."""
        if self._bench.simulated is None:
            raise Withheld("nobody takes the SIM out of this module", hint="its card may be soldered in, too")
        self._bench.simulated.insert_sim(is_in)

    @property
    def applet(self) -> Applet:
        """The applet on its card that asks for channels. Raises Withheld where there is none."""
        return Applet(self._bench)

    def plug(self, is_in: bool) -> None:
        """Pulls the plug of its serial port, or puts it in. Raises Withheld where nobody is there to do it."""
        if self._bench.simulated is None:
            raise Withheld("nobody pulls the plug of this module's port", hint="pull it by hand while a case runs")
        if is_in:
            self._bench.simulated.appear()
        else:
            self._bench.simulated.vanish()

    def agree(self) -> None:
        """Opens a port anew that was away, and agrees with the module on how it answers. Raises DeviceSilent, LabFault."""
        self._bench.boot()

    def power_cycle(self) -> None:
        """Takes the power away and gives it back; returns when the module answers AT. Raises DeviceSilent."""
        self._bench.power_cycle()
