"""Messages recorded between other implementations have a name for every field."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.reporting.decode.annotate import UNKNOWN, Annotator
from harness.reporting.decode.es10 import FUNCTIONS

DATA = os.environ.get("SGP32_TEST_DATA")
pytestmark = pytest.mark.skipif(DATA is None, reason="SGP32_TEST_DATA names no folder with captures")

DOWNLOAD = {
    "authenticateServerRequest": "AuthenticateServerRequest",
    "authenticateServerResponse": "AuthenticateServerResponse",
    "prepareDownloadRequest": "PrepareDownloadRequest",
    "prepareDownloadResponse": "PrepareDownloadResponse",
    "boundProfilePackage": "BoundProfilePackage",
    "profileInstallationResult": "ProfileInstallationResult",
}


def capture(name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((Path(DATA or "") / "captures" / name).read_text())
    return found


def unnamed(octets: bytes, type_name: str) -> list[str]:
    roots = Annotator().message(octets, type_name)
    return [node.tag for root in roots for node in root.walk() if UNKNOWN in node.label or node.fault]


@pytest.mark.parametrize("name", ["download-ts48-v2-unique.json", "download-ts48-v7-bertlv-suci.json"])
@pytest.mark.parametrize("message", DOWNLOAD)
def test_downloads(name: str, message: str) -> None:
    assert unnamed(bytes.fromhex(str(capture(name)[message])), DOWNLOAD[message]) == []


def test_every_message_of_an_association_is_a_known_function() -> None:
    exchange = capture("es10b-packages-v1.0.json")["exchange"]
    assert isinstance(exchange, list)
    named = 0
    for line in exchange:
        mark, _, text = str(line).partition(" ")
        octets = bytes.fromhex(text)
        function = FUNCTIONS[int.from_bytes(octets[:2], "big")]
        type_name = function.request if mark == ">" else function.response
        # The recorded dialect is SGP.32 v1.0: what it words otherwise may be unnamed, never unreadable.
        (root,) = Annotator().message(octets, type_name)
        assert not [node.fault for node in root.walk() if node.fault]
        named += not unnamed(octets, type_name)
    assert named >= 0.9 * len(exchange)
