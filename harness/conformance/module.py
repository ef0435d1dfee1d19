"""The module under test at its serial port, as cases see it."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.errors import MalformedAnswer, Unsupported
from harness.lab.module_bench import ModuleBench
from harness.links.at import DEFAULT_DEADLINE, Unsolicited
from harness.links.at_grammar import AtAnswer


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

    def csim(self, apdu: str) -> bytes:
        """One APDU over +CSIM, in hexadecimal; the response with its status word. Raises AtRefused, MalformedAnswer."""
        return self._apdu(f'AT+CSIM={len(apdu)},"{apdu}"', "+CSIM:")

    def cgla(self, session: int, apdu: str) -> bytes:
        """One APDU over +CGLA on a session that +CCHO opened; the response with its status word.

        Raises AtRefused, MalformedAnswer.
        """
        return self._apdu(f'AT+CGLA={session},{len(apdu)},"{apdu}"', "+CGLA:")

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

    def power_cycle(self) -> None:
        """Takes the power away and gives it back; returns when the module answers AT. Raises DeviceSilent."""
        self._bench.power_cycle()
