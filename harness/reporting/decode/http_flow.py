"""ESipa and ES9+ over HTTPS: request and response joined, bodies as trees."""

from __future__ import annotations

from harness.evidence.records import ExchangeRecord
from harness.reporting.decode import esipa, json_body
from harness.reporting.decode.annotate import Annotator
from harness.reporting.decode.entry import Draft, Entry, Part
from harness.reporting.decode.tree import Node

ESIPA_REQUEST = "EsipaMessageFromIpaToEim"
ESIPA_RESPONSE = "EsipaMessageFromEimToIpa"
ES9_REQUEST = "RemoteProfileProvisioningRequest"
ES9_RESPONSE = "RemoteProfileProvisioningResponse"


class HttpFlow:
    """Takes HTTP messages in order; a response closes the last open request of its interface and connection."""

    def __init__(self, annotator: Annotator) -> None:
        self._annotator = annotator
        self._open: dict[tuple[str, str], Draft] = {}

    def take(self, record: ExchangeRecord) -> list[Entry]:
        """One message. Returns the entry that it completes."""
        place = (record.interface, record.note.get("connection", record.note.get("host", "")))
        draft = self._open.pop(place, None)
        if _is_request(record):
            self._open[place] = self._request(record)
            return [draft.done()] if draft else []
        if draft is None and len(self._open) == 1 and not record.note.get("connection"):
            draft = self._open.popitem()[1]
        if draft is None:
            draft = Draft(record, record.interface, _bare_title(record), [])
        draft.records.append(record)
        status = record.note.get("status", "")
        draft.outcome = f"HTTP {status}" if status else draft.outcome
        if record.note.get("event"):
            draft.fault = record.note.get("reason") or record.note["event"]
        if record.octets or status:
            draft.parts.append(self._part("response", record, is_request=False))
        return [draft.done()]

    def flush(self) -> list[Entry]:
        """Requests without an answer so far."""
        drafts, self._open = list(self._open.values()), {}
        for draft in drafts:
            draft.fault = draft.fault or "no answer in this step"
        return [draft.done() for draft in drafts]

    def _request(self, record: ExchangeRecord) -> Draft:
        part = self._part("request", record, is_request=True)
        target = record.note.get("target") or record.note.get("url", "")
        title = f"{record.interface}.{_function(part.trees, target) or 'request'}"
        return Draft(record, record.interface, title, [record], parts=[part])

    def _part(self, heading: str, record: ExchangeRecord, *, is_request: bool) -> Part:
        note = record.note
        start = " ".join(filter(None, (note.get("method"), note.get("host"), note.get("target") or note.get("url"))))
        start = start or (f"HTTP {note['status']}" if "status" in note else "")
        tls = " ".join(filter(None, (note.get("tls"), note.get("suite"), note.get("sni"))))
        injected = f"injected on purpose: {note['injected']}" if "injected" in note else ""
        trees, remark = self._body(record, is_request)
        lines = [start, *note.get("headers", "").splitlines(), f"({tls})" if tls else "", note.get("delivery", "")]
        lines += [injected, f"({remark})" if remark else ""]
        return Part(heading, trees, tuple(line for line in lines if line))

    def _body(self, record: ExchangeRecord, is_request: bool) -> tuple[tuple[Node, ...], str]:
        """The body's trees, and what a reader must know of them."""
        body = record.octets
        if not body:
            return (), ""
        if body.lstrip()[:1] in (b"{", b"["):
            found = json_body.tree(body, self._annotator)
            if found is not None:
                return found, ""
        if record.interface == "ESipa":
            reading = esipa.read(body, ESIPA_REQUEST if is_request else ESIPA_RESPONSE, self._annotator)
            return reading.trees, reading.remark
        return self._annotator.message(body, ES9_REQUEST if is_request else ES9_RESPONSE), ""


def tls_entry(record: ExchangeRecord) -> Entry:
    """What a TLS handshake showed."""
    note = record.note
    agreed = " ".join(filter(None, (note.get("tls"), note.get("suite"))))
    draft = Draft(record, "TLS", "ClientHello" if record.octets else "TLS", [record], agreed, note.get("reason", ""))
    draft.parts = [Part("facts", lines=tuple(f"{name}: {text}" for name, text in note.items() if text))]
    return draft.done()


def _is_request(record: ExchangeRecord) -> bool:
    return "method" in record.note or ("status" not in record.note and "event" not in record.note)


def _function(trees: tuple[Node, ...], target: str) -> str:
    if trees and trees[0].tag:
        name = trees[0].label.rpartition(" ")[2]
        for ending in ("RequestEsipa", "Esipa", "Request"):
            name = name.removesuffix(ending)
        return name[:1].upper() + name[1:]
    return target.rpartition("/")[2]


def _bare_title(record: ExchangeRecord) -> str:
    return f"{record.interface}: {record.note.get('event') or 'response without a request'}"
