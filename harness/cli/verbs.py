"""The verbs and the modules they live in, loaded one at a time."""

from __future__ import annotations

from importlib import import_module

import click

VERBS = {
    "run": "runs the applicable cases on the slots of a lab",
    "plan": "lists the cases, and why each applies or not",
    "report": "renders a run directory",
    "verify": "checks that a run directory is what the run left",
    "trace": "prints the timeline of one case, decoded",
    "selftest": "shows that each case catches the defect it claims",
    "lab": "looks at what is plugged in",
    "serve": "serves one simulated device or reference role for bench work",
}
"""Each verb with its help line; the module `harness.cli.VERB` holds the command `command`."""


class Verbs(click.Group):
    """A group that imports a verb when it is called, and only then."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb, in the order of VERBS."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command; None for an unknown one."""
        if cmd_name not in VERBS:
            return None
        command = import_module(f"harness.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs from VERBS, so that help imports none of them."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))
