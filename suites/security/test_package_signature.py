"""Only the eIM's own signature opens the card. SGP.32 v1.2 §2.11.1.1, §3.3.1; BSI TR-03111 for its form."""

from __future__ import annotations

import random

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from harness.codec import tlv
from harness.conformance.adversaries.tampering import signature_of, signed_part_of, with_flipped_bit, with_signature
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import refusal
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info

ASSOCIATED = State(eims=1)
SAMPLE = 32
ASSOCIATION_TOKEN = 0x84
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@case("SE-001", clause="SGP.32 v1.2 §3.3.1", area="security", needs=ASSOCIATED, catches="checks-half-of-the-signature")
def test_flipped_bits(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A package with any one bit of its signature changed is refused unsigned."""
    package = eim.package(list_profile_info())
    signature = signature_of(package)
    edges = [*range(8), *range(504, 512)]
    sample = sorted(random.Random(signature).sample(range(8, 504), SAMPLE))
    for name, bits in (("each bit of the first and last octet", edges), (f"{SAMPLE} bits between", sample)):
        with step(f"change {name}", expect="euiccPackageErrorUnsigned each time") as seen:
            taken = [
                bit for bit in bits if not refusal(euicc, with_signature(package, with_flipped_bit(signature, bit)))
            ]
            seen.observed(f"not refused: {taken}")
            assert taken == []
    with step("the untouched package", expect="a result"):
        assert euicc.load_package(package).is_result


@case(
    "SE-002",
    clause="SGP.32 v1.2 §2.11.1.1, §3.3.1, BSI TR-03111",
    area="security",
    needs=State(eims=2),
    catches=("accepts-der-coded-signature", "accepts-signature-of-any-eim"),
)
def test_wrong_forms(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """Another eIM's key, a DER-coded or wrongly sized signature, and r or s out of range are all refused."""
    package = eim.package(list_profile_info())
    good = signature_of(package)
    signed = signed_part_of(package) + tlv.integer(ASSOCIATION_TOKEN, token_of(eim))
    r, s = good[:32], good[32:]
    zero, order = bytes(32), P256_ORDER.to_bytes(32, "big")
    forms = {
        "of another eIM's key": ecdsa.sign(other_eim.identity.signing_key, signed),
        "in DER": encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")),
        "of 63 octets": good[:-1],
        "of 65 octets": good + b"\x00",
        "with r = 0": zero + s,
        "with s = 0": r + zero,
        "with r = n": order + s,
        "with s = n": r + order,
        "that is empty": b"",
    }
    for name, signature in forms.items():
        with step(f"LoadEuiccPackage with a signature {name}", expect="error unsigned, or an error status") as seen:
            how = refusal(euicc, with_signature(package, signature))
            seen.observed(how or "taken")
            assert how
    high = r + (P256_ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    with step("a signature with s replaced by n - s", expect="recorded: valid ECDSA", confidence="unsure") as seen:
        answer = euicc.load_package(with_signature(package, high))
        seen.observed("taken" if answer.is_result else "refused")
        assert tlv.parse(answer.raw).tag == 0xBF51
    with step("a package with its own signature", expect="a result"):
        assert euicc.load_package(eim.package(list_profile_info())).is_result


@case("SE-006", clause="SGP.32 v1.2 §3.3.1", area="security", needs=ASSOCIATED, catches="forgets-counter-at-reset")
def test_replay_of_old_packages(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """The last package and one from ten packages ago are replays, also after a reset."""
    with step("ten packages are executed", precondition=True):
        packages = [eim.package(list_profile_info()) for _ in range(10)]
        assert all(euicc.load_package(package).is_result for package in packages)
    for when in ("at once", "after a reset"):
        if when == "after a reset":
            euicc.reset()
        for name, package in (("the last package", packages[-1]), ("the one from ten ago", packages[0])):
            with step(f"{name}, {when}", expect="replayError(4)") as seen:
                answer = euicc.load_package(package)
                seen.observed(answer.raw)
                assert answer.error_code == 4
