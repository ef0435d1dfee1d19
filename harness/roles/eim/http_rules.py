"""What HTTP adds to ESipa, as rules: which requests are let through, whom they are for, which headers stand on answers.

SGP.32 v1.2 §6.1. No input or output happens here: the binding in `harness.endpoints` asks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, TypeVar

from harness.roles.eim import json_binding
from harness.roles.eim.identity import EimIdentity

ASN1_PATH = "/gsma/rsp2/asn1"
ASN1_TYPE = "application/x-gsma-rsp-asn1"
JSON_TYPE = f"{json_binding.CONTENT_TYPE};charset=UTF-8"
MAX_MESSAGE = 1 << 18
"""Octets. The largest that an IPA sends is a list of stored results and notifications."""
MAX_JSON = 2 * MAX_MESSAGE
"""base64 takes a third more, and names and line breaks a little."""
X_ADMIN_PROTOCOL = "gsma/rsp/v2.1.0"
"""Sent where the request had none."""

_VERSION = re.compile(r"gsma/rsp/v[0-9]+\.[0-9]+\.[0-9]+", re.ASCII)


class Named(Protocol):
    """An eIM behind the binding."""

    @property
    def identity(self) -> EimIdentity: ...


AnyEim = TypeVar("AnyEim", bound=Named)


def function_of(path: str) -> str | None:
    """The function that a path of the JSON binding names; None for every other path."""
    name = path.removeprefix(json_binding.PREFIX)
    return name if name != path and name in json_binding.FUNCTIONS else None


def why_not(path: str, method: str, media_type: str, length: int) -> int | None:
    """The HTTP status that refuses a request before ESipa begins, or None."""
    is_json = function_of(path) is not None
    if path != ASN1_PATH and not is_json:
        return 404
    if method != "POST":
        return 405
    if media_type != (json_binding.CONTENT_TYPE if is_json else ASN1_TYPE):
        return 415
    return 413 if length > (MAX_JSON if is_json else MAX_MESSAGE) else None


def eim_for_host(eims: Sequence[AnyEim], host: str) -> AnyEim | None:
    """Whom a request to this host name is for; an eIM that is alone answers to any name, as bench work has it."""
    if len(eims) == 1:
        return eims[0]
    names = [(eim.identity.fqdn or "").partition(":")[0].lower() for eim in eims]
    return next((eim for eim, name in zip(eims, names, strict=True) if name == host.lower()), None)


def checks_server_names() -> bool:
    """Whether an RSP server's TLS certificate must carry the name that it was asked by (SGP.22 §2.6.6)."""
    return True


def response_headers(protocol: str | None, content_type: str = ASN1_TYPE) -> dict[str, str]:
    """What every answer carries: an IPAe was seen to drop answers without either (SGP.32 v1.2 §6.1).

    The version of the request is given back where it is one.
    """
    if protocol is None or not _VERSION.fullmatch(protocol):
        protocol = X_ADMIN_PROTOCOL
    return {"Content-Type": content_type, "X-Admin-Protocol": protocol}
