"""What a case holds an IPA of each version to."""

from __future__ import annotations

import pytest

from harness.codec import tlv
from harness.conformance.devices.esipa_forms import ESIPA_FORMS, EsipaForms, versions_of

EID = "5A1089049032123451234512345678901235"
OLD_POLL, NEW_POLL = f"BF4F19{EID}8000810300F110", f"BF4F1C{EID}8000810105820300F110"


def message(octets: str) -> tlv.Tlv:
    return tlv.parse(bytes.fromhex(octets))


def judged(version: str, octets: str) -> tuple[bool, list[str], list[str]]:
    """Whether it decodes; fields of other versions; unknown numbers."""
    forms, one = ESIPA_FORMS[version], message(octets)
    return not forms.faults(one), forms.fields_of_other_versions(one), forms.unknown_numbers(one)


SOUND = (True, [], [])


@pytest.mark.parametrize(
    ("octets", "by_v1_0_1", "by_v1_2"),
    [
        (OLD_POLL, SOUND, (True, [], ["BF4F/81 00F110"])),
        (NEW_POLL, (False, ["BF4F/82"], []), SOUND),
        ("BF5003020101", SOUND, (False, ["BF50/02"], [])),
        ("BF5005A003020101", (False, ["BF50/A0"], []), SOUND),
        ("BF5006BF5203810101", SOUND, (False, ["BF50/BF52/81"], [])),
        ("BF5008BF5205A103020101", (False, ["BF50/BF52/A1"], []), SOUND),
        ("BF500ABF5207A0058003616161", SOUND, (True, ["BF50/BF52/A0/80"], [])),
        ("BF500ABF5207A0058103616161", (True, ["BF50/BF52/A0/81"], []), SOUND),
        ("BF500ABF5407300580030A0B0C", SOUND, (True, [], ["BF50/BF54/30/80 0A0B0C"])),
        ("BF500BBF5408300680017F04010A", (True, ["BF50/BF54/30/04"], []), SOUND),
    ],
)
def test_a_message_of_one_version_is_none_of_the_other(
    octets: str, by_v1_0_1: tuple[bool, list[str], list[str]], by_v1_2: tuple[bool, list[str], list[str]]
) -> None:
    assert judged("1.0.1", octets) == by_v1_0_1
    assert judged("1.2", octets) == by_v1_2
    assert judged("1.3", octets) == by_v1_2


def test_an_extension_may_stand() -> None:
    extended = message(f"BF4F15{EID}9F2100")
    assert all(not forms.fields_of_other_versions(extended) for forms in ESIPA_FORMS.values())


@pytest.mark.parametrize("forms", ESIPA_FORMS.values(), ids=ESIPA_FORMS)
def test_what_a_card_made_and_data_without_their_alternative_are_not_the_form(forms: EsipaForms) -> None:
    of_a_card = tlv.build(0xBF51, tlv.build(0x9F21, b"whatever"))
    capabilities = tlv.build(0xA8, bytes.fromhex("80020640"), bytes.fromhex("81020780"))
    for content in (of_a_card, tlv.build(0xBF52, capabilities)):
        assert not forms.faults(tlv.parse(tlv.build(0xBF50, content)))
    assert forms.faults(tlv.parse(tlv.build(0xBF50, tlv.build(0xBF55, of_a_card))))


def test_the_versions_whose_form_all_messages_have() -> None:
    assert versions_of([message(OLD_POLL), message("BF5003020101")]) == ["1.0.1"]
    assert versions_of([message(NEW_POLL), message("BF5005A003020101")]) == ["1.2", "1.3"]
    assert versions_of([message("BF5003020101"), message("BF5005A003020101")]) == []


def test_a_change_is_told_with_a_cause_where_the_version_has_one() -> None:
    old, new = ESIPA_FORMS["1.0.1"], ESIPA_FORMS["1.2"]
    poll = message(OLD_POLL)
    assert old.tells_of_a_change(poll)
    assert (old.cause_in(poll), old.told(1), old.in_words(1)) == (None, None, "notifyStateChange")
    poll = message(NEW_POLL)
    assert (new.cause_in(poll), new.told(5), new.in_words(5)) == (5, 5, "cause 5")


@pytest.mark.parametrize(
    ("version", "octets", "count"),
    [
        ("1.2", "BF5206A004A2023000", 1),
        ("1.2", "BF5204A002A200", 0),
        ("1.0.1", "BF5209A007BF2B04A2023000", 1),
        ("1.0.1", "BF520DA00BBF2B08A306A000A1023000", 1),
        ("1.0.1", "BF5207A005BF2B02A000", 0),
    ],
)
def test_stored_results_are_found_where_the_version_has_them(version: str, octets: str, count: int) -> None:
    assert len(ESIPA_FORMS[version].results_in(message(octets))) == count
