"""The command line: `sgp32 VERB`. One file a verb, loaded when it is called.

Rules of this room:
- Nothing heavy is imported before it is needed: `sgp32 --help` must feel instant.
- A verb ends with an exit status of `conformance.outcome.ExitStatus`; every error says what happened, where, and what to
  try next, and never shows a traceback for what a person can put right.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import click

from harness.cli.verbs import VERBS, Verbs
from harness.errors import ConfigurationError, HarnessError, LabFault

USAGE, LAB, HARNESS, INTERRUPTED, UNREAD = 2, 3, 4, 130, 141
"""Statuses of any verb; UNREAD as a shell has it of a program whose output nobody reads to its end."""


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="sgp32-harness", prog_name="sgp32")
def sgp32() -> None:
    """Conformance harness for GSMA SGP.32 (eSIM for IoT): eUICC, module, IPA, eIM and SM-DP+.

    With nothing plugged in, `sgp32 run` judges simulated hardware.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a verb and leaves with its exit status."""
    sys.exit(status_of(arguments))


def status_of(arguments: Sequence[str] | None = None) -> int:
    """Runs a verb; what a person should know of an error is on standard error."""
    try:
        status = sgp32.main(args=None if arguments is None else list(arguments), standalone_mode=False)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except SystemExit:  # click and rich end so where the pipe behind them is shut: with 1, which would blame a device
        return UNREAD
    except click.ClickException as problem:
        problem.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except ConfigurationError as problem:
        for fault in problem.faults:
            click.echo(f"error: {fault}", err=True)
        return USAGE
    except HarnessError as problem:
        click.echo(f"error: {problem}", err=True)
        if problem.hint:
            click.echo(f"  try: {problem.hint}", err=True)
        return LAB if isinstance(problem, LabFault) else HARNESS
    except Exception:
        traceback.print_exc()
        click.echo("error: this is a fault of the harness, and says nothing about a device", err=True)
        return HARNESS
    return status if isinstance(status, int) else 0


__all__ = ["VERBS", "main", "sgp32", "status_of"]
