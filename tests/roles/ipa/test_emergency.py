"""During an emergency call an IPA tells an eIM nothing of its card."""

from __future__ import annotations

from dataclasses import dataclass

from harness.codec import tlv
from harness.roles.ipa.data import emergency_is_active
from tests.roles.ipa.world import World


@dataclass
class Listed:
    is_enabled: bool
    ecall_indication: bool | None
    fallback_attribute: bool = False


class Listing:
    """A card as far as it lists profiles."""

    def __init__(self, *profiles: Listed) -> None:
        self._profiles = profiles

    def get_profiles_info(self) -> tuple[Listed, ...]:
        return self._profiles


def test_an_emergency_is_an_enabled_emergency_profile() -> None:
    assert emergency_is_active(Listing(Listed(False, None), Listed(True, True)))  # type: ignore[arg-type]
    assert not emergency_is_active(Listing(Listed(True, None), Listed(False, True)))  # type: ignore[arg-type]


def test_a_data_request_is_refused() -> None:
    world = World()
    world.es10.get_profiles_info = lambda: (Listed(True, True),)  # type: ignore[method-assign, assignment, return-value]
    transaction = world.eim.queue_data_request(tags=(0xBF22,))
    world.wake()
    [message] = world.network.messages("BF50")
    error = tlv.parse(message).get(0xBF52, 0xA1)
    assert error.get(0x80).value == transaction
    assert error.get(0x02).value == bytes([104])
