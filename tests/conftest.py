"""What every test of the harness itself relies on."""

from __future__ import annotations

import signal

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
"""The same examples each time, on machines of any speed: a finding is a finding of the change under test."""
settings.load_profile("repeatable")

signal.signal(signal.SIGINT, signal.default_int_handler)
"""A shell's background job has it ignored, and so would every process that a test starts and ends by it."""
