"""What an IPA answers while an emergency call is under way. SGP.32 v1.2 §2.11.1.2."""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim

OK, ECALL_ACTIVE = 0, 104
EUICC_INFO_2 = 0xBF22
ERROR = 0xA1


@case(
    "FB-029",
    clause="SGP.32 v1.2 §2.11.1.2, §5.9.22",
    confidence="likely",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a", "emergency"), enabled="operational-a"),
    requires=("ecall", "esipa-1.2"),
    catches="answers-data-requests-during-emergency-call",
)
def test_data_request(device: DeviceUnderTest, euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """During an emergency call a request for IpaEuiccData is ecallActive; after it the data come."""
    with step("EnableEmergencyProfile", precondition=True) as seen:
        code = euicc.enable_emergency_profile()
        seen.observed(code)
        assert code == OK
    with step("the eIM asks for EUICCInfo2", expect="ecallActive(104)") as seen:
        request = eim.queue_data_request(device.eid, tags=[EUICC_INFO_2])
        device.poll_now()
        answer = eim.operation(request).answer
        seen.observed(answer)
        assert answer
        assert tlv.parse(answer).get(ERROR, 0x02).value == bytes([ECALL_ACTIVE])
    with step("DisableEmergencyProfile, and the eIM asks again", expect="EUICCInfo2") as seen:
        assert euicc.disable_emergency_profile() == OK
        request = eim.queue_data_request(device.eid, tags=[EUICC_INFO_2])
        device.poll_now()
        answer = eim.operation(request).answer
        seen.observed(answer)
        assert answer
        assert tlv.parse(answer).find(ERROR) is None
