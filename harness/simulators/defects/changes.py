"""Ways to change a rule table, for writing defects as one line each."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from harness.rules import Rule, Rules

Change = Callable[[Rules], Rules]


def with_rule(name: str, rule: Rule) -> Change:
    """Replaces one rule."""
    return lambda rules: rules.replacing(name, rule)


def answering(name: str, value: Any) -> Change:
    """Replaces one rule by one that always comes to the same value."""
    return with_rule(name, lambda *_arguments: value)


def around(name: str, wrapper: Callable[..., Any]) -> Change:
    """Replaces one rule by `wrapper`, which is given the present rule before its arguments."""

    def change(rules: Rules) -> Rules:
        inner = rules[name]
        return rules.replacing(name, lambda *arguments: wrapper(inner, *arguments))

    return change


def doing_nothing(name: str) -> Change:
    """Wraps a rule that comes to a code and a new state: the code is told, and nothing is changed."""
    return around(name, lambda inner, *arguments: (inner(*arguments)[0], None))


def calling(name: str, code: int, becomes: int) -> Change:
    """Wraps a rule that comes to a code and a new state: one code stands in place of another."""

    def miscalled(inner: Rule, *arguments: Any) -> Any:
        came_to, state = inner(*arguments)
        return (becomes if came_to == code else came_to), state

    return around(name, miscalled)


def in_an_emergency_too(function: str) -> Change:
    """An emergency does not keep this function from being done."""
    return around("ecall-blocks", lambda inner, state, asked: asked != function and inner(state, asked))


def blind_to_sessions(name: str) -> Change:
    """Wraps a rule whose first argument is the card: it does not see a proactive session that is open."""

    def as_if_idle(inner: Rule, device: Any, *arguments: Any) -> Any:
        idle = copy(device)
        idle.rules = device.rules.replacing("cat-is-busy", lambda _device: False)
        return inner(idle, *arguments)

    return around(name, as_if_idle)


def all_of(*changes: Change) -> Change:
    """Several replacements that make one defect."""

    def change(rules: Rules) -> Rules:
        for each in changes:
            rules = each(rules)
        return rules

    return change
