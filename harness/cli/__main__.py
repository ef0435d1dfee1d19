"""`python -m harness.cli`: the same as `sgp32`."""

from harness.cli import main

main()
