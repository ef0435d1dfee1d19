"""Where the suites, fixtures, report templates and lab files are: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IN_WHEEL = _PACKAGE / "data"


def root() -> Path:
    """The folder that holds `suites`, `fixtures`, `reports` and `lab-config`."""
    return _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent


def path(name: str) -> Path:
    """A shipped file or folder, e.g. `path("lab-config/simulated.yaml")`. It need not exist."""
    return root() / name
