"""Options that several verbs take, worded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness import resources
from harness.errors import ConfigurationError, Fault
from harness.nodes import meant

if TYPE_CHECKING:
    from harness.lab.file.configuration import Lab

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


def known_slots(lab: Lab, names: Sequence[str]) -> None:
    """Raises ConfigurationError for each name that no slot of the lab has."""
    unknown = [name for name in names if name not in lab.slots]
    if unknown:
        known = list(lab.slots)
        raise ConfigurationError(
            [Fault(str(lab.file), 0, f"no slot is called {name!r}", meant(name, known)) for name in unknown]
        )


def written(text: str, out: Path | None) -> None:
    """Writes text to a file, or on standard output where none is named. Raises click.UsageError where it cannot be."""
    if out is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    try:
        out.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
    except OSError as fault:
        raise click.UsageError(f"{out} cannot be written: {fault.strerror}; name another file with --out") from fault
