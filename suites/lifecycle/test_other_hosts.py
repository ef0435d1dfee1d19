"""What else may talk to the card of an IoT device: a consumer LPA, an IPA of the card's own, an eIM of another version."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import encode, named_bits, tlv
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.own_ipa import OwnIpa
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import disable, enable, list_profile_info
from harness.roles.es10.reading import decoded
from harness.roles.es10.status import StatusWordFault
from harness.roles.es10.versions import version_named

ENABLE_PROFILE = 0xBF31
IPAD, ACTIVATE, OK = 0, 0, 0
DONE = "done"


@case(
    "LC-012",
    clause="SGP.32 v1.2 §5.9 (ES10b), SGP.22 §5.7.16 (ES10c.EnableProfile)",
    confidence="likely",
    area="lifecycle",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a"),
    catches="serves-a-consumer-lpa",
)
def test_consumer_lpa(euicc: EuiccUnderTest, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """A consumer LPA that calls ES10c.EnableProfile does not get a profile enabled without the eIM."""
    with step("ES10c.EnableProfile of B", expect="refused; A stays enabled") as seen:
        named = tlv.build(0xA0, tlv.build(0x5A, profiles["operational-b"].iccid))
        request = tlv.build(ENABLE_PROFILE, named, tlv.build(0x81, b"\xff"))
        try:
            seen.observed(euicc.call(request))
        except StatusWordFault as fault:
            seen.observed(f"status word {fault.sw:04X}")
        assert euicc.enabled_profile == "operational-a"


@case(
    "LC-013",
    clause="SGP.32 v1.0.1, v1.2 and v1.3 (iotVersion of EUICCInfo2)",
    area="lifecycle",
    needs=State(eims=1, profiles=("operational-a",)),
    catches="calls-itself-older-than-it-is",
)
def test_version(
    euicc: EuiccUnderTest, ipa: OwnIpa, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """An eIM that goes by the versions in a card's EUICCInfo2 is understood by the card, and understands it."""
    with step("GetEUICCInfo2", expect="versions that lead to the card's own, where that is known") as seen:
        found = euicc.get_euicc_info2().iot_versions
        said = version_named(found)
        seen.observed(f"{said}, from iotVersion {found}")
        assert said == euicc.dialect.schema
    eim.associate(euicc.eid, version=said)
    for command, result in (
        (enable(profiles["operational-a"].iccid), "enableResult"),
        (disable(profiles["operational-a"].iccid), "disableResult"),
    ):
        with step(f"a package as v{said} has it: {command[0]}", expect=f"{result} ok(0), believed by the eIM") as seen:
            package = eim.queue_package(euicc.eid, command)
            ipa.poll()
            seen.observed(eim.operation(package).results)
            assert eim.operation(package).results == ((result, OK),)


@case(
    "LC-014",
    clause="SGP.32 v1.2 (IpaeActivation, ipaMode of EUICCInfo2)",
    confidence="likely",
    area="lifecycle",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    links=("memory", "pcsc"),
    requires=("since-1.2", "ipae"),
    catches="reports-ipae-to-an-ipad",
)
def test_two_ipas(euicc: EuiccUnderTest, ipa: OwnIpa, eim: Eim, step: CaseSteps) -> None:
    """With an IPA on the card and one in the device only one is active: in a terminal with an IPAd it is that one."""
    for options, asleep in (([ACTIVATE], False), ([], True)):
        with step(f"IpaeActivation, {'asleep' if asleep else 'active'}", expect="ok(0)") as seen:
            answer = euicc.call(encode("IpaeActivationRequest", {"ipaeOption": named_bits(options)}))
            seen.observed(answer)
            assert decoded("IpaeActivationResponse", answer)["ipaeActivationResult"] == OK
        with step("reset into a terminal with an IPAd", expect="ipaMode ipad(0); profile and eIM as before") as seen:
            euicc.reset()
            mode = euicc.get_euicc_info2().ipa_mode
            seen.observed(f"ipaMode {mode}")
            assert mode == IPAD
            assert euicc.enabled_profile == "operational-a"
            assert [entry.eim_id for entry in euicc.get_eim_configuration()] == [eim.identity.eim_id]
        with step("the IPAd fetches a package", expect="done") as seen:
            package = eim.queue_package(euicc.eid, list_profile_info())
            ipa.poll()
            seen.observed(eim.operation(package).state)
            assert eim.operation(package).state == DONE
