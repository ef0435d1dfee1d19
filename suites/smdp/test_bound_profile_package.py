"""Packages of our SM-DP+ on cards that others made. SGP.22 v2.5 §2.5 (profile protection and delivery), annex G.

Each card agrees keys with an ephemeral key of its own on a curve of its choice, so that only a card shows whether a package
was bound rightly. What our simulated card opens, a real one must open too.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.stepwise import StepwiseDownload, only_ci
from harness.conformance.servers.es9 import Es9Download
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import Smdp

KEYS = {False: "the session's keys", True: "keys of the profile's own"}


@case(
    "DP-010",
    clause="SGP.22 v2.5 §2.5.4, §2.5.5",
    area="smdp",
    confidence="likely",
    catches="goes-on-under-session-keys",
)
def test_package_on_the_card(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A package bound for the card's own one-time key loads on it, under session keys and under profile keys."""
    for replaces_keys, profile in zip(KEYS, (profiles["operational-a"], profiles["operational-b"]), strict=True):
        session = StepwiseDownload(euicc, smdp, profile, clock, replaces_keys=replaces_keys)
        with step(f"a package under {KEYS[replaces_keys]}", expect="the profile is installed") as seen:
            answer = euicc.load_bound_profile_package(session.up_to_package())
            seen.observed(answer.raw)
            assert answer.is_success
            assert answer.iccid == profile.iccid


@case(
    "DP-014",
    clause="SGP.22 v2.5 §2.5.4, §2.5.5",
    area="smdp",
    catches=("swaps-profile-keys", "counts-encrypted-segments-only", "signs-without-the-euicc-key"),
)
def test_package_on_each_curve(
    es9: ServerUnderTest,
    card: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """A package opens on every curve that the eUICC and the SM-DP+ have, under session keys and under profile keys."""
    info1 = card.get_euicc_info1()
    left = [profiles[name] for name in ("operational-a", "operational-b", "bootstrap", "test")]
    for ci_id in info1.ci_ids_for_signing:
        for replaces_keys, keys in KEYS.items():
            profile = left.pop()
            order = smdp.order(profile, replaces_keys=replaces_keys)
            session = Es9Download(es9, card, smdp.identity.address, order.matching_id)
            with step(f"under {keys}, with CI {ci_id.hex()[:8]}", expect="the profile is installed") as seen:
                assert session.initiate(euicc_info1=only_ci(info1.raw, ci_id)).is_success
                session.authenticate_server()
                assert session.authenticate_client().is_success
                session.prepare_download()
                package = session.get_package().octets("boundProfilePackage")
                has_keys = tlv.parse(package).find(0xA2) is not None
                answer = card.load_bound_profile_package(package)
                seen.observed(answer.raw)
                assert has_keys is replaces_keys
                assert answer.is_success
                assert answer.iccid == profile.iccid
