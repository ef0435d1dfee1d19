"""Bound profile packages made to measure: what a case does not change is what the SM-DP+ sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness import resources
from harness.codec import tlv
from harness.conformance.adversaries.tampering import with_segment
from harness.conformance.case import State
from harness.conformance.ours.bound import SEQUENCE_OF_86, Bound
from harness.conformance.ours.parties import Parties, euicc_over
from harness.conformance.ours.stepwise import StepwiseDownload
from harness.lab.benches.cards import conforming_card
from harness.lab.file.configuration import read_lab
from harness.lab.rack import Rack
from harness.links.memory import MemoryLink
from harness.simulators.euicc import CardConfig

SECURE_CHANNEL = 0xBF23


@pytest.fixture(scope="module")
def rack() -> Iterator[Rack]:
    with Rack(read_lab(resources.path("lab-config/simulated.yaml")), seed=1) as rack:
        yield rack


@pytest.fixture
def session(rack: Rack) -> StepwiseDownload:
    parties = Parties(rack, "test", State())
    euicc = euicc_over(MemoryLink(conforming_card(rack, CardConfig())), parties)
    return StepwiseDownload(euicc, parties.smdp, parties.profiles["operational-a"], rack.clock)


def test_without_a_change_it_is_the_package_of_the_smdp(session: StepwiseDownload) -> None:
    package = session.up_to_package()
    assert Bound.of(session).package() == package
    assert Bound.of(session).package_for() == package


def test_a_changed_operation_leaves_the_segments(session: StepwiseDownload) -> None:
    package, made = tlv.parse(session.up_to_package()), Bound.of(session)
    changed = tlv.parse(made.package_for(remote_operation=b"\x02"))
    assert changed.get(SECURE_CHANNEL, 0x82).value == b"\x02"
    assert [part.raw for part in changed.children[1:]] == [part.raw for part in package.children[1:]]


def test_changed_contents_are_protected_like_the_true_ones(session: StepwiseDownload) -> None:
    session.up_to_package()
    made = Bound.of(session)
    answer = session.euicc.load_bound_profile_package(made.package(elements=made.contents.elements[:-1]))
    assert (answer.command_id, answer.error_reason) == (5, 12)


def test_a_segment_is_put_in_the_place_of_another(session: StepwiseDownload) -> None:
    package = tlv.parse(session.up_to_package())
    changed = tlv.parse(with_segment(package.raw, SEQUENCE_OF_86, b"\x86\x00"))
    assert changed.children[-1].children[-1].raw == b"\x86\x00"
    kept = [[part.raw for part in one.children[-1].children[:-1]] for one in (changed, package)]
    assert kept[0] == kept[1]


def test_a_retry_is_about_the_same_order(session: StepwiseDownload) -> None:
    session.retries = True
    first, second = session.up_to_package(), session.up_to_package()
    assert len(session.smdp.orders) == 1
    sequences = [[part.raw for part in tlv.parse(package).children[1:]] for package in (first, second)]
    assert sequences[0] == sequences[1]
