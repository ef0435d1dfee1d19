"""Where the suites, fixtures, report templates and lab files are: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent


def root() -> Path:
    """The folder that holds `suites`, `fixtures`, `reports` and `lab-config`."""
    return _CHECKOUT if (_CHECKOUT / "suites").is_dir() else _PACKAGE / "data"


def path(name: str) -> Path:
    """A shipped file or folder, e.g. `path("lab-config/simulated.yaml")`. It need not exist."""
    return root() / name
