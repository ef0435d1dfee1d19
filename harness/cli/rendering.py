"""`python -m harness.cli.rendering RUN`: the verb `report` in a process of its own.

A report needs the whole record in memory. So what it took is given back when it is written, and the parent of a run stays as
small as it was. The process ends with its parent: when its standard input is closed.
"""

from __future__ import annotations

import _thread
import os
import subprocess
import sys
import threading
from pathlib import Path

import click

from harness.cli import status_of


def rendered_apart(run_dir: Path) -> Path:
    """Renders the reports of a run; the path of the HTML report. Ends the verb as that process ended, which told why."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__, str(run_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is the parent's to hear
    ) as child:
        status = child.wait()
    if status:
        raise click.exceptions.Exit(status)
    return run_dir / "report.html"


def main() -> int:
    """Renders the run that the command line names."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    return status_of(["report", sys.argv[1]])


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    _thread.interrupt_main()


if __name__ == "__main__":
    sys.exit(main())
