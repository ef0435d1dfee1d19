"""The card's defects: each changes the rule table, and leaves a card that is otherwise alive."""

from __future__ import annotations

import pytest

from harness.simulators.defects import broken, defects_for
from harness.simulators.euicc import CONFORMING, es10
from harness.simulators.euicc.card import INSTRUCTIONS
from harness.simulators.euicc.es10.authentication import CHECKS as SERVER_CHECKS
from harness.simulators.euicc.es10.package import ECOS, PSMOS
from harness.simulators.euicc.es10.packages import CHECKS
from tests.simulators.euicc.conftest import Maker

DEFECTS = sorted(defects_for("euicc"))


def test_every_name_the_card_looks_up_by_table_is_a_rule() -> None:
    wanted = {*INSTRUCTIONS.values(), *es10.FUNCTIONS.values(), *PSMOS.values(), *ECOS.values()}
    wanted |= {name for name, _ in (*CHECKS, *SERVER_CHECKS)}
    assert wanted <= set(CONFORMING)


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_replaces_rules_and_leaves_the_card_alive(make_bench: Maker, name: str) -> None:
    rules = broken(CONFORMING, "euicc", [name])
    changed = [rule for rule in CONFORMING if rules[rule] is not CONFORMING[rule]]
    assert set(rules) == set(CONFORMING)
    assert changed
    bench = make_bench(rules=rules)
    assert bench.terminal.es10("BF3E035C015A").tag == 0xBF3E
    assert bench.terminal.es10("BF2000").tag == 0xBF20
    assert defects_for("euicc")[name].summary.endswith(".")
