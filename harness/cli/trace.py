"""`sgp32 trace`: the timeline of one case, decoded."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import run_argument


@click.command()
@run_argument
@click.argument("case")
@click.option("--slot", metavar="NAME", help="Only what this slot came to.")
@click.option("--link", metavar="NAME", help="Only what came over this link.")
@click.option("--no-redact", is_flag=True, help="Show EIDs, ICCIDs, IMSIs and keys.")
def command(run_dir: Path, case: str, slot: str | None, link: str | None, no_redact: bool) -> None:
    """Prints every step of CASE in the run directory RUN, with the decoded exchanges behind it."""
    from harness.reporting.trace import trace

    trace(run_dir, case, slot, link, redact=not no_redact)
