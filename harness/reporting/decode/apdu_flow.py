"""What APDUs say: one entry for a function call, one for all segments of a bound profile package."""

from __future__ import annotations

from collections.abc import Sequence

from harness.codec import tlv
from harness.codec.errors import DerError
from harness.evidence.records import ExchangeRecord
from harness.reporting.decode import apdu
from harness.reporting.decode.annotate import Annotator
from harness.reporting.decode.calls import Call, Calls, tag_of
from harness.reporting.decode.entry import Draft, Entry, Part
from harness.reporting.decode.es10 import FUNCTIONS, SEGMENTS
from harness.reporting.decode.proactive import command_name, proactive
from harness.reporting.decode.secured import SecuredMessages, described, receipt
from harness.reporting.decode.selected import select_answer
from harness.reporting.decode.tree import Node

FETCH = 0x12
TERMINAL_RESPONSE = 0x14
ENVELOPE = 0xC2


class ApduFlow:
    """Takes pairs of command and response in their order; gives entries when nothing more can belong to them."""

    def __init__(self, annotator: Annotator) -> None:
        self._annotator = annotator
        self._calls = Calls()
        self._messages = SecuredMessages()

    def take(
        self, sent: bytes, received: bytes | None, records: Sequence[ExchangeRecord], fault: str = ""
    ) -> list[Entry]:
        """One command, and its response or None where none came. Returns the entries that this completes."""
        command = apdu.command(sent)
        if command is None:
            draft = Draft(records[0], "APDU", "not an APDU", list(records), fault=fault)
            return [*self.flush(), draft.done()]
        return [self._entry(call) for call in self._calls.take(command, received, records, fault)]

    def flush(self) -> list[Entry]:
        """What is open, as it is."""
        return [self._entry(call) for call in self._calls.flush()]

    def _entry(self, call: Call) -> Entry:
        outcome = f"{call.sw:04X} {apdu.status_in_words(call.sw)}" if call.sw else ""
        draft = Draft(call.first, "APDU", apdu.command_in_words(call.command), call.records, outcome, call.fault)
        if call.command.is_store_data:
            self._es10(draft, call)
        elif call.command.ins == 0xA4:
            draft.parts = [Part("answer", select_answer(call.response, self._annotator))] if call.response else []
        elif call.command.ins in (FETCH, TERMINAL_RESPONSE):
            octets = call.response if call.command.ins == FETCH else call.request
            trees = proactive(octets, self._annotator)
            draft.title = f"{draft.title}: {command_name(trees)}".removesuffix(": ")
            draft.parts = [Part("answer" if call.command.ins == FETCH else "response of the terminal", trees)]
        elif call.command.ins == ENVELOPE:
            self._envelope(draft, call)
        return draft.done()

    def _envelope(self, draft: Draft, call: Call) -> None:
        message = self._messages.take(call.request)
        trees = proactive(call.request, self._annotator)
        if message is not None:
            draft.interface = "ES6" if message.requests else draft.interface
            draft.title = f"{draft.title}: {message.title}"
            trees += described(message)
        draft.parts.append(Part("request", trees))
        if call.response:
            draft.parts.append(Part("answer", (receipt(call.response, message),)))

    def _es10(self, draft: Draft, call: Call) -> None:
        tag = tag_of(call.request)
        function = FUNCTIONS.get(tag)
        draft.interface = "ES10b"
        draft.title = function.name if function else SEGMENTS.get(tag, draft.title)
        if function and function.name.startswith("ES10c"):
            draft.interface = "ES10c"
        if call.expects_more_blocks:
            draft.fault = draft.fault or "the chain ends before its last block"
        is_part = function is None or tag in (0xBF23, 0xBF36)
        if call.request:
            # The head of a bound profile package alone (BF36 with a length that reaches further) is no whole TLV.
            trees = _package_head(call.request, self._annotator) if tag == 0xBF36 else ()
            request = trees or self._annotator.message(call.request, function.request if function else "")
            draft.parts.append(Part("request", request))
        if call.response:
            expected = function.response if function else "ProfileInstallationResult" if is_part else ""
            draft.parts.append(Part("answer", self._annotator.message(call.response, expected)))


def _package_head(octets: bytes, annotator: Annotator) -> tuple[Node, ...]:
    """BF36 and the first element inside it, sent as one chain although the rest of BF36 follows in others."""
    at = 3 if octets[2] < 0x80 else 3 + (octets[2] & 0x7F)
    try:
        tlv.first(octets)
    except DerError:
        inner = annotator.message(octets[at:], "InitialiseSecureChannelRequest", label="initialiseSecureChannelRequest")
        size = int.from_bytes(octets[3:at], "big") if octets[2] >= 0x80 else octets[2]
        return (
            Node("BoundProfilePackage", value=f"head of {size} octets, the rest follows", tag="BF36", children=inner),
        )
    return ()


def joined(entries: Sequence[Entry]) -> list[Entry]:
    """The parts of one bound profile package as one entry: each part that was answered with nothing runs into the next."""
    found: list[Entry] = []
    for entry in entries:
        before = found[-1] if found else None
        if before is not None and _is_open_package(before) and _is_package(entry):
            found[-1] = _join(before, entry)
        else:
            found.append(entry)
    return found


def _is_package(entry: Entry) -> bool:
    return entry.title.startswith("ES10b.LoadBoundProfilePackage")


def _is_open_package(entry: Entry) -> bool:
    answered = any(part.heading == "answer" for part in entry.parts)
    return _is_package(entry) and entry.outcome.startswith("9000") and not answered


def _join(before: Entry, entry: Entry) -> Entry:
    requests = [tree for part in (*before.parts, *entry.parts) if part.heading == "request" for tree in part.trees]
    answers = [part for part in entry.parts if part.heading == "answer"]
    return Entry(
        before.at_ns,
        before.link,
        before.interface,
        "ES10b.LoadBoundProfilePackage",
        entry.outcome,
        entry.gist if answers else "",
        entry.fault,
        (Part("request", tuple(requests)), *answers),
        before.records + entry.records,
    )
