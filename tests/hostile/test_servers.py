"""The suites of eIM and SM-DP+ against servers that lie: a server is blamed, never the harness, and the run goes on."""

from __future__ import annotations

import pytest

from tests.hostile.running import Result, of, session, told
from tests.hostile.servers import ANY, JSON

RANDOM = ("octets-1", "octets-2", "structure-1", "structure-2")
FIELDS = tuple(f"fields-{seed}" for seed in range(6))
FORWARDED = "EI-018"
"""Looks at what the SM-DP+ behind the eIM got; an empty answer is a good one."""
BROKEN = (
    "500",
    "404",
    "302",
    "garbage",
    "huge",
    "html",
    "resets",
    "ends-at-once",
    "ends-in-the-head",
    "message-cut-in-half",
)


@pytest.fixture(scope="module")
def eim(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return session(tmp_path_factory.mktemp("eim"), "our-eim", [*ANY, *RANDOM])


@pytest.fixture(scope="module")
def smdp(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return session(tmp_path_factory.mktemp("smdp"), "our-smdp", [*ANY, *JSON, *RANDOM, *FIELDS])


@pytest.mark.parametrize("liar", [*ANY, *RANDOM])
def test_no_case_of_an_eim_is_our_error(eim: list[Result], liar: str) -> None:
    assert of(eim, liar)
    assert told(line for line in of(eim, liar) if line["verdict"] == "error") == []


@pytest.mark.parametrize("liar", [*ANY, *JSON, *RANDOM, *FIELDS])
def test_no_case_of_an_sm_dp_plus_is_our_error(smdp: list[Result], liar: str) -> None:
    assert of(smdp, liar)
    assert told(line for line in of(smdp, liar) if line["verdict"] == "error") == []


@pytest.mark.parametrize("liar", BROKEN)
def test_a_broken_server_passes_nothing_and_is_blamed(eim: list[Result], smdp: list[Result], liar: str) -> None:
    results = [line for line in of(eim, liar) if line["case"] != FORWARDED] + of(smdp, liar)
    assert told(line for line in results if line["verdict"] == "pass") == []
    assert {"fail", "inconclusive"} <= {line["verdict"] for line in results}


@pytest.mark.parametrize("liar", list(JSON))
def test_json_that_says_nothing_passes_nothing(smdp: list[Result], liar: str) -> None:
    assert told(line for line in of(smdp, liar) if line["verdict"] == "pass") == []


def test_the_truth_passes(eim: list[Result], smdp: list[Result]) -> None:
    results = of(eim, "truth") + of(smdp, "truth")
    assert told(line for line in results if line["verdict"] not in ("pass", "recorded")) == []
