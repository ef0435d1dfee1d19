"""What an IPA tells of its eUICC and of itself. SGP.32 v1.2 §2.11.1.2 (IpaEuiccData), §4.1 (IpaCapabilities)."""

from __future__ import annotations

from harness.codec import decode, findings, tlv
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim

ASSOCIATED = State(eims=1, profiles=("operational-a",), enabled="operational-a")
DATA = 0xA0
TRANSACTION = 0x87
INCORRECT_TAG_LIST = 1
NO_TAGS = (0x5A, 0xBF2D)
"""They name nothing in IpaEuiccData."""
DIRECT, INDIRECT = 0x80, 0x40
CERTIFICATES = (0xA5, 0xA6)
UNKNOWN_CI = bytes(20)
CI_KEY_ID_NOT_FOUND = 5


def answer_to(device: DeviceUnderTest, eim: Eim, tags: list[int]) -> tlv.Tlv:
    """What the device answers to a data request with these tags, whatever they are. Asserts that it does."""
    request = eim.queue_data_request(device.eid, tags=bytes.fromhex("".join(f"{tag:X}" for tag in tags)))
    device.poll_now()
    assert eim.operation(request).answer
    return tlv.parse(eim.operation(request).answer)


def error_in(device: DeviceUnderTest, answer: tlv.Tlv) -> int | None:
    """The ipaEuiccDataErrorCode of an answer; None for one that is none."""
    found = answer.find(*device.esipa.data_error)
    return None if found is None else int.from_bytes(found.value, "big", signed=True)


def data_in(answer: tlv.Tlv) -> tlv.Tlv:
    """The TLV that holds the fields: A0, or BF52 itself where the device writes the bare form."""
    return answer.find(DATA) or answer


@case(
    "IP-035",
    clause="SGP.32 v1.2 §2.11.1.2",
    area="ipa",
    needs=ASSOCIATED,
    catches=("tells-no-capabilities", "serves-any-tag-list", "tells-data-as-another-version-does"),
)
def test_each_tag(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Each tag of the list brings its field in the right form; a list with 5A or BF2D is incorrectTagList as a whole."""
    unasked, bare = [], []
    forms = device.esipa
    for tag in (*forms.always_told, *forms.sometimes_told):
        with step(f"the eIM asks for {tag:X}", expect="this field, decodable, where there is such data") as seen:
            answer = answer_to(device, eim, [tag])
            seen.observed(answer.raw)
            fields = [child.tag for child in data_in(answer).children if child.tag != TRANSACTION]
            assert error_in(device, answer) is None
            assert tag in fields or tag in forms.sometimes_told
            whole = tlv.build(0xBF52, tlv.build(DATA, data_in(answer).value))
            decode("IpaEuiccDataResponse", whole, version=forms.version)
        unasked += [f"{field:X} for {tag:X}" for field in fields if field != tag]
        bare += [f"{tag:X}"] if answer.find(DATA) is None else []
    with step("look for other fields than those asked for", expect="none", confidence="likely") as seen:
        seen.observed(", ".join(unasked) or "none")
        assert not unasked
    with step("look at the form", expect="the fields under A0", confidence="likely") as seen:
        seen.observed(f"bare: {', '.join(bare) or 'none'}")
        assert not bare
    for tag in NO_TAGS:
        with step(f"the eIM asks for {tag:X} and BF20", expect="incorrectTagList(1)", confidence="likely") as seen:
            answer = answer_to(device, eim, [tag, 0xBF20])
            seen.observed(answer.raw)
            assert error_in(device, answer) == INCORRECT_TAG_LIST


@case(
    "IP-036",
    clause="SGP.32 v1.2 §2.11.1.2",
    area="ipa",
    needs=ASSOCIATED,
    catches="ignores-the-ci-key-id",
)
def test_unknown_ci(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Certificates under a CI that the card does not have are euiccCiPKIdNotFound."""
    for tag in CERTIFICATES:
        with step(f"the eIM asks for {tag:X} under an unknown CI", expect="euiccCiPKIdNotFound(5)") as seen:
            request = eim.queue_data_request(device.eid, tags=[tag], ci_key_id=UNKNOWN_CI)
            device.poll_now()
            assert eim.operation(request).answer
            answer = tlv.parse(eim.operation(request).answer)
            seen.observed(answer.raw)
            assert error_in(device, answer) == CI_KEY_ID_NOT_FOUND


@case("IP-037", clause="SGP.32 v1.2 §4.1", area="ipa", needs=ASSOCIATED, catches="writes-capabilities-as-octets")
def test_capabilities(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """ipaCapabilities is a real BIT STRING, and says that at least one way of downloading is there."""
    with step("the eIM asks for ipaCapabilities", precondition=True):
        answer = answer_to(device, eim, [0xA8])
    with step("look at ipaFeatures", expect="a BIT STRING of at most one octet") as seen:
        features = data_in(answer).get(0xA8, 0x80).value
        seen.observed(features)
        assert tlv.is_bit_string(features)
        assert len(features) <= 2
    with step("look at its bits", expect="direct or indirect set", confidence="likely"):
        assert any(octet & (DIRECT | INDIRECT) for octet in features[1:])
    with step("look at the whole answer", expect="one DER form", confidence="likely") as seen:
        faults = findings("IpaEuiccDataResponse", answer.raw, version=device.esipa.version)
        seen.observed("; ".join(faults) or "none")
        assert faults == []
