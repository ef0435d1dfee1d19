"""The part of asn1tools that this codec needs, and no more.

Importing the package runs an `__init__` that imports all its codecs, two source generators and a shell: some 20 MB and 0.15 s
in every process of a run. Only its parser, its DER codec and its checkers are used here, so the package is entered
without running that file.
"""

from __future__ import annotations

import importlib.util
import sys


def enter() -> None:
    """Makes `asn1tools.parser` and `asn1tools.codecs` importable by themselves. Call it before importing either."""
    if "asn1tools" in sys.modules:
        return
    spec = importlib.util.find_spec("asn1tools")
    if spec is None:
        raise ModuleNotFoundError("asn1tools is not installed", name="asn1tools")
    sys.modules["asn1tools"] = importlib.util.module_from_spec(spec)
