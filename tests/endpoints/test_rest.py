"""The REST interfaces: what a script can do, what it is told when it cannot, and that nobody gets in without the token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness import resources
from harness.codec import decode, tlv
from harness.endpoints.eim_database import EimDatabase
from harness.endpoints.module_listener import Listener
from harness.endpoints.rest.eim import eim_service
from harness.endpoints.rest.service import MOST_BODY, RestServer, kept_token
from harness.endpoints.rest.smdp import smdp_service
from harness.errors import LabFault
from harness.lab.clock import EPOCH
from harness.lab.file.configuration import read_lab
from harness.lab.parties import new_eim, new_smdp
from harness.lab.rack import Rack
from harness.roles.eim import Eim

TOKEN = "a-token-for-tests"
EID = "89049032123451234512345678900071"
ICCID = "89001010000000000018"
OTHER_KEY = (
    ec.derive_private_key(7, ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    .hex()
)
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def rack() -> Iterator[Rack]:
    with Rack(read_lab(resources.path("lab-config/simulated.yaml")), 1) as rack:
        yield rack


@pytest.fixture
def eim(rack: Rack, tmp_path: Path) -> Eim:
    return new_eim(rack, rack.entropy.child("rest"), store=EimDatabase(tmp_path / "eim.sqlite"))


@pytest.fixture
def rest(rack: Rack, eim: Eim) -> Iterator[httpx.Client]:
    assert isinstance(eim._store, EimDatabase)
    server = RestServer(rack.loop, eim_service(eim, eim._store, TOKEN, lambda: EPOCH))
    with httpx.Client(base_url=f"http://127.0.0.1:{server.start()}", headers=HEADERS, timeout=10) as client:
        yield client
    server.stop()


def queued(rest: httpx.Client, **order: Any) -> httpx.Response:
    return rest.post(f"/v1/devices/{EID}/operations", json=order)


def injected(rest: httpx.Client, **where: Any) -> httpx.Response:
    return rest.post(f"/v1/devices/{EID}/injections", json=where)


def test_an_operation_from_order_to_event(rest: httpx.Client, eim: Eim) -> None:
    assert rest.put(f"/v1/devices/{EID}", json={"counter": 5, "association_token": 3}).json()["counter"] == 5
    made = queued(
        rest, kind="package", commands=[{"command": "enable", "iccid": ICCID, "rollback": True}], expires_in=60
    )
    assert made.status_code == 201
    number = made.json()["number"]
    assert (made.json()["state"], made.json()["expires_at"]) == ("queued", EPOCH + 60)
    package = tlv.parse(eim.handle(b"\xbf\x4f\x12\x5a\x10" + bytes.fromhex(EID), EPOCH + 1))
    signed = decode("EuiccPackageRequest", package.get(0xBF51).raw)["euiccPackageSigned"]
    assert signed["counterValue"] == 6
    assert signed["eimTransactionId"].hex() == number
    ((name, value),) = signed["euiccPackage"][1]
    assert (name, "rollbackFlag" in value) == ("enable", True)
    seen = rest.get(f"/v1/operations/{number}").json()
    assert (seen["state"], seen["counter"], seen["deliveries"]) == ("delivered", 6, 1)
    assert [one["number"] for one in rest.get(f"/v1/devices/{EID}/operations").json()] == [number]
    assert rest.delete(f"/v1/operations/{number}").json()["state"] == "cancelled"
    kinds = [event["kind"] for event in rest.get("/v1/events", params={"eid": EID}).json()]
    assert kinds == ["PackageDelivered", "OperationEnded"]


def test_a_package_is_brought_to_a_device_that_listens(rest: httpx.Client, eim: Eim) -> None:
    asked: list[bytes] = []

    def refuse(message: bytes) -> bytes:
        asked.append(message)
        return bytes.fromhex("BF4E03020102")

    listener = Listener(refuse)
    try:
        rest.put(f"/v1/devices/{EID}", json={})
        where = {"address": f"localhost:{listener.port}", "binding": "json", "tls_key": listener.key.hex()}
        assert injected(rest, **where).json() == {"answers": []}
        number = queued(rest, kind="package", commands=[{"command": "listEim"}]).json()["number"]
        stranger = injected(rest, **{**where, "tls_key": OTHER_KEY})
        assert (stranger.status_code, "pinned" in stranger.json()["detail"]) == (502, True)
        assert injected(rest, address=where["address"]).status_code == 502
        assert asked == []
        assert rest.get(f"/v1/operations/{number}").json()["state"] == "delivered"
        assert injected(rest, **where).json() == {"answers": ["bf4e03020102"]}
    finally:
        listener.stop()
    assert tlv.parse(asked[0]).find(0xBF51) is not None
    closed = rest.get(f"/v1/operations/{number}").json()
    assert (closed["state"], closed["error_code"]) == ("failed", 2)


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"address": "http://device.example"},
        {"address": "https://device.example/elsewhere"},
        {"address": "user@device.example"},
        {"address": "device.example", "tls_key": ""},
        {"address": "device.example", "binding": "coap"},
    ],
)
def test_a_package_is_brought_to_no_other_place(rest: httpx.Client, eim: Eim, where: dict[str, str]) -> None:
    rest.put(f"/v1/devices/{EID}", json={})
    number = queued(rest, kind="data").json()["number"]
    assert injected(rest, **where).status_code == 422
    assert rest.get(f"/v1/operations/{number}").json()["state"] == "queued"


def test_nothing_is_brought_to_a_device_that_nobody_knows(rest: httpx.Client) -> None:
    assert injected(rest, address="device.example").status_code == 404


COMMANDS: list[dict[str, Any]] = [
    {"command": "enable", "iccid": ICCID},
    {"command": "disable", "iccid": ICCID},
    {"command": "delete", "iccid": ICCID},
    {"command": "listProfileInfo", "tag_list": "5A9F70"},
    {"command": "getRAT"},
    {"command": "configureImmediateEnable", "smdp_oid": "2.999.10"},
    {"command": "setFallbackAttribute", "iccid": ICCID},
    {"command": "unsetFallbackAttribute"},
    {"command": "setDefaultDpAddress", "address": "smdp.example"},
    {"command": "deleteEim", "eim_id": "other.example"},
    {"command": "listEim"},
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command["command"])
def test_every_command_becomes_the_one_of_the_standard(rest: httpx.Client, eim: Eim, command: dict[str, Any]) -> None:
    rest.put(f"/v1/devices/{EID}", json={})
    assert queued(rest, kind="package", commands=[command]).status_code == 201
    package = tlv.parse(eim.handle(b"\xbf\x4f\x12\x5a\x10" + bytes.fromhex(EID), EPOCH))
    body = decode("EuiccPackageRequest", package.get(0xBF51).raw)["euiccPackageSigned"]["euiccPackage"]
    assert [name for name, _ in body[1]] == [command["command"]]


def test_an_eim_can_be_given_to_another_one(rest: httpx.Client) -> None:
    about = rest.get("/v1/eim").json()
    rest.put(f"/v1/devices/{EID}", json={})
    for command in ("addEim", "updateEim"):
        order = [{"command": command, "configuration": about["configuration"]}]
        assert queued(rest, kind="package", commands=order).status_code == 201
    assert about["configuration"][8:] in about["add_initial_eim"]


def test_a_device_has_the_version_of_its_card_and_that_of_its_ipa(rest: httpx.Client) -> None:
    def told(**known: str) -> tuple[str, str]:
        device = rest.put(f"/v1/devices/{EID}", json=known).json()
        assert rest.get(f"/v1/devices/{EID}").json() == device
        return device["version"], device["ipa_version"]

    assert told() == ("1.2", "1.2")
    assert told(version="1.3") == ("1.3", "1.3")
    assert told(ipa_version="1.0.1") == ("1.3", "1.0.1")
    assert told(version="1.2") == ("1.2", "1.0.1")
    schemas = rest.get("/openapi.json").json()["components"]["schemas"]
    assert all("ipa_version" in schemas[name]["properties"] for name in ("Association", "DeviceView"))


def test_a_data_request_is_in_the_version_of_the_ipa(rest: httpx.Client, eim: Eim) -> None:
    rest.put(f"/v1/devices/{EID}", json={"ipa_version": "1.0.1"})
    assert queued(rest, kind="data", tag_list="81BF20").status_code == 201
    assert eim.queue()[0].message == bytes.fromhex("BF52055C0380BF20")
    unknown = queued(rest, kind="data", tag_list="5A")
    assert (unknown.status_code, "v1.0.1 has no 5A" in unknown.json()["detail"]) == (422, True)
    assert "ends within a tag" in queued(rest, kind="data", tag_list="BF").json()["detail"]
    rest.put(f"/v1/devices/{EID}", json={"version": "1.0.1"})
    lacking = queued(rest, kind="package", commands=[{"command": "unsetFallbackAttribute"}])
    assert lacking.status_code == 422


def test_data_requests_and_downloads(rest: httpx.Client) -> None:
    rest.put(f"/v1/devices/{EID}", json={})
    assert queued(rest, kind="data").status_code == 201
    assert queued(rest, kind="download", activation_code="1$smdp.example$M1", keep_here=True).status_code == 201
    neither = queued(rest, kind="download")
    assert (neither.status_code, "exactly one" in neither.json()["detail"]) == (422, True)
    broken = queued(rest, kind="download", activation_code="no code")
    assert broken.status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", f"/v1/devices/{EID}", None, 404, EID),
        ("GET", "/v1/devices/123", None, 422, "eid"),
        ("GET", "/v1/operations/00", None, 404, "/v1/operations/00"),
        ("DELETE", "/v1/operations/zz", None, 422, "number"),
        ("PUT", f"/v1/devices/{EID}", {"counter": -1}, 422, "counter"),
        ("PUT", f"/v1/devices/{EID}", {"euicc_certificate": "3000"}, 422, "euicc_certificate"),
        ("PUT", f"/v1/devices/{EID}", {"version": "9"}, 422, "1.0.1"),
        ("PUT", f"/v1/devices/{EID}", {"ipa_version": "1.1"}, 422, "ipa_version"),
        ("PUT", f"/v1/devices/{EID}", {"colour": "red"}, 422, "colour"),
        ("POST", f"/v1/devices/{EID}/operations", {"kind": "package", "commands": []}, 422, "commands"),
        ("POST", f"/v1/devices/{EID}/operations", {"kind": "package", "commands": [{"command": "fly"}]}, 422, "enable"),
        ("POST", f"/v1/devices/{EID}/operations", {"kind": "data"}, 404, EID),
        ("GET", "/v1/events?limit=5000", None, 422, "limit"),
        ("GET", f"/v1/events?after={10**30}", None, 422, "after"),
    ],
)
def test_what_cannot_be_used_is_said(
    rest: httpx.Client, method: str, path: str, body: Any, status: int, said: str
) -> None:
    answer = rest.request(method, path, json=body)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text


def test_a_package_holds_psmos_or_ecos(rest: httpx.Client) -> None:
    rest.put(f"/v1/devices/{EID}", json={})
    mixed = queued(rest, kind="package", commands=[{"command": "getRAT"}, {"command": "listEim"}])
    assert (mixed.status_code, "not both" in mixed.text) == (422, True)


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic YTpi", f"Bearer {TOKEN}x"])
def test_nobody_gets_in_without_the_token(rest: httpx.Client, header: str | None) -> None:
    paths = list(rest.get("/openapi.json").json()["paths"])
    assert len(paths) >= 6
    headers = {"Authorization": header} if header else {}
    for path in paths:
        place = path.format(eid=EID, number="00")
        answer = httpx.get(f"{str(rest.base_url).rstrip('/')}{place}", headers=headers)
        assert answer.status_code in (401, 405), path
    assert rest.get("/docs").status_code == 404


def test_sizes_are_bounded(rest: httpx.Client) -> None:
    too_long = rest.put(f"/v1/devices/{EID}", content=b"{" + b" " * MOST_BODY + b"}")
    assert too_long.status_code == 413

    def endless() -> Iterator[bytes]:
        yield b"{}"

    assert rest.put(f"/v1/devices/{EID}", content=endless()).status_code == 411


def test_a_port_that_is_taken_is_a_lab_fault(rack: Rack, rest: httpx.Client) -> None:
    with pytest.raises(LabFault, match=str(rest.base_url.port)):
        RestServer(rack.loop, smdp_service(new_smdp(rack, rack.entropy), {}, TOKEN)).start(rest.base_url.port or 0)


def test_the_token_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    token = kept_token(tmp_path / "state" / "token")
    assert kept_token(tmp_path / "state" / "token") == token
    assert (tmp_path / "state" / "token").stat().st_mode & 0o777 == 0o600
    (tmp_path / "empty").touch()
    with pytest.raises(LabFault, match="no token"):
        kept_token(tmp_path / "empty")


def test_orders_of_the_smdp(rack: Rack) -> None:
    smdp = new_smdp(rack, rack.entropy.child("rest"))
    server = RestServer(rack.loop, smdp_service(smdp, rack.profiles, TOKEN))
    with httpx.Client(base_url=f"http://127.0.0.1:{server.start()}", headers=HEADERS, timeout=10) as rest:
        names = {one["name"] for one in rest.get("/v1/profiles").json()}
        assert names == set(rack.profiles)
        made = rest.post("/v1/orders", json={"profile": "operational-a", "eid": EID, "confirmation_code": "1234"})
        assert made.status_code == 201
        order = made.json()
        assert order["activation_code"].startswith("1$smdp.harness.test$")
        assert (order["state"], order["needs_confirmation_code"]) == ("released", True)
        assert rest.get(f"/v1/orders/{order['number']}").json() == order
        assert rest.get("/v1/orders").json() == [order]
        assert rest.get("/v1/orders/99").status_code == 404
        unknown = rest.post("/v1/orders", json={"profile": "gold"})
        assert (unknown.status_code, "operational-a" in unknown.text) == (422, True)
        assert rest.get("/v1/events").json() == []
    server.stop()
