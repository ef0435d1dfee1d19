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
RESULTS: Mapping[int, str] = {0x00: "performed", 0x20: "terminal busy", 0x30: "beyond the terminal's capabilities"}


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
        return RESULTS.get(octets[0], f"result {octets[0]:02X}")
    return ""
