"""What a case must not rely on: a step of lower confidence lets the case go on wherever it was left.

A name that is first bound inside such a step may never be bound, and reading it afterwards would be our error.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harness import resources

SUITES = sorted(resources.path("suites").rglob("test_*.py"))


def goes_on(node: ast.With) -> bool:
    """Whether this is a judging step below certain: `with step(…, confidence="likely")`."""
    for item in node.items:
        call = item.context_expr
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "step":
            words = {word.arg: getattr(word.value, "value", None) for word in call.keywords}
            if words.get("confidence") in ("likely", "unsure") and not words.get("precondition"):
                return True
    return False


def names(node: ast.AST, kind: type[ast.expr_context]) -> set[str]:
    """The names so used in `node`; what a comprehension counts with is its own."""
    own = {
        id(name)
        for found in ast.walk(node)
        if isinstance(found, ast.comprehension)
        for name in ast.walk(found.target)
        if isinstance(name, ast.Name)
    }
    return {
        found.id
        for found in ast.walk(node)
        if isinstance(found, ast.Name) and isinstance(found.ctx, kind) and id(found) not in own
    }


def read_unbound(function: ast.FunctionDef) -> list[str]:
    """Names that a step which goes on may leave unbound and that a later line reads first."""
    found = []
    for step in (node for node in ast.walk(function) if isinstance(node, ast.With) and goes_on(node)):
        inside = set().union(*(names(line, ast.Store) for line in step.body))
        for name in inside:
            uses = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name]
            bound_before = [use for use in uses if isinstance(use.ctx, ast.Store) and use.lineno < step.lineno]
            later = sorted(
                (use for use in uses if use.lineno > (step.end_lineno or 0)),
                key=lambda use: (use.lineno, use.col_offset),
            )
            if later and isinstance(later[0].ctx, ast.Load) and not bound_before:
                found.append(f"line {later[0].lineno}: {name}")
    return found


@pytest.mark.parametrize("file", SUITES, ids=lambda file: Path(file).stem)
def test_nothing_is_read_that_a_step_may_leave_unbound(file: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)]
    assert [fault for function in functions for fault in read_unbound(function)] == []
