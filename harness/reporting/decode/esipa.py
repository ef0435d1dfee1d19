"""ESipa messages by the names of the SGP.32 version that they are written in.

Rules of this room:
- No message names its version. It is read as v1.2's; where that leaves something strange, as that version's in which the
  least is strange. What fits v1.2 as well as another is v1.2's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from harness.codec.asn1 import DEFAULT_VERSION, VERSIONS
from harness.reporting.decode.annotate import UNKNOWN, Annotator
from harness.reporting.decode.tree import Node

_ORDER = sorted(VERSIONS, key=lambda version: (version != DEFAULT_VERSION, version))
_ALWAYS_NAMED = frozenset({"stateChangeCause", "profileDownloadErrorReason"})
"""Numbers with a name for each value: under their tags v1.0.1 has something else."""


@dataclass(frozen=True, slots=True)
class EsipaReading:
    """One message."""

    trees: tuple[Node, ...]
    version: str
    """Of SGP.32, whose names these are."""

    @property
    def remark(self) -> str:
        """For a reader, where the version is not the usual one."""
        return "" if self.version == DEFAULT_VERSION else f"read as SGP.32 v{self.version} has it"


def read(octets: bytes, type_name: str, usual: Annotator) -> EsipaReading:
    """The message by the names that fit it best; `usual` has those of the default version."""
    best, least = EsipaReading((), DEFAULT_VERSION), -1
    for version in _ORDER:
        annotator = usual if version == DEFAULT_VERSION else _annotator(version)
        trees = annotator.message(octets, type_name)
        strange = sum(_is_strange(node) for tree in trees for node in tree.walk())
        if least < 0 or strange < least:
            best, least = EsipaReading(trees, version), strange
        if not least:
            break
    return best


def _is_strange(node: Node) -> bool:
    if node.label in _ALWAYS_NAMED:
        return "(" not in node.value
    return node.label.endswith(UNKNOWN) or bool(node.fault)


@cache
def _annotator(version: str) -> Annotator:
    return Annotator(VERSIONS[version])
