"""`sgp32 verify`: whether a run directory is still what the run left."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from harness.cli.options import json_option, run_argument
from harness.evidence.manifest import check_manifest


@click.command()
@run_argument
@json_option
def command(run_dir: Path, as_json: bool) -> int:
    """Compares the run directory RUN with its manifest. Exit status 1 if a file was changed or is missing."""
    found = check_manifest(run_dir)
    if as_json:
        click.echo(json.dumps({"intact": found.intact, **asdict(found)}, indent=1))
    else:
        for word, names in asdict(found).items():
            for name in names:
                click.echo(f"{word}: {name}")
        click.echo("intact" if found.intact else "not what the run left")
    return 0 if found.intact else 1
