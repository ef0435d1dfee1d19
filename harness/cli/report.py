"""`sgp32 report`: renders a run directory."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import run_argument
from harness.reporting import DEFAULT_FORMATS, FORMATS, render


@click.command()
@run_argument
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    help=f"May be repeated. Without it: {', '.join(DEFAULT_FORMATS)}.",
)
@click.option("--no-redact", is_flag=True, help="Leave EIDs, ICCIDs, IMSIs and keys readable.")
def command(run_dir: Path, formats: tuple[str, ...], no_redact: bool) -> None:
    """Renders the run directory RUN: HTML, JUnit XML, Allure results, CSV."""
    html = render(run_dir, formats or DEFAULT_FORMATS, redact=not no_redact)
    click.echo(html if html is not None else run_dir)
