"""Answers about a module's own sockets that are none: they are the module's fault, whatever letters they hold."""

from __future__ import annotations

import pytest

from harness.errors import MalformedAnswer
from harness.links.at_grammar import AtAnswer
from harness.links.at_sockets.common import value


@pytest.mark.parametrize("said", ["", '""', '" "', "\xff", "1\xb2", '"10.0.0.1\xe9"'])
def test_what_no_command_can_repeat_is_malformed(said: str) -> None:
    answer = AtAnswer("AT+UDNSRN", (f"+UDNSRN: {said}",), "OK")
    with pytest.raises(MalformedAnswer):
        value(answer, "+UDNSRN")


def test_an_answer_without_the_line_is_malformed() -> None:
    with pytest.raises(MalformedAnswer):
        value(AtAnswer("AT+UDNSRN", (), "OK"), "+UDNSRN")
