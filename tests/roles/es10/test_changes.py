"""The IPA's own changes of profile: what goes to the card, and the code that comes back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.roles.es10 import Es10
from tests.roles.es10.card import ScriptedCard

CHANGES = (
    (Es10.immediate_enable, "BF5A"),
    (Es10.enable_emergency_profile, "BF5B"),
    (Es10.disable_emergency_profile, "BF5C"),
    (Es10.execute_fallback, "BF5D"),
    (Es10.return_from_fallback, "BF5E"),
)


@pytest.mark.parametrize(("change", "tag"), CHANGES, ids=[tag for _, tag in CHANGES])
def test_the_flag_goes_and_the_code_comes(change: Callable[[Es10, bool], int], tag: str) -> None:
    requests: list[str] = []

    def reply(request: bytes) -> bytes:
        requests.append(request.hex().upper())
        return bytes.fromhex(f"{tag}03800105")

    es10 = Es10(ScriptedCard(reply))
    assert [change(es10, True), change(es10, False)] == [5, 5]
    assert requests == [f"{tag}038001FF", f"{tag}03800100"]
