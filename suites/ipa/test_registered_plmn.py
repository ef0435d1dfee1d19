"""rPLMN of GetEimPackage: where the device registered last. SGP.32 v1.2 §5.14.5, TS 24.008 §10.5.1.13."""

from __future__ import annotations

import re

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.ipa_views import message_of
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps
from harness.errors import Unsupported

ENABLED = State(eims=1, profiles=("operational-a",), enabled="operational-a")
NUMERIC = 2
"""<format> of +COPS with MCC and MNC in digits."""


def coded(plmn: str) -> bytes:
    """MCC and MNC in three octets: swapped nibbles, F for a third digit of the MNC that is not there."""
    mcc, mnc = plmn[:3], plmn[3:] + "F" * (6 - len(plmn))
    return bytes.fromhex(f"{mcc[1]}{mcc[0]}{mnc[2]}{mcc[2]}{mnc[1]}{mnc[0]}")


def registered(module: ModuleUnderTest) -> str:
    """MCC and MNC that +COPS? tells. Asserts that it does."""
    module.at(f"AT+COPS=3,{NUMERIC}")
    lines = module.at("AT+COPS?").lines
    found = re.search(r'\+COPS: \d+,2,"(\d{5,6})"', "\n".join(lines))
    assert found, " / ".join(lines)
    return found[1]


@case(
    "IP-040",
    clause="SGP.32 v1.2 §5.14.5, TS 24.008 §10.5.1.13",
    confidence="likely",
    area="ipa",
    needs=ENABLED,
    relies_on=("attach",),
    catches="writes-the-plmn-in-order",
)
def test_registered_plmn(device: DeviceUnderTest, module: ModuleUnderTest, step: CaseSteps) -> None:
    """rPLMN is the MCC and MNC of the last registration, coded as in TS 24.008."""
    with step("AT+COPS?", expect="MCC and MNC of a network", precondition=True) as seen:
        plmn = registered(module)
        seen.observed(plmn)
    with step("the device polls", expect="a GetEimPackage with rPLMN", precondition=True):
        device.poll_now()
        assert device.polls
        tag = device.esipa.registered_plmn
        fields = [field.value for poll in device.polls if (field := message_of(poll).find(tag)) is not None]
        if not fields:
            raise Unsupported("the device tells no rPLMN, which is optional")
    with step("look at rPLMN", expect=coded(plmn).hex().upper()) as seen:
        seen.observed(" ".join(field.hex().upper() for field in fields))
        assert set(fields) == {coded(plmn)}
