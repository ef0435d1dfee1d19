"""Defects of an eIM towards devices of another SGP.32 version than its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.roles.eim.versions import DEFAULT, ESIPA
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, around, with_rule


def _own_fields_alone(inner: Callable[..., Any], body: Tlv, _version: str) -> Any:
    known = [child.raw for child in body.children if child.tag in ESIPA[DEFAULT].data]
    return inner(tlv.parse(tlv.build(body.tag, *known)), DEFAULT)


def _moved_since(field: Tlv, _message: Tlv, _forms: Any) -> tuple[str | None, None]:
    return ESIPA[DEFAULT].poll.get(field.tag), None


DEFECTS = (
    Defect(
        "asks-every-device-as-v1.2",
        "eim",
        "A data request has the tags and fields of v1.2, also for an IPA of v1.0.1.",
        answering("data-request-version", DEFAULT),
    ),
    Defect(
        "answers-every-device-as-v1.2",
        "eim",
        "Where there is nothing to acknowledge, an IPA of v1.0.1 gets the 30 00 of v1.2 as well.",
        answering("result-answer-version", DEFAULT),
    ),
    Defect(
        "reads-data-of-v1.2-alone",
        "eim",
        "Fields of IpaEuiccData under the tags of v1.0.1 are left unread.",
        around("data-told", _own_fields_alone),
    ),
    Defect(
        "demands-eid-value",
        "eim",
        "A result that does not name its EID is refused, although v1.0.1 has no field for it.",
        answering("unnamed-device", None),
    ),
    Defect(
        "takes-networks-for-causes",
        "eim",
        "What stands under 81 of a poll is a stateChangeCause, also where it is the rPLMN of v1.0.1.",
        with_rule("moved-field", _moved_since),
    ),
)
