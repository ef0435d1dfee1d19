"""Proactive commands and terminal responses in words (ETSI TS 102 223 §8, §9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.reporting.decode.annotate import Annotator
from harness.reporting.decode.tree import Node

NAMES: Mapping[int, str] = {
    0xD0: "proactive command",
    0xD1: "SMS-PP download",
    0xD6: "event download",
    0x01: "command details",
    0x02: "device identities",
    0x03: "result",
    0x04: "duration",
    0x05: "alpha identifier",
    0x06: "address",
    0x0B: "SMS TPDU",
    0x12: "file list",
    0x19: "event list",
    0x2F: "AID",
    0x35: "bearer description",
    0x36: "channel data",
    0x37: "channel data length",
    0x38: "channel status",
    0x39: "buffer size",
    0x3C: "UICC/terminal interface transport level",
    0x3E: "other address",
    0x47: "network access name",
}
TEMPLATES = frozenset({0xD0, 0xD1, 0xD6})
COMMANDS: Mapping[int, str] = {
    0x01: "REFRESH",
    0x02: "MORE TIME",
    0x03: "POLL INTERVAL",
    0x04: "POLLING OFF",
    0x05: "SET UP EVENT LIST",
    0x13: "SEND SHORT MESSAGE",
    0x15: "LAUNCH BROWSER",
    0x21: "DISPLAY TEXT",
    0x25: "SET UP MENU",
    0x26: "PROVIDE LOCAL INFORMATION",
    0x27: "TIMER MANAGEMENT",
    0x40: "OPEN CHANNEL",
    0x41: "CLOSE CHANNEL",
    0x42: "RECEIVE DATA",
    0x43: "SEND DATA",
    0x44: "GET CHANNEL STATUS",
}
REFRESH: Mapping[int, str] = {
    0x00: "NAA initialization and full file change notification",
    0x01: "file change notification",
    0x02: "NAA initialization and file change notification",
    0x03: "NAA initialization",
    0x04: "UICC reset",
    0x05: "NAA application reset",
    0x06: "NAA session reset",
    0x09: "eUICC profile state change",
}
RESULTS: Mapping[int, str] = {
    0x00: "performed",
    0x07: "performed with modification",
    0x20: "terminal busy",
    0x30: "beyond the terminal's capabilities",
    0x3A: "bearer independent protocol error",
}
CHANNEL_TROUBLES: Mapping[int, str] = {
    0x01: "no channel available",
    0x02: "channel closed",
    0x03: "channel identifier not valid",
    0x04: "requested buffer size not available",
    0x05: "security error",
    0x06: "requested transport level not available",
    0x07: "remote device not reachable",
}
_CHANNEL_TROUBLE = 0x3A


def proactive(octets: bytes, annotator: Annotator) -> tuple[Node, ...]:
    """The octets of a FETCH answer, a TERMINAL RESPONSE or an ENVELOPE as a tree."""
    return tuple(_named(node, annotator) for node in annotator.message(octets))


def command_name(trees: tuple[Node, ...]) -> str:
    """Which proactive command a tree speaks of; empty where it names none."""
    details = next((node for tree in trees for node in tree.walk() if node.label == "command details"), None)
    return details.value if details else ""


def _named(node: Node, annotator: Annotator) -> Node:
    tag = int(node.tag, 16) if node.tag else 0
    # A simple TLV's first bit is the comprehension flag, no part of its tag.
    label = NAMES.get(tag) or NAMES.get(tag & 0x7F, "") if tag < 0x100 else ""
    if tag in TEMPLATES and node.octets:
        # A template whose tag does not say so: BER calls D0 primitive.
        inner = tuple(_named(child, annotator) for child in annotator.message(node.octets))
        return replace(node, label=label, octets=None, children=inner)
    return replace(node, label=label, value=_words(label, node.octets or b""))


def _words(label: str, octets: bytes) -> str:
    if label == "command details" and len(octets) == 3:
        name = COMMANDS.get(octets[1], f"command {octets[1]:02X}")
        return f"{name}: {REFRESH.get(octets[2], f'qualifier {octets[2]:02X}')}" if octets[1] == 0x01 else name
    if label == "result" and octets:
        said = RESULTS.get(octets[0], f"result {octets[0]:02X}")
        trouble = CHANNEL_TROUBLES.get(octets[1]) if octets[0] == _CHANNEL_TROUBLE and len(octets) > 1 else None
        return f"{said}: {trouble}" if trouble else said
    return ""
