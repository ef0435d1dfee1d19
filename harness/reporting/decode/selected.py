"""The answer to SELECT of an application: the FCI template and the ISD-R's own templates in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.codec import tlv
from harness.reporting.decode.annotate import Annotator
from harness.reporting.decode.tree import Node

NAMES: Mapping[int, str] = {
    0x6F: "FCI template",
    0x62: "FCP template",
    0x84: "DF name (AID)",
    0xA5: "proprietary information",
    0x9F65: "maximum length of the data field",
    0x9F6E: "application production life cycle data",
    0x73: "security domain management data",
}
TEMPLATES: Mapping[int, str] = {
    0xE0: "ISDRProprietaryApplicationTemplate",
    0xE1: "ISDRProprietaryApplicationTemplateIoT",
}


def select_answer(octets: bytes, annotator: Annotator) -> tuple[Node, ...]:
    """The template as a tree; fields that only the ISD-R has are named from the schema."""
    return tuple(_named(node, octets, annotator) for node in annotator.message(octets))


def _named(node: Node, octets: bytes, annotator: Annotator) -> Node:
    tag = int(node.tag, 16) if node.tag else 0
    if tag in TEMPLATES and node.offset is not None:
        whole = tlv.first(octets[node.offset :]).raw
        return annotator.message(whole, TEMPLATES[tag])[0]
    children = tuple(_named(child, octets, annotator) for child in node.children)
    label = node.label or NAMES.get(tag, "")
    return replace(node, label=label, children=children)
