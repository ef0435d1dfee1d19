"""What a maker declares: read with file and line, and why a case that needs more is not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.conformance.applicability import out_of_place, why
from harness.conformance.case import Case, declare
from harness.errors import ConfigurationError
from harness.lab.file.configuration import Lab, read_lab

REAL = """
lab: x
listen: {address: 0.0.0.0}
slots:
  desk:
    kind: module
    device: {eid: null}
    links: {at: {port: /dev/null}, esipa: https}
    reach: {eim_fqdn: eim.lab.example, smdp_fqdn: smdp.lab.example, ipv4: 203.0.113.7, via: public}
"""
SIMULATED = """
lab: x
slots:
  sim: {kind: module, device: {simulated: {ipa: {polling_interval: 900}}}, links: {at: pty, esipa: https}}
"""


def lab(tmp_path: Path, text: str) -> Lab:
    file = tmp_path / "lab.yaml"
    file.write_text(text, encoding="utf-8")
    return read_lab(file)


def judging(*numbers: str, relies_on: tuple[str, ...] = ()) -> Case:
    return declare(
        "PO-900",
        title="T.",
        clause="c",
        area="polling",
        catches="x",
        declared=numbers,
        relies_on=relies_on,
        fixtures=("device", "step"),
    )


def test_a_device_is_judged_by_what_its_maker_declares(tmp_path: Path) -> None:
    slot = lab(tmp_path, REAL + "    declares: {polling_interval: 3600, jitter: 2.5}\n").slots["desk"]
    assert slot.declared == {"polling_interval": 3600.0, "jitter": 2.5}
    assert out_of_place(judging("polling_interval"), slot) == ""
    assert out_of_place(judging("polling_interval", "longest_retry"), slot) == (
        "the maker of the device declares no longest_retry, the longest pause, in seconds, before an eIM that failed is "
        "asked again (write it under `declares` of the slot)"
    )


def test_a_device_of_which_nothing_is_declared_is_not_judged(tmp_path: Path) -> None:
    slot = lab(tmp_path, REAL).slots["desk"]
    assert why(judging("polling_interval"), slot).startswith("desk: no, the maker of the device declares no polling_in")


def test_a_simulated_module_declares_what_it_has(tmp_path: Path) -> None:
    slot = lab(tmp_path, SIMULATED).slots["sim"]
    assert slot.declared["polling_interval"] == 900
    assert slot.declared["jitter"] == 0
    assert why(judging("polling_interval", "wake_within", relies_on=("sms", "soak")), slot) == "sim: yes, over https"


def test_an_sms_and_a_day_are_for_the_lab_file_to_give(tmp_path: Path) -> None:
    needing = judging(relies_on=("sms", "soak"))
    without = lab(tmp_path, REAL).slots["desk"]
    assert "a way to send the device an SMS" in out_of_place(needing, without)
    assert "a day of the device's time" in out_of_place(needing, without)
    given = lab(tmp_path, REAL + "    sms: send-sms +491234 wake\n    soak: true\n").slots["desk"]
    assert given.sms == ("send-sms", "+491234", "wake")
    assert out_of_place(needing, given) == ""


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    text = (
        REAL
        + "    declares: {polling_interval: 60, jitter: 90, longest_retry: soon, boot_poll: 3}\n    soak: perhaps\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        lab(tmp_path, text)
    told = [(fault.line, fault.message) for fault in caught.value.faults]
    assert [line for line, _ in told] == [10, 10, 10, 11]
    said = " | ".join(message for _, message in told)
    for part in ("leaves nothing to judge", "'soon' is no number of seconds", "boot_poll: this key is not known"):
        assert part in said
    with pytest.raises(ConfigurationError, match="this is for a real module"):
        lab(tmp_path, SIMULATED.replace("kind: module,", "kind: module, declares: {jitter: 1},"))
    with pytest.raises(ConfigurationError, match="does not wait never ends"):
        lab(tmp_path, SIMULATED.replace("900", "0"))


def test_a_case_can_judge_only_by_what_can_be_declared() -> None:
    with pytest.raises(ValueError, match="'battery', which is none of polling_interval"):
        judging("battery")
