"""What of asn1tools a process carries."""

from __future__ import annotations

import subprocess
import sys

DECODE = """
import sys
from harness import codec
codec.decode("EimAcknowledgements", bytes.fromhex("bf5303800107"))
codec.encode("EimAcknowledgements", [7])
print(*sorted(name for name in sys.modules if name.startswith("asn1tools.")))
"""


def test_only_what_der_needs_is_imported() -> None:
    """The other codecs and the package's own imports would cost every process of a run 20 MB."""
    done = subprocess.run([sys.executable, "-c", DECODE], capture_output=True, text=True, check=True)
    imported = done.stdout.split()
    assert "asn1tools.codecs.der" in imported
    assert {"asn1tools.compiler", "asn1tools.codecs.per", "asn1tools.source"}.isdisjoint(imported)
