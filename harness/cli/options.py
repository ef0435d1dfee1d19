"""Options that several verbs take, worded once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from harness import resources

Command = TypeVar("Command", bound=Callable[..., Any])


def lab_option(command: Command) -> Command:
    """--lab FILE, the simulated lab where nothing is said."""
    return click.option(
        "--lab",
        "lab_file",
        type=click.Path(path_type=Path, dir_okay=False),
        default=lambda: resources.path("lab-config/simulated.yaml"),
        show_default="lab-config/simulated.yaml",
        help="The lab file.",
    )(command)


def json_option(command: Command) -> Command:
    """--json."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")(command)


def run_argument(command: Command) -> Command:
    """RUN, a run directory."""
    return click.argument("run_dir", metavar="RUN", type=click.Path(path_type=Path, file_okay=False))(command)


def made(folder: Path) -> Path:
    """The folder, made where it is not there yet. Raises click.UsageError where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise click.UsageError(f"{folder} cannot be made: {fault.strerror}; name another folder with --out") from fault
    return folder
