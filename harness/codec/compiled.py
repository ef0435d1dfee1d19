"""The schemas, compiled by asn1tools with its known faults corrected, and kept compiled between runs.

What is corrected here:
- a wrong tag inside a SEQUENCE OF makes the library's DER decoder loop for ever; here it is an error;
- named bit strings are written without trailing zero bits (X.690 §11.2.2);
- certificates and public keys are opaque: their value is the whole DER, whatever tag the field carries on the wire.
A second fault, a tag on an already tagged CHOICE written twice, cannot arise: the schemas name such alternatives apart.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.codec import library, schema_files


@cache
def schema(name: str) -> Mapping[str, Any]:
    """The compiled types of the schema `schemas/NAME.asn`, by name: what asn1tools makes of each."""
    library.enter()
    source = schema_files.source(name)
    kept = _cache_file(name, source)
    found: Mapping[str, Any] | None = _load(kept)
    if found is None:
        found = _compile(source.decode())
        _keep(kept, found)
    return found


def _compile(source: str) -> dict[str, Any]:
    from asn1tools.codecs import constraints_checker, type_checker
    from asn1tools.parser import parse_string

    from harness.codec.corrected import CorrectedCompiler

    parsed = parse_string(source)
    ((module, types),) = CorrectedCompiler(parsed).process().items()
    type_checkers = type_checker.compile_dict(parsed, False)[module]
    constraints_checkers = constraints_checker.compile_dict(parsed, False)[module]
    for name, compiled in types.items():
        compiled.type_checker = type_checkers[name]
        compiled.constraints_checker = constraints_checkers[name]
    return dict(types)


def _cache_file(name: str, source: bytes) -> Path:
    ours = [Path(__file__).with_name(file).read_bytes() for file in ("compiled.py", "corrected.py", "schema_files.py")]
    key = hashlib.sha256(b"\0".join([source, *ours, version("asn1tools").encode(), sys.version.encode()]))
    return schema_files.cache_folder() / f"{name}-{key.hexdigest()[:20]}.pickle"


def _load(kept: Path) -> Any:
    """The kept schema, or None: only a file of our own that nobody else may write is ever unpickled."""
    try:
        status = kept.stat()
        if status.st_uid != os.getuid() or status.st_mode & 0o022:
            return None
        return pickle.loads(kept.read_bytes())
    except (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError):
        return None


def _keep(kept: Path, compiled: Any) -> None:
    """Keeps the schema for the next process; a home that cannot be written only costs the time to compile again."""
    partial = kept.with_suffix(f".{os.getpid()}")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.write_bytes(pickle.dumps(compiled))
        partial.chmod(0o600)
        partial.replace(kept)
    except OSError:
        partial.unlink(missing_ok=True)
