"""Handing out a profile. SGP.22 v2.5 §5.6.2 (ES9+.GetBoundProfilePackage), §3.1.3.2, §2.5.

The package opens for the eUICC that asked, in segments of at most 1,020 octets. Where the order has a confirmation code,
its hash must come with the request, and guessing ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from harness.codec import tlv
from harness.conformance.adversaries.tampering import with_flipped_bit
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.es9 import SUCCESS, Es9Download
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.pki import TestPki
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import Smdp

SIGNATURE_INVALID = "8.1/6.1"
CODE_MISSING, CODE_REFUSED, CODE_RETRIES_EXCEEDED = "8.2.7/2.2", "8.2.7/3.8", "8.2.7/6.4"
ORDER_EXPIRED = "8.8.5/4.10"
NO_NEW_BINDING = "8.2/3.7"
MAX_SEGMENT = 1020
CODE, WRONG_CODE = "2468", "1357"


def resigned(session: Es9Download, pki: TestPki, *fields: bytes) -> bytes:
    """A BF21 with these fields behind the transactionId, signed by the card's own key."""
    assert session.initiated is not None
    assert session.authenticated is not None
    wanted = tlv.parse(session.initiated.octets("euiccCiPKIdToBeUsed")).value
    trust = next(pki.trust(curve) for curve in pki.curves if pki.trust(curve).ci_key_id == wanted)
    signed = tlv.build(0x30, tlv.build(0x80, session.transaction_id), *fields)
    key = trust.euicc_identity(session.card.eid).private_key
    signature = ecdsa.sign(key, signed + session.authenticated.octets("smdpSignature2"))
    return tlv.build(0xBF21, tlv.build(0xA0, signed, tlv.build(0x5F37, signature)))


def one_time_key(session: Es9Download) -> bytes:
    """5F49 of the card's BF21."""
    return tlv.parse(session.prepared).get(0xA0, 0x30, 0x5F49).raw


def another_one_time_key(session: Es9Download) -> bytes:
    """A 5F49 on the same curve that is not the card's: the SM-DP+'s own public key."""
    assert session.authenticated is not None
    key = Certificate(session.authenticated.octets("smdpCertificate")).public_key
    return tlv.build(0x5F49, ecdsa.public_key_point(key))


@case(
    "DP-003",
    clause="SGP.22 v2.5 §5.6.2",
    area="smdp",
    catches=(
        "accepts-bad-euicc-signature2",
        "ignores-confirmation-code",
        "takes-a-missing-confirmation-code",
        "hashes-confirmation-code-once",
        "never-locks-confirmation-code",
        "ignores-order-state",
        "forgets-binding",
        "offers-no-key-again",
        "sends-oversized-segments",
        "counts-encrypted-segments-only",
        "signs-without-the-euicc-key",
    ),
)
def test_get_bound_profile_package(
    es9: ServerUnderTest,
    card: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    pki: TestPki,
    clock: Clock,
    step: CaseSteps,
) -> None:
    """A package is bound for the eUICC that signed for it, with the right confirmation code, and installs there."""
    profile = profiles["operational-a"]

    def session(**order: object) -> Es9Download:
        placed = smdp.order(profile, **order)  # type: ignore[arg-type]
        return Es9Download(es9, card, smdp.identity.address, placed.matching_id)

    with step("euiccSignature2 with one bit changed", expect=SIGNATURE_INVALID) as seen:
        forged = session()
        forged.to_client()
        response = forged.prepare_download()
        forged.prepared = with_flipped_bit(response, 8 * len(response) - 100)
        answer = forged.get_package()
        seen.observed(answer.status)
        assert answer.status == SIGNATURE_INVALID
    coded = session(confirmation_code=CODE)
    with step("no confirmation code where one is due", expect=CODE_MISSING) as seen:
        coded.to_client()
        coded.prepare_download(CODE)
        coded.prepared = resigned(coded, pki, one_time_key(coded))
        answer = coded.get_package()
        seen.observed(answer.status)
        assert answer.status == CODE_MISSING
    with step("a wrong confirmation code", expect=CODE_REFUSED) as seen:
        answer = coded.to_package(WRONG_CODE)
        seen.observed(answer.status)
        assert answer.status == CODE_REFUSED
    with step("the right confirmation code", expect=SUCCESS) as seen:
        answer = coded.to_package(CODE)
        seen.observed(answer.status)
        assert answer.status == SUCCESS
    guessed = session(confirmation_code=CODE, confirmation_attempts=2)
    with step("wrong confirmation codes until none is left", expect=CODE_RETRIES_EXCEEDED) as seen:
        statuses = [guessed.to_package(WRONG_CODE).status for _ in range(2)]
        seen.observed(", ".join(statuses))
        assert statuses == [CODE_REFUSED, CODE_RETRIES_EXCEEDED]
    with step("the right code after that", expect="refused") as seen:
        answer = guessed.to_client()
        seen.observed(answer.status)
        assert not answer.is_success
    retried = session()
    with step("a package, never loaded", precondition=True):
        first = again = tlv.parse(retried.to_package().octets("boundProfilePackage"))
    with step(
        "again, with the same key of the card", expect="its key offered, the same SM-DP+ key", confidence="likely"
    ) as seen:
        again = tlv.parse(retried.to_package().octets("boundProfilePackage"))
        seen.observed(again.get(0xBF23).raw)
        assert again.get(0xBF23, 0x80).value == retried.transaction_id
        assert again.get(0xBF23, 0x5F49).raw == first.get(0xBF23, 0x5F49).raw
        assert retried.authenticated is not None
        offered = tlv.parse(retried.authenticated.octets("smdpSigned2")).find(0x5F49)
        assert offered is not None
        assert offered.raw == one_time_key(retried)
    with step("the segments of the package", expect=f"none above {MAX_SEGMENT} octets") as seen:
        sizes = [len(segment.raw) for sequence in again.children[1:] for segment in sequence.children]
        seen.observed(f"{len(sizes)} segments, the largest {max(sizes, default=0)} octets")
        assert sizes
        assert max(sizes) <= MAX_SEGMENT
    with step("the card loads it", expect="the profile is installed") as seen:
        result = card.load_bound_profile_package(again.raw)
        seen.observed(result.raw)
        assert result.is_success
        assert result.iccid == profile.iccid
    with step(
        "again, with another key of the card", expect="bound anew: another SM-DP+ key", confidence="likely"
    ) as seen:
        renewed = session()
        before = tlv.parse(renewed.to_package().octets("boundProfilePackage")).get(0xBF23, 0x5F49).raw
        renewed.to_client()
        renewed.prepare_download()
        renewed.prepared = resigned(renewed, pki, another_one_time_key(renewed))
        answer = renewed.get_package()
        seen.observed(answer.status)
        assert answer.status == SUCCESS
        assert tlv.parse(answer.octets("boundProfilePackage")).get(0xBF23, 0x5F49).raw != before
    with step(
        "a new key of the card where the order is bound for good", expect=NO_NEW_BINDING, confidence="likely"
    ) as seen:
        once = session(may_rebind=False)
        once.to_package()
        once.to_client()
        once.prepare_download()
        once.prepared = resigned(once, pki, another_one_time_key(once))
        answer = once.get_package()
        seen.observed(answer.status)
        assert answer.status == NO_NEW_BINDING
    with step("an order that has expired", expect=ORDER_EXPIRED, confidence="likely") as seen:
        answer = session(expires=clock.utc() - timedelta(seconds=1)).to_client()
        seen.observed(answer.status)
        assert answer.status == ORDER_EXPIRED
