"""An IPA inside the eUICC. SGP.32 v1.2, IpaeActivation and ISDRProprietaryApplicationTemplateIoT."""

from __future__ import annotations

from harness.codec import decode, encode, named_bits, tlv
from harness.codec.asn1 import has_bit
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.raw import open_channel
from harness.conformance.steps import CaseSteps
from harness.roles.es10.reading import decoded

ACTIVATE = 0
IPAE_SUPPORTED = 0
OK, NOT_SUPPORTED = 0, 1


@case(
    "EU-120",
    clause="SGP.32 v1.2 (IpaeActivation)",
    confidence="likely",
    area="euicc",
    links=("memory", "pcsc", "at-csim"),
    requires=("since-1.2",),
    catches=("refuses-ipae-activation-it-declares", "wakes-an-ipae-that-it-does-not-show"),
)
def test_activation(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """IpaeActivation is ok on a card that shows ipaeSupported, and notSupported on one that does not."""
    with step("SELECT ISD-R, read ipaeSupported", precondition=True) as seen:
        channel = open_channel(euicc)
        template = tlv.parse(channel.select().data).get(0xE1).raw
        channel.close()
        bits = decode("ISDRProprietaryApplicationTemplateIoT", template)["euiccConfiguration"]
        expected = OK if has_bit(bits, IPAE_SUPPORTED) else NOT_SUPPORTED
        seen.observed(template)
    for name, options in (("to activate", [ACTIVATE]), ("to leave it asleep", [])):
        with step(f"IpaeActivation {name}", expect=f"result {expected}") as seen:
            answer = euicc.call(encode("IpaeActivationRequest", {"ipaeOption": named_bits(options)}))
            seen.observed(answer)
            assert decoded("IpaeActivationResponse", answer)["ipaeActivationResult"] == expected
