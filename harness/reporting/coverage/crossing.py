"""What crossed a link in one step of a case, as places of the schema.

Only APDUs are read: the same messages behind a module's AT port cover the same places. What an operator sends over the air
is read where its keys are those of a shipped profile. Inside a bound profile package the
StoreMetadata segments are readable, since they are authenticated and not encrypted; the other segments are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from harness.codec import tlv
from harness.codec.errors import DerError
from harness.evidence.records import ExchangeRecord
from harness.reporting.coverage.places import RECEIVED, SENT, Kind, Place, Schema
from harness.reporting.decode import apdu
from harness.reporting.decode.calls import Call, Calls, tag_of
from harness.reporting.decode.es10 import FUNCTIONS, Function
from harness.reporting.decode.secured import UPDATE_METADATA, SecuredMessages
from harness.reporting.decode.selected import TEMPLATES

SELECTION = "SELECT of the ISD-R"
_SELECT, _ENVELOPE = 0xA4, 0xC2
_PACKAGE, _HEAD, _METADATA = 0xBF36, 0xBF23, 0xBF25
_SEQUENCES = {0xA0: "firstSequenceOf87", 0xA1: "sequenceOf88", 0xA2: "secondSequenceOf87", 0xA3: "sequenceOf86"}
_SEGMENTS = (0x86, 0x87, 0x88)
_MAC_SIZE = 8


def called(function: Function | str) -> Place:
    """The call of a function, whatever was sent with it."""
    return Place(function if isinstance(function, str) else function.name, Kind.FUNCTION, SENT)


class Crossing:
    """Reads the exchanges of one step after the other."""

    def __init__(self, schema: Schema, over_the_air: Schema) -> None:
        """`over_the_air` has the messages of ES6."""
        self._schema = schema
        self._over_the_air = over_the_air

    def places(self, records: Iterable[ExchangeRecord]) -> set[Place]:
        """Every place that these exchanges touch."""
        found: set[Place] = set()
        metadata, messages = bytearray(), SecuredMessages()
        for call in _calls(records):
            if call.command.is_store_data:
                found |= self._function(call, metadata)
            elif call.command.ins == _SELECT:
                found |= self._selection(call.response)
            elif call.command.ins == _ENVELOPE:
                found |= self._update(messages, call.request)
        return found

    def _update(self, messages: SecuredMessages, download: bytes) -> set[Place]:
        """What an operator asked for, in a packet that is its own."""
        message = messages.take(download)
        found: set[Place] = set()
        for request in message.requests if message is not None and message.is_authentic else ():
            crossed = self._over_the_air.crossed(UPDATE_METADATA.request, request, SENT)
            found |= {called(UPDATE_METADATA)} | crossed
        return found

    def _function(self, call: Call, metadata: bytearray) -> set[Place]:
        tag = tag_of(call.request)
        if tag in _SEQUENCES or tag in _SEGMENTS:
            return self._segment(tag, call, metadata)
        function = FUNCTIONS.get(tag)
        if function is None:
            return set()
        found = {called(function)} | self._schema.crossed(function.response, call.response, RECEIVED)
        if tag == _PACKAGE:
            metadata.clear()
            found.add(Place("BoundProfilePackage.initialiseSecureChannelRequest", Kind.FIELD, SENT))
            head = call.request[call.request.find(tlv.tag_octets(_HEAD)) :]
            return found | self._schema.crossed("InitialiseSecureChannelRequest", head, SENT)
        return found | self._schema.crossed(function.request, call.request, SENT)

    def _segment(self, tag: int, call: Call, metadata: bytearray) -> set[Place]:
        found = self._schema.crossed("ProfileInstallationResult", call.response, RECEIVED)
        if tag in _SEQUENCES:
            found.add(Place(f"BoundProfilePackage.{_SEQUENCES[tag]}", Kind.FIELD, SENT))
        for segment in _segments_of_metadata(call.request):
            metadata += segment[:-_MAC_SIZE]
            found |= self._schema.crossed("StoreMetadataRequest", bytes(metadata), SENT)
        return found

    def _selection(self, answer: bytes) -> set[Place]:
        found: set[Place] = set()
        with suppress(DerError):
            for piece in tlv.first(answer).walk() if answer else ():
                if piece.tag in TEMPLATES:
                    found |= {called(SELECTION)} | self._schema.crossed(TEMPLATES[piece.tag], piece.raw, RECEIVED)
        return found


def _calls(records: Iterable[ExchangeRecord]) -> Iterator[Call]:
    calls = Calls()
    sent: ExchangeRecord | None = None
    for record in records:
        if record.interface != "APDU":
            continue
        if record.to_device:
            sent = record
            continue
        command = apdu.command(sent.octets) if sent is not None and not record.note.get("event") else None
        if sent is None or command is None:
            yield from calls.flush()
        else:
            yield from calls.take(command, record.octets, [sent, record])
        sent = None
    yield from calls.flush()


def _segments_of_metadata(request: bytes) -> Iterator[bytes]:
    """The contents of the 88 segments of one part of a package, each with its MAC at the end."""
    with suppress(DerError):
        tag = tag_of(request)
        if tag == 0x88:
            yield tlv.first(request).value
        elif tag == 0xA1:
            # A1 may be sent with its first segments only: the length tells of more than this chain brings.
            at = 2 if request[1] < 0x80 else 2 + (request[1] & 0x7F)
            yield from (piece.value for piece in tlv.parse_all(request[at:]) if piece.tag == 0x88)
