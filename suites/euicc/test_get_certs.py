"""The certificates that a card has under each of its CIs. SGP.32 v1.2 §5.9.10."""

from __future__ import annotations

from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.crypto.certificates import Certificate

INVALID_CI = 1
UNKNOWN_CI = bytes(range(20))


@case("EU-033", clause="SGP.32 v1.2 §5.9.10", area="euicc", catches="gives-preferred-certificates-for-unknown-ci")
def test_unknown_ci(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """GetCerts under a CI that the card does not have is invalidCiPKId."""
    with step("GetCerts under a CI that nobody knows", expect="invalidCiPKId(1)") as seen:
        answer = euicc.get_certs(UNKNOWN_CI)
        seen.observed(answer.raw)
        assert answer.error == INVALID_CI


@case("EU-034", clause="SGP.32 v1.2 §5.9.10", area="euicc", catches="gives-one-chain-for-every-ci")
def test_each_ci_has_its_chain(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """Under each CI that the card signs under, GetCerts gives a chain of its own that leads to that CI."""
    with step("GetEUICCInfo1", expect="CI keys for signing", precondition=True):
        ci_ids = euicc.get_euicc_info1().ci_ids_for_signing
        assert ci_ids
    leaves = set()
    for ci_id in ci_ids:
        with step(f"GetCerts under CI {ci_id.hex()[:8]}…", expect="eUICC below EUM below this CI, this EID") as seen:
            answer = euicc.get_certs(ci_id)
            seen.observed(answer.raw)
            assert answer.error is None
            eum, leaf = Certificate(answer.eum), Certificate(answer.euicc)
            assert eum.authority_key_id == ci_id
            assert leaf.authority_key_id == eum.subject_key_id
            assert leaf.is_signed_by(eum.public_key)
            assert leaf.serial_number == euicc.eid.hex().upper()
            leaves.add(answer.euicc)
    with step("compare the eUICC certificates", expect=f"{len(ci_ids)} different ones", confidence="likely"):
        assert len(leaves) == len(ci_ids)
