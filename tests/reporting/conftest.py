from __future__ import annotations

from pathlib import Path

import pytest

from tests.reporting.synthetic import make_run


@pytest.fixture(scope="session")
def defective_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with one result of each verdict. Never written to by a test."""
    return make_run(tmp_path_factory.mktemp("defective") / "run")
