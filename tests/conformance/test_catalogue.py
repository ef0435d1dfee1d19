"""Reading suites without importing them, and the declaration that both ways of reading must agree on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.conformance.case import MARK, Confidence, State, case
from harness.conformance.catalogue import read_suites
from harness.errors import ConfigurationError

SOUND = '''
"""A suite."""
import a_module_that_does_not_exist
from harness.conformance import State, case

READY = State(eims=1, profiles=("operational-a",), enabled="operational-a")


@case("EU-900", clause="SGP.32 v1.2 §1", area="euicc", catches="lies-about-eid")
def test_first(euicc, step):
    """The rule in
    our own words.

    More about it.
    """


@case("EU-901", clause="SGP.32 " "v1.2 §2", area="security", confidence="likely", needs=READY,
      catches=("one", "two"), links=("memory", "pcsc"))
def test_second(euicc, eim, step):
    """Another rule."""


def test_helper_that_is_no_case():
    pass
'''


def suite(folder: Path, text: str, name: str = "test_suite.py") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_cases_are_read_from_the_source_alone(tmp_path: Path) -> None:
    file = suite(tmp_path, SOUND)
    first, second = read_suites(tmp_path)
    assert (first.case.identifier, first.function, first.file, first.line) == ("EU-900", "test_first", file, 10)
    assert first.case.title == "The rule in our own words."
    assert first.case.fixtures == ("euicc", "step")
    assert first.case.needs == State()
    assert second.case.clause == "SGP.32 v1.2 §2"
    assert second.case.confidence is Confidence.LIKELY
    assert second.case.needs == State(1, ("operational-a",), "operational-a")
    assert second.case.catches == ("one", "two")
    assert second.case.links == ("memory", "pcsc")


def test_listing_cases_loads_no_codec() -> None:
    assert "a_module_that_does_not_exist" not in sys.modules


def test_the_decorator_declares_the_same() -> None:
    @case("EU-900", clause="SGP.32 v1.2 §1", area="euicc", catches="lies-about-eid")
    def test_first(euicc: object, step: object) -> None:
        """The rule in
        our own words.

        More about it.
        """

    declared = getattr(test_first, MARK)
    assert declared.title == "The rule in our own words."
    assert declared.fixtures == ("euicc", "step")
    assert declared.catches == ("lies-about-eid",)


def test_every_wrong_declaration_is_told_at_once(tmp_path: Path) -> None:
    suite(
        tmp_path,
        '''
from harness.conformance import State, case
@case("EU-1", clause="c", area="euicc", catches="x")
def test_a(euicc, step):
    """Title."""
@case("EU-902", clause="c", area="euicc", catches=())
def test_b(euicc, step):
    """Title."""
@case("EU-903", clause="c", area="euicc", catches="x")
def test_c(euicc, step):
    pass
@case("EU-904", clause="c", area="euicc", catches=compute())
def test_d(euicc, step):
    """Title."""
@case("EU-905", clause="c", area="euicc", catches="x", needs=State(enabled="a"))
def test_e(euicc, step):
    """Title."""
@case("EU-906", clause="c", area="euicc", catches="x", confidence="surely")
def test_f(euicc, step):
    """Title."""
@case("EU-907", clause="c", area="euicc", catches="x")
def test_g(euicc, step):
    """Title."""
@case("EU-907", clause="c", area="euicc", catches="x")
def test_h(euicc, step):
    """Title."""
''',
    )
    with pytest.raises(ConfigurationError) as caught:
        read_suites(tmp_path)
    assert [fault.line for fault in caught.value.faults] == [3, 6, 9, 12, 15, 18, 25]


def test_a_suite_that_is_no_python_is_told_with_its_line(tmp_path: Path) -> None:
    file = suite(tmp_path, "def test_x(:\n    pass\n")
    with pytest.raises(ConfigurationError) as caught:
        read_suites(file)
    assert caught.value.faults[0].line == 1
