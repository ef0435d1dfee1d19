"""What an IPA tells of its eUICC and of itself. SGP.32 v1.2 §2.11.1.2 (IpaEuiccData), §4.1 (IpaCapabilities)."""

from __future__ import annotations

from harness.codec import decode, findings, tlv
from harness.conformance.case import State, case
from harness.conformance.device import DeviceUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim

ASSOCIATED = State(eims=1, profiles=("operational-a",), enabled="operational-a")
DATA, ERROR = 0xA0, 0xA1
INCORRECT_TAG_LIST = 1
MANDATORY = (0xBF20, 0xBF22, 0x83, 0xA5, 0xA6, 0xA8)
"""Tags whose data every device has: EUICCInfo1 and 2, root SM-DS, both certificates, ipaCapabilities."""
DIRECT, INDIRECT = 0x80, 0x40


@case(
    "IP-035",
    clause="SGP.32 v1.2 §2.11.1.2",
    area="ipa",
    needs=ASSOCIATED,
    catches=("tells-no-capabilities", "serves-any-tag-list"),
)
def test_each_tag(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Each tag of the list brings its field in the right form; a list with 5A is incorrectTagList as a whole."""
    for tag in MANDATORY:
        with step(f"the eIM asks for {tag:X}", expect="this field alone, decodable") as seen:
            request = eim.queue_data_request(device.eid, tags=[tag])
            device.poll_now()
            assert eim.operation(request).answer
            answered = tlv.parse(eim.operation(request).answer)
            seen.observed(answered.raw)
            decode("IpaEuiccDataResponse", answered.raw)
            fields = [child.tag for child in answered.get(DATA).children if child.tag != 0x87]
            assert fields == [tag]
    with step("the eIM asks for 5A and BF20", expect="incorrectTagList(1)", confidence="likely") as seen:
        request = eim.queue_data_request(device.eid, tags=[0x5A, 0xBF20])
        device.poll_now()
        answered = tlv.parse(eim.operation(request).answer)
        seen.observed(answered.raw)
        assert answered.get(ERROR, 0x02).value == bytes([INCORRECT_TAG_LIST])


@case("IP-037", clause="SGP.32 v1.2 §4.1", area="ipa", needs=ASSOCIATED, catches="writes-capabilities-as-octets")
def test_capabilities(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """ipaCapabilities is a real BIT STRING, and says that at least one way of downloading is there."""
    with step("the eIM asks for ipaCapabilities", precondition=True):
        request = eim.queue_data_request(device.eid, tags=[0xA8])
        device.poll_now()
        answered = tlv.parse(eim.operation(request).answer)
    with step("look at ipaFeatures", expect="a BIT STRING of at most one octet, direct or indirect set") as seen:
        features = answered.get(DATA, 0xA8, 0x80).value
        seen.observed(features)
        assert tlv.is_bit_string(features)
        assert len(features) == 2
        assert features[1] & (DIRECT | INDIRECT)
    with step("look at the whole answer", expect="one DER form") as seen:
        faults = findings("IpaEuiccDataResponse", answered.raw)
        seen.observed("; ".join(faults) or "none")
        assert faults == []
