"""Who the card says it is: GetEID, EUICCInfo1, EUICCInfo2 and its certificates.

SGP.32 v1.2 §5.9.2 and §5.9.10, SGP.22 §5.7.8 and §5.7.20, SGP.29 for the EID.
"""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.crypto.certificates import Certificate
from harness.crypto.eid import valid_check_digits
from harness.crypto.errors import CertificateError
from harness.roles.es10 import Es10
from harness.roles.es10.status import StatusWordFault
from harness.roles.smdp import Smdp

IPAD = 0
WITHOUT_IPAD = bytes.fromhex("80AA00000AA9088100820101830107")


@case(
    "EU-006",
    clause="SGP.32 v1.2 §5.9.2",
    confidence="likely",
    area="euicc",
    links=("memory", "pcsc"),
    catches="reports-ipae-to-an-ipad",
)
def test_ipa_mode_follows_terminal_capability(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """In a terminal that declares an IPAd the card's ipaMode is ipad; in another one it is as the card's maker says."""
    with step("reset into a terminal with an IPAd, GetEUICCInfo2", expect="ipaMode ipad(0)") as seen:
        euicc.reset()
        info = euicc.get_euicc_info2()
        seen.observed(f"ipaMode {info.ipa_mode}")
        assert info.ipa_mode == IPAD
    with step("the same without an IPAd", expect="recorded: ES10 refused, or an ipaMode", confidence="unsure") as seen:
        euicc.terminal.reset(capability=WITHOUT_IPAD)
        try:
            seen.observed(f"ipaMode {Es10(euicc.port, recover=False).get_euicc_info2().ipa_mode}")
        except StatusWordFault as refused:
            seen.observed(f"refused, {refused.sw:04X}")


@case("EU-007", clause="SGP.29, SGP.22 §5.7.20", area="euicc", catches="reports-eid-with-wrong-check-digits")
def test_eid(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """The EID has 16 octets with valid check digits and is the same after a reset."""
    with step("GetEID", expect="16 octets, modulo 97 gives 1") as seen:
        eid = euicc.get_eid()
        seen.observed(eid)
        assert len(eid) == 16
        assert valid_check_digits(eid)
    with step("reset and GetEID again", expect="the same EID") as seen:
        euicc.reset()
        again = euicc.get_eid()
        seen.observed(again)
        assert again == eid


@case("EU-008", clause="SGP.32 v1.2 §5.9.2", area="euicc", catches="differs-between-info1-and-info2")
def test_info1(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """EUICCInfo1 names an SGP.22 version and CI keys, the same as EUICCInfo2."""
    with step("GetEUICCInfo1", expect="svn and CI keys for verification and signing") as seen:
        info1 = euicc.get_euicc_info1()
        seen.observed(info1.raw)
        assert info1.svn > (0, 0, 0)
        assert info1.ci_ids_for_verification
        assert info1.ci_ids_for_signing
    with step("GetEUICCInfo2", expect="the same lists and svn"):
        info2 = euicc.get_euicc_info2()
        assert info2.svn == info1.svn
        assert info2.ci_ids_for_verification == info1.ci_ids_for_verification
        assert info2.ci_ids_for_signing == info1.ci_ids_for_signing


@case("EU-009", clause="SGP.32 v1.2 §5.9.2", area="euicc", catches="omits-iot-specific-info")
def test_iot_specific_info(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """EUICCInfo2 of an IoT eUICC has iotSpecificInfo with a version, and ipaMode."""
    with step("GetEUICCInfo2", expect="iotSpecificInfo with at least one iotVersion, ipaMode") as seen:
        info = euicc.get_euicc_info2()
        seen.observed(f"iotVersion {info.iot_versions}, ipaMode {info.ipa_mode}")
        assert info.iot_versions
        assert info.ipa_mode is not None


@case("EU-011", clause="ITU-T X.690 §11.2", area="euicc", catches="leaves-unused-bits-set")
def test_capability_bit_strings(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """The capability bit strings of EUICCInfo2 count their unused bits, and these are zero."""
    with step("GetEUICCInfo2", precondition=True):
        info = tlv.parse(euicc.get_euicc_info2().raw)
    for tag, name in ((0x85, "uiccCapability"), (0x88, "rspCapability")):
        with step(f"look at {name}", expect="unused bits counted 0 to 7, and zero") as seen:
            value = info.get(tag).value
            seen.observed(value)
            assert tlv.is_bit_string(value)
        with step(f"look at the end of {name}", expect="no zero bits at the end", confidence="likely") as seen:
            seen.observed(value)
            assert len(value) == 1 or value[-1] >> value[0] & 1


@case("EU-032", clause="SGP.32 v1.2 §5.9.10", area="euicc", catches="returns-certificate-of-another-eid")
def test_certificates(euicc: EuiccUnderTest, smdp: Smdp, step: CaseSteps) -> None:
    """GetCerts gives the EUM and eUICC certificates of one chain up to the CI, for this EID."""
    with step("GetCerts", expect="certificates, no error") as seen:
        answer = euicc.get_certs()
        seen.observed(answer.raw)
        assert answer.error is None
    with step("look at its form", expect="A5 and A6 under A0", confidence="likely"):
        assert [child.tag for child in tlv.parse(answer.raw).get(0xA0).children][:2] == [0xA5, 0xA6]
    known = {credentials.ci_key_id for credentials in smdp.identity.credentials}
    if is_from_elsewhere(answer.eum, known):
        with step("the card prefers another CI than the lab's: GetCerts under one of the lab's", precondition=True):
            ours = [ci_id for ci_id in euicc.get_euicc_info1().ci_ids_for_signing if ci_id in known]
            assert ours
            answer = euicc.get_certs(ours[0])
            assert answer.error is None
    with step(
        "follow the chain", expect="eUICC to EUM to the lab's CI; the subject's serial number is the EID"
    ) as seen:
        certificate = euicc.checked(answer.euicc, answer.eum)
        seen.observed(f"serialNumber {certificate.serial_number}")
        assert certificate.serial_number == euicc.get_eid().hex().upper()


def is_from_elsewhere(eum: bytes, known: set[bytes]) -> bool:
    """Whether an EUM certificate points to a CI that is none of these. What is no certificate is judged with the chain."""
    try:
        return Certificate(eum).authority_key_id not in known
    except CertificateError:
        return False
