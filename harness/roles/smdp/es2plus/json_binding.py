"""The JSON binding of ES2+: HTTP bodies to requests, answers to HTTP bodies (SGP.22 v2.5 §6.5.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from harness.roles.rsp_server import json_envelope as envelope
from harness.roles.rsp_server.json_envelope import Fields, HttpReply
from harness.roles.rsp_server.status import Malformed
from harness.roles.smdp.es2plus.messages import (
    Answer,
    CancelOrder,
    ConfirmOrder,
    ConfirmOrderOk,
    DownloadOrder,
    DownloadOrderOk,
    ReleaseProfile,
    Request,
)

PREFIX = "/gsma/rsp2/es2plus/"
_EID = re.compile(r"[0-9]{32}")
_ICCID = re.compile(r"([0-9]{18,20})F?")
_MOST_TEXT = 255
_FINAL_STATUS = {"Available": True, "Unavailable": False}


def read(function: str, body: bytes) -> Request:
    """The request of this function. Raises Malformed, also for one without a whole header; KeyError for no function."""
    fields = envelope.document(body)
    header = fields.get("header")
    if not isinstance(header, dict):
        raise Malformed("header is missing")
    for name in ("functionRequesterIdentifier", "functionCallIdentifier"):
        envelope.text(header, name)
    return _READERS[function](fields)


def write(answer: Answer) -> HttpReply:
    """The HTTP answer of a function that succeeded."""
    match answer:
        case DownloadOrderOk(iccid):
            return envelope.succeeded({"iccid": iccid})
        case ConfirmOrderOk(eid, matching_id, smdp_address):
            named = {} if eid is None else {"eid": eid.hex()}
            return envelope.succeeded({**named, "matchingId": matching_id, "smdpAddress": smdp_address})
        case _:
            return envelope.succeeded({})


def _download_order(fields: Fields) -> DownloadOrder:
    iccid, profile_type = _iccid_or_none(fields), _text_or_none(fields, "profileType")
    if iccid is None and not profile_type:
        raise Malformed("neither iccid nor profileType says which profile")
    return DownloadOrder(_eid(fields), iccid, profile_type)


def _confirm_order(fields: Fields) -> ConfirmOrder:
    release = fields.get("releaseFlag")
    if not isinstance(release, bool):
        raise Malformed("releaseFlag is missing or no boolean")
    return ConfirmOrder(
        _iccid(fields),
        _eid(fields),
        _text_or_none(fields, "matchingId"),
        _text_or_none(fields, "confirmationCode") or "",
        _text_or_none(fields, "smdsAddress") or "",
        release,
    )


def _cancel_order(fields: Fields) -> CancelOrder:
    final = _FINAL_STATUS.get(envelope.text(fields, "finalProfileStatusIndicator"))
    if final is None:
        raise Malformed("finalProfileStatusIndicator is neither Available nor Unavailable")
    return CancelOrder(_iccid(fields), _eid(fields), _text_or_none(fields, "matchingId"), final)


def _release_profile(fields: Fields) -> ReleaseProfile:
    return ReleaseProfile(_iccid(fields))


_READERS: Mapping[str, Callable[[Fields], Request]] = {
    "downloadOrder": _download_order,
    "confirmOrder": _confirm_order,
    "cancelOrder": _cancel_order,
    "releaseProfile": _release_profile,
}

FUNCTIONS = tuple(_READERS)
"""The functions of ES2+ as they stand in paths."""


def _text_or_none(fields: Fields, name: str) -> str | None:
    if fields.get(name) is None:
        return None
    found = envelope.text(fields, name)
    if len(found) > _MOST_TEXT:
        raise Malformed(f"{name} is longer than {_MOST_TEXT} characters")
    return found


def _eid(fields: Fields) -> bytes | None:
    digits = _text_or_none(fields, "eid")
    if digits is None:
        return None
    if not _EID.fullmatch(digits):
        raise Malformed("eid is not 32 digits")
    return bytes.fromhex(digits)


def _iccid(fields: Fields) -> str:
    found = _iccid_or_none(fields)
    if found is None:
        raise Malformed("iccid is missing")
    return found


def _iccid_or_none(fields: Fields) -> str | None:
    digits = _text_or_none(fields, "iccid")
    if digits is None:
        return None
    found = _ICCID.fullmatch(digits.upper())
    if found is None:
        raise Malformed("iccid is not 18 to 20 digits")
    return found[1]
