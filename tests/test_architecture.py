"""The rules that hold the house up, as far as the source shows them; `lint-imports` keeps the layers themselves."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from harness import resources
from harness.cli.verbs import VERBS
from harness.conformance.catalogue import read_suites
from harness.conformance.killmatrix import matrix
from harness.lab.file.configuration import read_lab
from harness.roles.eim.rules import CONFORMING as EIM
from harness.roles.ipa.rules import CONFORMING as IPA
from harness.roles.smdp.rules import CONFORMING as SMDP
from harness.roles.smds.rules import CONFORMING as SMDS
from harness.rules import Rules
from harness.simulators.defects import DEVICES, defects_for
from harness.simulators.euicc.conforming import CONFORMING as EUICC
from harness.simulators.module.rules import CONFORMING as MODULE

ROOT = Path(__file__).resolve().parent.parent
HARNESS = ROOT / "harness"
DEFECTS = HARNESS / "simulators" / "defects"

RULES: Mapping[str, tuple[Rules, str, str, tuple[str, ...]]] = {
    "euicc": (EUICC, "simulators/euicc", "conforming.py", ("psmo-", "eco-")),
    "ipa": (IPA, "roles/ipa", "rules.py", ()),
    "module": (MODULE, "simulators/module", "rules.py", ("AT",)),
    "eim": (EIM, "roles/eim", "rules.py", ()),
    "smdp": (SMDP, "roles/smdp", "rules.py", ()),
    "smds": (SMDS, "roles/smds", "rules.py", ()),
}
"""A device's table, where it is looked things up in, the file that writes it, and beginnings of names that a message gives."""


def modules() -> dict[str, Path]:
    found = {}
    for file in sorted(HARNESS.rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes(), str(file))


def strings(node: ast.AST) -> Iterator[str]:
    """Every string of the source that is no docstring."""
    prose = {id(inner.value) for inner in ast.walk(node) if isinstance(inner, ast.Expr)}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and id(inner) not in prose:
            yield inner.value


def imports(name: str, file: Path, known: Mapping[str, Path]) -> set[str]:
    """The modules of this house that a file imports, at whatever time."""
    found: set[str] = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {module for module in inner if module in known} or {node.module}
    return {module for module in found if module in known and module != name}


# Defects


def test_nothing_outside_their_folder_names_a_defect() -> None:
    names = set(chain.from_iterable(defects_for(device) for device in DEVICES))
    files = [file for file in HARNESS.rglob("*.py") if DEFECTS not in file.parents]
    named = {str(file.relative_to(ROOT)): sorted(names.intersection(strings(tree(file)))) for file in files}
    assert {file: found for file, found in named.items() if found} == {}


def test_suites_name_a_defect_only_to_claim_it() -> None:
    names = set(chain.from_iterable(defects_for(device) for device in DEVICES))
    for file in resources.path("suites").rglob("*.py"):
        for node in tree(file).body:
            body = node.body if isinstance(node, ast.FunctionDef) else []
            found = names.intersection(chain.from_iterable(strings(part) for part in body))
            assert not found, f"{file.name}: {found} in the body of a case"


def test_no_device_knows_that_defects_exist() -> None:
    folders = [HARNESS / part for part in ("roles", "simulators", "codec", "crypto", "profiles", "links")]
    for file in chain.from_iterable(folder.rglob("*.py") for folder in folders):
        if DEFECTS in file.parents:
            continue
        for node in ast.walk(tree(file)):
            words = [getattr(node, field, None) for field in ("id", "attr", "arg", "name", "module")]
            assert not any("defect" in word for word in words if isinstance(word, str)), f"{file}:{node}"


def test_every_case_claims_defects_that_exist_and_every_defect_is_claimed() -> None:
    entries = read_suites(resources.path("suites"))
    plan = matrix(read_lab(resources.path("lab-config/simulated.yaml")), entries)
    claimed = {(pair.device, pair.defect) for pair in plan.pairs}
    assert {(defect.device, defect.name) for defect in plan.defects} - claimed == set()
    assert {entry.case.identifier for entry in entries} - {pair.case for pair in plan.pairs} == set()


@pytest.mark.parametrize("device", RULES)
def test_every_rule_is_looked_up_and_every_name_looked_up_is_a_rule(device: str) -> None:
    rules, folder, table, given = RULES[device]
    asked: set[str] = set()
    for file in (HARNESS / folder).rglob("*.py"):
        if file.name == table:
            continue
        asked.update(strings(tree(file)))
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.Subscript) and "rules" in ast.unparse(node.value).lower():
                name = getattr(node.slice, "value", None)
                assert not isinstance(name, str) or name in rules, f"{file.name}:{node.lineno} asks for {name!r}"
    asked.update(strings(tree(HARNESS / "endpoints" / "eim.py")) if device == "eim" else ())
    assert {name for name in rules if name not in asked and not name.startswith(given or ("\0",))} == set()


# Imports


def test_no_module_imports_itself_around_a_corner() -> None:
    known = modules()
    arrows = {name: imports(name, file, known) for name, file in known.items()}
    # A package's __init__ is its face: what lies inside may be imported by it without being a circle.
    arrows = {name: {to for to in found if not name.startswith(f"{to}.")} for name, found in arrows.items()}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name not in done:
            for further in sorted(arrows[name]):
                visit(further, (*way, name))
            done.add(name)

    for name in arrows:
        visit(name, ())


def test_every_module_is_reached_from_a_verb_or_a_suite() -> None:
    known = modules()
    todo = ["harness.cli.__main__", *(f"harness.cli.{verb}" for verb in VERBS)]
    todo += [f"harness.simulators.defects.{device}" for device in DEVICES]
    for file in resources.path("suites").rglob("*.py"):
        todo += imports("", file, known)
    reached: set[str] = set()
    while todo:
        name = todo.pop()
        if name in reached:
            continue
        reached.add(name)
        todo += imports(name, known[name], known)
        # Started by name (`-m`, `module:function`) or as a file beside its starter; and a module brings its packages.
        for text in strings(tree(known[name])):
            beside = f"{name.rpartition('.')[0]}.{text.removesuffix('.py')}"
            todo += [said for said in (text.partition(":")[0], beside) if said in known]
        todo += [name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)]
    assert set(known) - reached == set()


def test_every_data_file_is_read_by_somebody() -> None:
    sources = [file for folder in ("harness", "suites", "tests", "reports") for file in (ROOT / folder).rglob("*.*")]
    texts = [file.read_text() for file in sources if file.suffix in {".py", ".j2"} and file != Path(__file__)]
    for folder in ("fixtures", "reports", "lab-config"):
        for file in filter(Path.is_file, (ROOT / folder).rglob("*")):
            assert any(file.stem in text for text in texts), f"nothing reads {file.relative_to(ROOT)}"


def test_what_is_imported_is_what_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *extras["pcsc"], *extras["rest"]]
    called = {"pyserial": "serial", "pyyaml": "yaml", "pyscard": "smartcard", "rpds-py": "rpds"}
    names = {re.split("[<>=]", entry)[0].lower() for entry in declared}
    found: set[str] = set()
    for file in chain(HARNESS.rglob("*.py"), resources.path("suites").rglob("*.py")):
        for node in ast.walk(tree(file)):
            found.update([alias.name for alias in node.names] if isinstance(node, ast.Import) else [])
            found.update([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
    inside = {"_pytest": "pytest"}  # what asserts ask is no public name of it
    roots = {name.partition(".")[0] for name in found} - sys.stdlib_module_names - {"harness", "tests"}
    assert {inside.get(root, root) for root in roots} == {called.get(name, name) for name in names}


@pytest.mark.parametrize("layer", ["roles", "simulators"])
def test_what_decides_moves_no_bytes_and_reads_no_clock(layer: str) -> None:
    moving = {
        "asyncio",
        "random",
        "requests",
        "secrets",
        "select",
        "serial",
        "smartcard",
        "socket",
        "ssl",
        "subprocess",
    }
    for file in (HARNESS / layer).rglob("*.py"):
        for node in ast.walk(tree(file)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & {*moving, "time"}, f"{file}:{node}"
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"now", "utcnow", "today"} or "datetime" not in ast.unparse(node.value), file


def test_the_command_line_comes_up_without_anything_heavy() -> None:
    heavy = ("asn1tools", "cryptography", "h11", "jinja2", "pytest", "rich", "serial", "smartcard", "yaml")
    said = f"import sys, harness.cli; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


# Waiting

PAUSES = {
    "harness/endpoints/pcscd_warden.py": "looks for pcscd's socket, within a deadline",
    "harness/lab/clock.py": "the real clock, asked to let time pass",
    "harness/lab/power/mains.py": "power stays away for the pause that the lab file names; a card boots, within a deadline",
    "harness/conformance/devices/module.py": "a module finds its SIM and its network, within a deadline",
    "harness/links/at.py": "a port that vanished comes back, within a deadline",
    "harness/links/at_card.py": "a SIM becomes ready, within a deadline",
}
"""Who may sleep, and for what: each has a deadline, and nobody who could tell it that the wait is over."""


def test_nobody_sleeps_where_an_event_can_be_waited_for() -> None:
    sleepers = set()
    for folder in ("harness", "suites", "tests"):
        for file in (ROOT / folder).rglob("*.py"):
            sources = [tree(file), *(_embedded(tree(file)) if folder == "tests" else ())]
            calls = (node for source in sources for node in ast.walk(source) if isinstance(node, ast.Call))
            if any(ast.unparse(call.func) in {"time.sleep", "sleep"} for call in calls):
                sleepers.add(str(file.relative_to(ROOT)))
    assert sleepers == set(PAUSES)


def _embedded(node: ast.AST) -> Iterator[ast.Module]:
    """The programs that a test carries as text."""
    for text in strings(node):
        if "import" in text and "\n" in text:
            try:
                yield ast.parse(text)
            except SyntaxError:
                continue


# Words

UNSAID = re.compile(
    r"/(?:[w]ork|[r]oot|[h]ome)/"  # folders of one machine
    r"|\b(?:[p]ypi\.org|files\.[p]ythonhosted|registry\.[n]pmjs|ghcr\.[i]o)"  # where packages come from
    r"|\b(?:[T]ODO|[F]IXME|[X]XX)\b"
    r"|\b(?:this|next|last|an earlier|a later) [s]ession's|\b[s]ub-?agent|\b(?:see|in|for) [i]ssue \d",
)


def test_no_tracked_file_speaks_of_where_or_how_it_was_made() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.decode().split("\0")):
        file = ROOT / name
        if not file.is_file():
            continue  # removed, and not yet committed
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            assert not UNSAID.search(line), f"{name}:{number}: {line.strip()[:100]}"
