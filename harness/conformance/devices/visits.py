"""What one visit of a device to its eIM was about, as its requests and their answers tell."""

from __future__ import annotations

from collections.abc import Sequence

from harness.codec import DecodeError, tlv
from harness.conformance.adversaries.lying import GET_PACKAGE, function_of
from harness.endpoints.eim import SeenRequest
from harness.roles.eim import json_binding

NO_PACKAGE = bytes.fromhex("BF4F03020101")
_GET_PACKAGE_RESPONSE = 0xBF4F
_CHANGING = frozenset({0xA3, 0xA4, 0xA5})
"""enable, disable and delete among the PSMOs: an IPA tells an SM-DP+ of them."""
_NAMES_OF_CHANGES = (b'"euiccPackageRequest"', b'"profileDownloadTriggerRequest"')
_NO_PACKAGE_IN_JSON = json_binding.answer_of(GET_PACKAGE, NO_PACKAGE)


def hears_of_nothing(requests: Sequence[SeenRequest]) -> bool:
    """Whether the last poll among these requests was answered with noEimPackageAvailable."""
    polls = [request for request in requests if function_of(request.path, request.body) == GET_PACKAGE]
    return bool(polls) and polls[-1].reply_body in (NO_PACKAGE, _NO_PACKAGE_IN_JSON)


def brings_a_change(request: SeenRequest) -> bool:
    """Whether the answer was a download, or a package that enables, disables or deletes a profile."""
    if request.path.startswith(json_binding.PREFIX):
        return any(name in request.reply_body for name in _NAMES_OF_CHANGES)
    try:
        answer = tlv.parse(request.reply_body)
        if answer.tag != _GET_PACKAGE_RESPONSE:
            return False
        commands = answer.find(0xBF51, 0x30, 0xA0)
        return answer.find(0xBF54) is not None or (
            commands is not None and any(one.tag in _CHANGING for one in commands.children)
        )
    except DecodeError:
        return False
