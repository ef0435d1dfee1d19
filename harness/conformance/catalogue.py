"""All cases of the suites, read without importing them.

The declarations are literals, so the syntax tree has all there is to know. Listing the cases therefore costs no codec, no
pytest and no compiled schema, and a suite that does not even import can still be named with its file and line.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.conformance.case import Case, State, declare, first_line
from harness.errors import ConfigurationError, Fault


@dataclass(frozen=True, slots=True)
class Entry:
    """A case and where it is written."""

    case: Case
    file: Path
    line: int
    function: str


def read_suites(*roots: Path) -> tuple[Entry, ...]:
    """Every case under these files and folders, in the order of files and lines.

    Raises ConfigurationError with every declaration that is wrong and every identifier that is used twice.
    """
    faults: list[Fault] = []
    found: list[Entry] = []
    for file in _files(roots):
        found.extend(_read_file(file, faults))
    first: dict[str, Entry] = {}
    for entry in found:
        earlier = first.setdefault(entry.case.identifier, entry)
        if earlier is not entry:
            said = f"{entry.case.identifier} is declared already at {earlier.file}:{earlier.line}"
            faults.append(Fault(str(entry.file), entry.line, said, "one identifier is one case"))
    if faults:
        raise ConfigurationError(faults)
    return tuple(found)


def _files(roots: tuple[Path, ...]) -> list[Path]:
    files: dict[Path, None] = {}
    for root in roots:
        for file in sorted(root.rglob("test_*.py")) if root.is_dir() else [root]:
            files.setdefault(file.resolve())
    return list(files)


def _read_file(file: Path, faults: list[Fault]) -> Iterator[Entry]:
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except SyntaxError as problem:
        faults.append(Fault(str(file), problem.lineno or 0, f"is no Python: {problem.msg}"))
        return
    except OSError as problem:
        faults.append(Fault(str(file), 0, f"cannot be read: {problem.strerror}"))
        return
    names: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            try:
                names[node.targets[0].id] = _literal(node.value, names)
            except ValueError:
                continue  # no literal: it matters only if a declaration uses it
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and _is_named(decorator.func, "case"):
                try:
                    declared = _declared(node, decorator, names)
                except (ValueError, TypeError) as problem:
                    faults.append(Fault(str(file), decorator.lineno, str(problem)))
                else:
                    yield Entry(declared, file, node.lineno, node.name)


def _declared(function: ast.FunctionDef, call: ast.Call, names: Mapping[str, Any]) -> Case:
    if len(call.args) != 1:
        raise ValueError("@case takes the identifier, then keywords")
    arguments = {keyword.arg or "**": _literal(keyword.value, names) for keyword in call.keywords}
    return declare(
        _literal(call.args[0], names),
        title=first_line(ast.get_docstring(function)),
        fixtures=tuple(argument.arg for argument in function.args.args),
        **arguments,
    )


def _literal(node: ast.expr, names: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.Tuple):
        return tuple(_literal(element, names) for element in node.elts)
    if isinstance(node, ast.Call) and _is_named(node.func, "State"):
        positional = [_literal(argument, names) for argument in node.args]
        return State(*positional, **{keyword.arg or "**": _literal(keyword.value, names) for keyword in node.keywords})
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ValueError(f"line {node.lineno}: {ast.unparse(node)!r} is not a literal, as @case needs") from None


def _is_named(node: ast.expr, name: str) -> bool:
    return (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Attribute) and node.attr == name)
