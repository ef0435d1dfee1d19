"""ESipa messages have the names of the version that they are written in."""

from __future__ import annotations

import pytest

from harness.reporting.decode.annotate import UNKNOWN, Annotator
from harness.reporting.decode.esipa import read
from harness.reporting.decode.http_flow import ESIPA_REQUEST, ESIPA_RESPONSE
from harness.reporting.decode.tree import Node

EID = "5A1089049032123451234512345678901235"
USUAL = Annotator()


def reading(octets: str, type_name: str = ESIPA_REQUEST) -> tuple[Node, str]:
    found = read(bytes.fromhex(octets), type_name, USUAL)
    (root,) = found.trees
    return root, found.version


@pytest.mark.parametrize(
    ("octets", "version", "label", "value"),
    [
        (f"BF4F17{EID}810300F110", "1.0.1", "rPLMN", ""),
        (f"BF4F1C{EID}8000810105820300F110", "1.2", "stateChangeCause", "immediateEnableProfile (5)"),
        (f"BF4F12{EID}", "1.2", "eidValue", EID[4:]),
        ("BF5003020101", "1.0.1", "eimPackageError", "invalidPackageFormat (1)"),
        ("BF5005A003020101", "1.2", "eimPackageResultErrorCode", "invalidPackageFormat (1)"),
        ("BF5006BF5203810101", "1.0.1", "ipaEuiccDataError", "incorrectTagList (1)"),
        ("BF500ABF5207A0058003616161", "1.0.1", "defaultSmdpAddress", "“aaa”"),
        ("BF500ABF5207A0058103616161", "1.2", "defaultSmdpAddress", "“aaa”"),
        ("BF500BBF5208A006BF2B03810107"[:-2] + "7F", "1.0.1", "notificationsListResultError", "undefinedError (127)"),
        ("BF500ABF5407300580030A0B0C", "1.0.1", "errorResponse", ""),
        ("BF500BBF5408300680017F04010A", "1.2", "profileDownloadErrorReason", "undefinedError (127)"),
    ],
)
def test_a_request_has_the_names_of_its_own_version(octets: str, version: str, label: str, value: str) -> None:
    root, found = reading(octets)
    assert found == version
    assert all(not node.label.endswith(UNKNOWN) for node in root.walk())
    named = root.find(label)
    assert named is not None, [node.label for node in root.walk()]
    assert named.value == value


def test_what_fits_every_version_is_read_as_v1_2() -> None:
    for octets in ("BF4F03020101", "BF50023000"):
        assert reading(octets, ESIPA_RESPONSE)[1] == "1.2"
    assert read(bytes.fromhex("BF4F03020101"), ESIPA_RESPONSE, USUAL).remark == ""


def test_octets_that_fit_no_version_are_shown_all_the_same() -> None:
    found = read(bytes.fromhex("BF4F05DF7F0201"), ESIPA_REQUEST, USUAL)
    assert found.trees
