"""The schema files, and what is kept of them between processes. What asn1tools makes of them is `compiled`'s business."""

from __future__ import annotations

import os
from pathlib import Path

_SCHEMAS = Path(__file__).with_name("schemas")

OPAQUE = frozenset({"Certificate", "CertificateList", "SubjectPublicKeyInfo", "UnknownFields"})
"""Types that are never taken apart: a value is the whole DER."""


def source(name: str) -> bytes:
    """The text of `schemas/NAME.asn`."""
    return (_SCHEMAS / f"{name}.asn").read_bytes()


def cache_folder() -> Path:
    """Where what was made of a schema is kept for the next process. It need not exist, nor be writable."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sgp32-harness"
