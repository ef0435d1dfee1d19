"""The real data that the tests follow where it is at hand: the folder that SGP32_TEST_DATA names."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness import resources


def folder(name: str) -> Path:
    """A folder of the real data; skips the test where there is none."""
    root = os.environ.get("SGP32_TEST_DATA")
    if not root:
        pytest.skip(f"SGP32_TEST_DATA is not set: no {name}")
    return Path(root) / name


def capture(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder("captures") / f"{name}.json").read_text())
    return content


def vector(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(resources.path(f"fixtures/vectors/{name}.json").read_text())
    return content


def openssl(*arguments: str, stdin: bytes = b"", check: bool = True) -> bytes:
    """What the openssl command prints; its complaints too where `check` is off."""
    done = subprocess.run(("openssl", *arguments), input=stdin, capture_output=True, check=check, timeout=20)
    return done.stdout if check else done.stdout + done.stderr
