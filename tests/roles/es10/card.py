"""A card that is nothing but transport: ES10 requests go to a function, everything around them follows the standard."""

from __future__ import annotations

from collections.abc import Callable

ISD_R = bytes.fromhex("A0000005591010FFFFFFFF8900000100")
FCI = bytes.fromhex("6F258410A0000005591010FFFFFFFF8900000100A5049F6501FFE0058203020500E104800206C0")


class ScriptedCard:
    """Answers STORE DATA with `answer(request)`; keeps every command. Habits are switched by the attributes."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer
        self.commands: list[bytes] = []
        self.resets = 0
        self.has_channels = True
        self.refusals: list[int] = []
        """Status words for the next STORE DATA commands, before anything is taken in."""
        self.proactive: list[bytes] = []
        """Proactive commands waiting; the next successful end of a command becomes 91xx."""
        self.wants_exact_length = False
        self._open: set[int] = set()
        self._blocks = b""
        self._waiting = b""

    def reset(self) -> bytes:
        self.resets += 1
        self._open.clear()
        self._waiting = b""
        return bytes.fromhex("3B9F96803FC7828031E073F6A157574A4D020B60010047")

    def transmit(self, command: bytes, *, deadline: float = 10.0) -> bytes:
        self.commands.append(command)
        cla, ins, p1, p2 = command[:4]
        if ins == 0x70:
            return self._manage_channel(p1, p2)
        if ins == 0x12:
            return self.proactive.pop(0) + b"\x90\x00"
        if ins == 0x14 or (cla == 0x80 and ins in (0xAA, 0x10)):
            return self._end()
        channel = cla & 0x03 if not cla & 0x40 else 4 + (cla & 0x0F)
        if channel and channel not in self._open:
            return b"\x68\x81"
        if ins == 0xA4:
            return self._give(FCI) if command[5:21] == ISD_R else b"\x6a\x82"
        if ins == 0xC0:
            return self._get_response(command[4])
        if ins == 0xE2:
            return self._store_data(p1, p2, command[5 : 5 + command[4]])
        return b"\x6d\x00"

    def _manage_channel(self, p1: int, p2: int) -> bytes:
        if not self.has_channels:
            return b"\x68\x81"
        if p1 == 0x80:
            self._open.discard(p2)
            return b"\x90\x00"
        number = next(n for n in range(1, 20) if n not in self._open)
        self._open.add(number)
        return bytes([number]) + b"\x90\x00"

    def _store_data(self, p1: int, p2: int, block: bytes) -> bytes:
        if self.refusals:
            return self.refusals.pop(0).to_bytes(2, "big")
        self._blocks += block
        if p1 == 0x11:
            return b"\x90\x00"
        request, self._blocks = self._blocks, b""
        return self._give(self.answer(request))

    def _give(self, answer: bytes) -> bytes:
        self._waiting = answer
        return b"\x61" + bytes([min(len(answer), 255)]) if answer else self._end()

    def _get_response(self, length: int) -> bytes:
        due = min(len(self._waiting), 255)
        if self.wants_exact_length and length != due - 1:
            self.wants_exact_length = False
            return bytes([0x6C, due])
        part, self._waiting = self._waiting[:length], self._waiting[length:]
        if self._waiting:
            return part + b"\x61" + bytes([min(len(self._waiting), 255)])
        return part + self._end()

    def _end(self) -> bytes:
        return bytes([0x91, len(self.proactive[0])]) if self.proactive else b"\x90\x00"
