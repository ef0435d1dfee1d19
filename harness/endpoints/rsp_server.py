"""What SM-DP+ and SM-DS do alike on HTTPS: method, media type and size. All else is decided by the roles."""

from __future__ import annotations

from harness.links.http_messages import Delivery, Reply, Request
from harness.roles.rsp_server.asn1_envelope import PATH as ASN1_PATH
from harness.roles.rsp_server.json_envelope import HttpReply

JSON, ASN1 = "application/json", "application/x-gsma-rsp-asn1"
MAX_BODY = 1 << 18
"""Octets of one request; the largest, with an eUICC's certificates in it, takes a few thousand."""


def refused(request: Request) -> Reply | None:
    """The answer to what no role is asked about; None where one is."""
    if request.method != "POST":
        return Reply(405, (("Allow", "POST"),))
    wanted = ASN1 if request.path == ASN1_PATH else JSON
    if _media_type(request.header("Content-Type")) != wanted:
        return Reply(415)
    if len(request.body) > MAX_BODY:
        return Reply(413)
    return None


def sent(answer: HttpReply) -> Reply:
    """A role's answer on its way. What was injected into it stands in the record."""
    note = {"injected": ", ".join(answer.injected)} if answer.injected else {}
    delivery = Delivery(delay=answer.delay, reset=answer.is_dropped)
    return Reply(answer.status, answer.headers, answer.body, delivery, note)


def _media_type(value: str | None) -> str:
    return (value or "").partition(";")[0].strip().lower()
