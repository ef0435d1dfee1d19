"""The eIM behind HTTPS: path, method, headers, status. SGP.32 v1.2 §6.1, §6.3."""

from __future__ import annotations

import pytest

from harness.codec.tlv import build as t
from harness.endpoints.eim import EimEndpoint
from harness.links.http_messages import Headers, Request, TlsFacts
from harness.roles.eim.events import Finding
from harness.simulators.defects import defects_for
from tests.roles.eim.support import EID, Answered, Servers, get_eim_package, make_eim, notification

TYPE = ("Content-Type", "application/x-gsma-rsp-asn1")
PROTOCOL = ("X-Admin-Protocol", "gsma/rsp/v2.2.0")
AGENT = ("User-Agent", "gsma-rsp-ipad")
HEADERS: Headers = (TYPE, PROTOCOL, AGENT)
PATH = "/gsma/rsp2/asn1"
NONE_AVAILABLE = bytes.fromhex("BF4F03020101")


def request(
    body: bytes, *, method: str = "POST", target: str = PATH, headers: Headers = HEADERS, connection: int = 1
) -> Request:
    return Request(method, target, headers, body, TlsFacts("TLSv1.3", "x", "eim.example"), connection)


def endpoint(eim=None, times=(12.5, 13.5)):
    clock = iter(times)
    return EimEndpoint(eim or make_eim(), lambda: next(clock))


def test_poll_is_answered_with_both_headers():
    serving = endpoint()
    reply = serving(request(get_eim_package()))
    assert (reply.status, reply.body) == (200, NONE_AVAILABLE)
    assert reply.headers == (TYPE, PROTOCOL)


def test_protocol_version_is_ours_where_none_came():
    serving = endpoint()
    reply = serving(request(get_eim_package(), headers=(TYPE, AGENT)))
    assert reply.status == 200
    assert (reply.header("X-Admin-Protocol") or "").startswith("gsma/rsp/v")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"method": "GET"}, 405),
        ({"target": "/"}, 404),
        ({"target": "/gsma/rsp2/es9plus/handleNotification"}, 404),
        ({"headers": (PROTOCOL, AGENT)}, 415),
        ({"headers": (("Content-Type", "application/json"), PROTOCOL, AGENT)}, 415),
        ({"body": bytes(1 << 18) + b"\x00"}, 413),
        ({"body": b""}, 400),
        ({"body": b"\x30\x00"}, 400),
    ],
)
def test_what_is_refused_before_esipa(changes, status):
    serving = endpoint()
    reply = serving(request(**({"body": get_eim_package()} | changes)))
    assert (reply.status, reply.body) == (status, b"")
    assert reply.header("Content-Type") == TYPE[1]
    assert reply.header("X-Admin-Protocol")
    assert serving.requests[0].reply_status == status


def test_content_type_may_carry_parameters():
    headers = (("content-type", "Application/X-GSMA-RSP-ASN1; charset=x"), PROTOCOL, AGENT)
    assert endpoint()(request(get_eim_package(), headers=headers)).status == 200


@pytest.mark.parametrize(("answer", "status"), [(Answered(204), 204), (Answered(500), 502)])
def test_handle_notification_has_no_body(answer, status):
    eim = make_eim(http=Servers({"handleNotification": answer}))
    reply = endpoint(eim)(request(t(0xBF3D, t(0xA0, notification()))))
    assert (reply.status, reply.body) == (status, b"")


@pytest.mark.parametrize("agent", ["gsma-rsp-ipad", "gsma-rsp-ipae; vendor 1.0"])
def test_right_user_agents_are_no_finding(agent):
    eim = make_eim()
    endpoint(eim)(request(get_eim_package(), headers=(TYPE, PROTOCOL, ("User-Agent", agent))))
    assert not [event for event in eim.events if isinstance(event, Finding)]


@pytest.mark.parametrize("agent", [(), (("User-Agent", "gsma-rsp-lpad"),)])
def test_other_user_agents_are_served_and_told(agent):
    eim = make_eim()
    assert endpoint(eim)(request(get_eim_package(), headers=(TYPE, PROTOCOL, *agent))).status == 200
    assert any(isinstance(event, Finding) and "User-Agent" in event.fault for event in eim.events)


def test_everything_seen_is_kept_with_its_time():
    serving = endpoint()
    serving(request(get_eim_package(), connection=1))
    serving(request(b"\x30\x00", connection=2))
    first, second = serving.requests
    assert (first.at, first.path, first.body, first.reply_body) == (12.5, PATH, get_eim_package(), NONE_AVAILABLE)
    assert first.header("user-agent") == "gsma-rsp-ipad"
    assert (second.at, second.reply_status, second.connection) == (13.5, 400, 2)


def test_defective_eim_omits_the_headers():
    eim = make_eim()
    broken = make_eim(defects_for("eim")["omits-response-headers"].change(eim.rules))
    assert endpoint(broken)(request(get_eim_package(EID))).headers == ()


@pytest.mark.parametrize("protocol", ["gsma/rsp/v2.2.0\xe9", "gsma/rsp/v2", "x" * 1000, ""])
def test_strange_protocol_versions_are_not_given_back(protocol):
    headers = (TYPE, AGENT, ("X-Admin-Protocol", protocol))
    assert endpoint()(request(get_eim_package(), headers=headers)).header("X-Admin-Protocol") == "gsma/rsp/v2.1.0"
