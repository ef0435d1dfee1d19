"""One thing that was said over an interface and what was answered: what a person reads as one line and can unfold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from harness.evidence.records import ExchangeRecord
from harness.reporting.decode.tree import Node

MAX_GIST = 4
OUTCOMES = frozenset(
    {"euiccPackageResultSigned", "euiccPackageErrorSigned", "euiccPackageErrorUnsigned", "successResult", "addOk"}
)
"""Fields whose presence alone says how a call ended."""


@dataclass(frozen=True, slots=True)
class Part:
    """The question or the answer."""

    heading: str
    trees: tuple[Node, ...] = ()
    lines: tuple[str, ...] = ()
    """What is text on the wire: AT lines, HTTP headers."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One function call, HTTP exchange, AT command or plain message."""

    at_ns: int
    link: str
    interface: str
    title: str
    outcome: str = ""
    """How it ended on its own level: status word, HTTP status, final result."""
    gist: str = ""
    """What was asked and answered, in a few words from the messages."""
    fault: str = ""
    """What went wrong on the way: no answer, a broken connection."""
    parts: tuple[Part, ...] = ()
    records: tuple[ExchangeRecord, ...] = ()
    """Everything on the wire behind it, in order."""


@dataclass(slots=True)
class Draft:
    """An entry that is still being read. Frozen by `done`."""

    first: ExchangeRecord
    interface: str
    title: str
    records: list[ExchangeRecord] = field(default_factory=list)
    outcome: str = ""
    fault: str = ""
    parts: list[Part] = field(default_factory=list)

    def done(self) -> Entry:
        """The entry. Records stand in the order of the journal."""
        records = tuple(sorted({record.number: record for record in self.records}.values(), key=lambda r: r.number))
        return Entry(
            self.first.at_ns,
            self.first.link,
            self.interface,
            self.title,
            self.outcome,
            gist(self.parts),
            self.fault,
            tuple(self.parts),
            records,
        )


def gist(parts: Sequence[Part]) -> str:
    """The result codes and errors of the answer, or of what was sent where there is none yet."""
    for part in reversed(parts):
        failed = next(
            (node for tree in part.trees for node in tree.walk() if node.label == "functionExecutionStatus"), None
        )
        if failed is not None:
            return _execution_status(failed)
        nodes = [node for tree in part.trees for node in tree.walk()]
        said = _results(nodes) or (_contents(nodes) if part is not parts[0] else [])
        if said:
            more = f", {len(said) - MAX_GIST} more" if len(said) > MAX_GIST else ""
            return ", ".join(said[:MAX_GIST]) + more
    return ""


def _contents(nodes: Iterable[Node]) -> list[str]:
    """What an answer without a result code is about: profiles with their state, notifications, an EID, a package."""
    found: list[str] = []
    for node in nodes:
        name = node.label.rpartition(" ")[2]
        inner = {child.label: child.value for child in node.children}
        if name == "ProfileInfo":
            title = inner.get("profileName") or inner.get("profileNickname") or inner.get("iccid", "profile")
            found.append(f"{title} {inner.get('profileState', '').rpartition(' (')[0]}".strip())
        elif name == "NotificationMetadata":
            found.append(f"{inner.get('profileManagementOperation', '')} {inner.get('seqNumber', '')}".strip())
        elif name in ("psmoList", "ecoList"):
            found += [child.label.rpartition(" ")[2] for child in node.children]
        elif name in ("ipaEuiccDataRequest", "profileDownloadTriggerRequest"):
            found.append(name)
        elif name == "GetEuiccDataResponse":
            found += inner.values()
    return found


def _execution_status(node: Node) -> str:
    """The status of a JSON answer with its subject and reason code (SGP.22 §6.5)."""
    found = {leaf.label: leaf.value for leaf in node.walk() if leaf.value}
    codes = "/".join(filter(None, (found.get("subjectCode"), found.get("reasonCode"))))
    return " ".join(filter(None, (found.get("status"), codes, found.get("message"))))


def _results(nodes: Iterable[Node]) -> list[str]:
    found = []
    for node in nodes:
        name = node.label.rpartition(" ")[2]
        is_result = name.endswith(("Result", "Error", "ErrorCode", "Status", "ResultCode", "Reason", "Terminated"))
        if is_result and not node.children and node.value and not node.value.startswith("empty"):
            found.append(f"{name} {node.value}")
        elif name in OUTCOMES or (name.endswith("Result") and node.label.startswith("[")):
            found.append(name)
    return found
