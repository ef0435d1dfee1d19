"""Every message type, pinned against octets built tag by tag and against a second compiler."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness import codec
from harness.codec import compiled
from tests.codec.messages import EVERY, FROM_EIM, FROM_IPA, Example

IDS = [f"{example[0]} {example[1]}".strip() for example in EVERY]
SCHEMAS = Path(compiled.__file__).with_name("schemas")


@pytest.mark.parametrize("example", EVERY, ids=IDS)
def test_value_and_octets_belong_together(example: Example) -> None:
    type_name, _, value, octets = example
    assert codec.encode(type_name, value).hex() == octets.hex()
    assert codec.encode(type_name, codec.decode(type_name, octets)).hex() == octets.hex()
    assert codec.findings(type_name, octets) == []


@pytest.mark.parametrize(
    "choice",
    [FROM_IPA, FROM_EIM, "RemoteProfileProvisioningRequest", "RemoteProfileProvisioningResponse", "Psmo", "Eco"],
)
def test_every_alternative_has_an_example(choice: str) -> None:
    source = (SCHEMAS / "sgp32-v1.2.asn").read_text()
    body = re.search(rf"^{choice} ::= .*?CHOICE \{{\n(.*?)^\}}", source, re.M | re.S)
    assert body is not None
    alternatives = set(re.findall(r"^    (\w+) ", body.group(1), re.M))
    assert alternatives
    text = repr([value for _, _, value, _ in EVERY])
    assert {name for name in alternatives if f"('{name}'," not in text} == set()


@contextmanager
def compiled_again(folder: Path, *names: str) -> Iterator[Any]:
    """Our schemas compiled by pycrate, which has never seen asn1tools; opaque types get their real structure there."""
    from pycrate_asn1c.asnproc import GLOBAL, PycrateGenerator, compile_text, generate_modules

    algorithm = "SEQUENCE { id OBJECT IDENTIFIER }"
    opaque = f"SEQUENCE {{ tbs SEQUENCE {{ serial INTEGER }}, algorithm {algorithm}, signature BIT STRING }}"
    key = f"SEQUENCE {{ algorithm {algorithm}, subjectPublicKey BIT STRING }}"
    texts = []
    for name in names:
        text = (SCHEMAS / f"{name}.asn").read_text()
        text = re.sub(r"^(Certificate|CertificateList) ::= .*$", rf"\1 ::= {opaque}", text, flags=re.M)
        texts.append(re.sub(r"^SubjectPublicKeyInfo ::= .*$", f"SubjectPublicKeyInfo ::= {key}", text, flags=re.M))
    GLOBAL.clear()
    compile_text(texts)
    target = folder / "second_compiler.py"
    generate_modules(PycrateGenerator, str(target))
    spec = importlib.util.spec_from_file_location("second_compiler", target)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["second_compiler"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["second_compiler"]


@pytest.fixture(scope="module")
def second_compiler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The schemas of v1.2 and of profile packages."""
    with compiled_again(tmp_path_factory.mktemp("pycrate"), "sgp32-v1.2", "profile-package") as module:
        yield module


def in_pycrate_form(kind: Any, value: Any) -> Any:
    """A value of ours as pycrate wants it: bit strings and identifiers as numbers, opaque DER taken apart."""
    if kind.TYPE == "SEQUENCE" and isinstance(value, bytes):
        bits = codec.tlv.parse(value).children[-1].value
        fixed = {"tbs": {"serial": 5}, "algorithm": {"id": (1, 2, 3)}}
        number = (int.from_bytes(bits[1:], "big"), 8 * len(bits) - 8)
        return {name: fixed.get(name, number) for name in kind._cont}
    if kind.TYPE == "SEQUENCE":
        return {name: in_pycrate_form(kind._cont[name], item) for name, item in value.items()}
    if kind.TYPE == "SEQUENCE OF":
        return [in_pycrate_form(kind._cont, item) for item in value]
    if kind.TYPE == "CHOICE":
        return (value[0], in_pycrate_form(kind._cont[value[0]], value[1]))
    if kind.TYPE == "BIT STRING":
        octets, count = value
        return (int.from_bytes(octets, "big") >> (8 * len(octets) - count), count)
    if kind.TYPE == "OBJECT IDENTIFIER":
        return tuple(int(arc) for arc in value.split("."))
    return 0 if kind.TYPE == "NULL" else value


def pycrate_type(module: Any, name: str) -> Any:
    attribute = name.replace("-", "_")
    return next(getattr(owner, attribute) for owner in vars(module).values() if hasattr(owner, attribute))


@pytest.mark.parametrize("example", EVERY, ids=IDS)
def test_a_second_compiler_writes_the_same(second_compiler: Any, example: Example) -> None:
    type_name, _, value, octets = example
    kind = pycrate_type(second_compiler, type_name)
    kind.set_val(in_pycrate_form(kind, value))
    assert kind.to_der().hex() == octets.hex()
