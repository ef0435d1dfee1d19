"""`sgp32 lab subscribers`: the subscribers of our fixture profiles, for the core network of a lab."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import written


@click.command()
@click.option("--form", type=click.Choice(["csv", "open5gs"]), default="csv", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it here; else on standard output.")
def subscribers(form: str, out: Path | None) -> int:
    """Writes the subscribers of the fixture profiles: as CSV, or as documents for the database of Open5GS.

    The keys are those of the fixtures, which protect nothing. Into Open5GS:
    `mongoimport --db open5gs --collection subscribers --jsonArray --mode upsert --upsertFields imsi --file FILE`.
    """
    from harness import resources
    from harness.profiles import load_profiles
    from harness.profiles.subscribers import as_csv, as_open5gs, subscribers_of

    found = subscribers_of(load_profiles(resources.path("fixtures/profiles")))
    written(as_csv(found) if form == "csv" else as_open5gs(found), out)
    return 0
