"""What sits in a slot, and how its defects are named."""

from __future__ import annotations

from collections import Counter

from harness.lab.file.device import BREAKABLE, defects_of, qualified
from harness.simulators.defects import defects_for


def test_the_devices_of_a_module_share_no_defect_name() -> None:
    """A module's process is told plain names: one that two of its devices share would break both."""
    names = Counter(name for device in BREAKABLE["module"] for name in defects_for(device))
    assert [name for name, count in names.items() if count > 1] == []


def test_qualified_names_come_apart_again() -> None:
    names = (qualified("euicc", "a-b"), qualified("ipa", "c"))
    assert names == ("euicc.a-b", "ipa.c")
    assert defects_of("euicc", names) == ("a-b",)
    assert defects_of("ipa", names) == ("c",)
    assert defects_of("module", names) == ()
