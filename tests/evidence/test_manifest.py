"""A change of any file of a run shows."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.evidence.manifest import check_manifest, write_manifest


def test_every_file_is_listed_with_its_digest(tmp_path: Path) -> None:
    (tmp_path / "slots" / "card").mkdir(parents=True)
    (tmp_path / "run.json").write_bytes(b"{}")
    (tmp_path / "slots" / "card" / "events.jsonl").write_bytes(b"abc")
    files = json.loads(write_manifest(tmp_path).read_bytes())["files"]
    assert files["slots/card/events.jsonl"] == {"sha256": hashlib.sha256(b"abc").hexdigest(), "size": 3}
    assert set(files) == {"run.json", "slots/card/events.jsonl"}
    assert check_manifest(tmp_path).intact


def test_changed_missing_and_later_files_are_told_apart(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    write_manifest(tmp_path)
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").unlink()
    (tmp_path / "d").write_text("d")
    findings = check_manifest(tmp_path)
    assert (findings.changed, findings.missing, findings.unlisted) == (("a",), ("b",), ("d",))
    assert not findings.intact


@pytest.mark.parametrize("content", ["", "[]", '{"files": [1]}', '{"files": {"a": 1}}'])
def test_an_unreadable_manifest_is_a_usage_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ConfigurationError, match="no readable manifest"):
        check_manifest(tmp_path)


def test_a_missing_manifest_is_told_from_a_missing_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no run directory"):
        check_manifest(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="has no manifest"):
        check_manifest(tmp_path)
