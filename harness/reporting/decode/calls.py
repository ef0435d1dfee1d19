"""APDU pairs joined into calls: the blocks of a STORE DATA chain, and the GET RESPONSEs that bring the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.evidence.records import ExchangeRecord
from harness.reporting.decode.apdu import Command

GET_RESPONSE = 0xC0


@dataclass(slots=True)
class Call:
    """One command with what belongs to it: earlier blocks of its chain, GET RESPONSE after it."""

    first: ExchangeRecord
    command: Command
    records: list[ExchangeRecord] = field(default_factory=list)
    request: bytes = b""
    response: bytes = b""
    blocks: int = 0
    sw: int = 0
    expects_more_blocks: bool = False
    fault: str = ""


class Calls:
    """Takes pairs of command and response in their order; gives calls when nothing more can belong to them."""

    def __init__(self) -> None:
        self._open: Call | None = None

    def take(
        self, command: Command, received: bytes | None, records: Sequence[ExchangeRecord], fault: str = ""
    ) -> list[Call]:
        """One command, and its response or None where none came. Returns the calls that this completes."""
        done: list[Call] = []
        call = self._open
        if call is None or not _continues(call, command):
            done = self.flush()
            call = self._open = Call(records[0], command)
        if command.ins != GET_RESPONSE or not call.records:
            call.request += command.data
            call.blocks += 1
        call.records += records
        call.fault = fault
        call.expects_more_blocks = command.is_store_data and not command.is_last_block
        call.sw = 0
        if received is not None and len(received) >= 2:
            call.response += received[:-2]
            call.sw = int.from_bytes(received[-2:], "big")
        if call.sw >> 8 in (0x61, 0x6C) or (call.expects_more_blocks and call.sw == 0x9000):
            return done
        return [*done, *self.flush()]

    def flush(self) -> list[Call]:
        """What is open, as it is."""
        call, self._open = self._open, None
        return [call] if call is not None else []


def _continues(call: Call, command: Command) -> bool:
    if command.channel != call.command.channel:
        return False
    if command.ins == GET_RESPONSE:
        return call.sw >> 8 in (0x61, 0x6C)
    if call.sw >> 8 == 0x6C:
        return command.octets[:4] == call.command.octets[:4] and command.data == call.command.data
    return command.is_store_data and call.expects_more_blocks and command.p2 == call.blocks & 0xFF


def tag_of(octets: bytes) -> int:
    """The tag that the octets begin with, whatever follows; 0 where they begin with none."""
    if not octets:
        return 0
    if octets[0] & 0x1F != 0x1F:
        return octets[0]
    end = next((at for at in range(1, min(len(octets), 4)) if not octets[at] & 0x80), 0)
    return int.from_bytes(octets[: end + 1], "big") if end else 0
