"""The coverage table: what is read off the schema, what off a record, and that reasons are held to account."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import resources
from harness.codec import encode, tlv
from harness.errors import ConfigurationError
from harness.evidence.records import CaseResult, ExchangeRecord, Run, SlotRun, StepRecord
from harness.evidence.verdicts import Verdict
from harness.profiles import load_profiles
from harness.profiles.security_domain import domain_keys
from harness.reporting.coverage import Coverage, coverage_of, read_reasons
from harness.reporting.coverage.places import RECEIVED, SENT, Kind, Place, Schema
from harness.reporting.coverage.reasons import Reason
from harness.roles.ota import UNPROTECTED, OtaPlatform, keysets_of

RESET = bytes.fromhex("81E2910007BF640482020520")
RESET_ANSWER = bytes.fromhex("BF6406800101810100") + b"\x90\x00"


def exchange(number: int, octets: bytes, direction: str) -> ExchangeRecord:
    return ExchangeRecord(number, number, None, "memory", "APDU", direction, octets)


def run_with(*steps: StepRecord, verdict: Verdict = Verdict.PASS) -> Run:
    result = CaseResult("EU-094", "card", "memory", verdict, steps=steps)
    return Run(Path("run"), {}, (SlotRun("card", results=(result,)),), finished=True)


def reset_step(*, precondition: bool = False) -> StepRecord:
    pair = (exchange(1, RESET, "to-device"), exchange(2, RESET_ANSWER, "from-device"))
    return StepRecord(1, "the card is reset", precondition=precondition, exchanges=pair)


def covered(coverage: Coverage) -> set[str]:
    return {row.place.name for row in coverage.rows if row.cases}


def test_a_judging_step_covers_what_crossed_the_link_in_it() -> None:
    assert covered(coverage_of(run_with(reset_step()), ())) == {
        "ES10b.eUICCMemoryReset",
        "EuiccMemoryResetRequest.resetOptions",
        "EuiccMemoryResetRequest.resetOptions has resetDefaultSmdpAddress(2)",
        "EuiccMemoryResetResponse.resetResult",
        "EuiccMemoryResetResponse.resetResult = nothingToDelete(1)",
        "EuiccMemoryResetResponse.resetEimResult",
        "EuiccMemoryResetResponse.resetEimResult = ok(0)",
    }


def test_what_a_state_is_reached_with_is_not_covered() -> None:
    found = coverage_of(run_with(reset_step(precondition=True)), ())
    assert not covered(found)
    assert sum(row.on_the_way == ("EU-094",) for row in found.rows) == 7


@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.NOT_RUN])
def test_a_case_without_a_verdict_covers_nothing(verdict: Verdict) -> None:
    assert not covered(coverage_of(run_with(reset_step(), verdict=verdict), ()))


def test_every_declared_place_is_found_in_a_message_that_has_it() -> None:
    message = encode(
        "GetEimConfigurationDataResponse",
        {"eimConfigurationDataList": [{"eimId": "e", "eimIdType": 2, "eimSupportedProtocol": (b"\x40", 2)}]},
    )
    schema = Schema()
    found = schema.crossed("GetEimConfigurationDataResponse", message, RECEIVED)
    assert found <= set(schema.declared("GetEimConfigurationDataResponse", RECEIVED))
    assert Place("EimIdType = eimIdTypeFqdn(2)", Kind.CODE, RECEIVED) in found
    assert Place("EimSupportedProtocol has eimRetrieveCoaps(1)", Kind.BIT, RECEIVED) in found
    assert Place("EimSupportedProtocol has eimRetrieveHttps(0)", Kind.BIT, RECEIVED) not in found


def test_alternatives_without_a_tag_of_their_own_are_told_apart() -> None:
    message = encode("EuiccPackageResult", ("euiccPackageErrorUnsigned", {"eimId": "e", "associationToken": 1}))
    found = {place.name for place in Schema().crossed("EuiccPackageResult", message, RECEIVED)}
    assert found == {
        "EuiccPackageResult.euiccPackageErrorUnsigned",
        "EuiccPackageErrorUnsigned.eimId",
        "EuiccPackageErrorUnsigned.associationToken",
    }


@pytest.mark.parametrize("octets", [b"", b"\xbf", bytes.fromhex("BF6404820205"), bytes.fromhex("BF51020500")])
def test_broken_messages_cover_what_can_be_read_and_raise_nothing(octets: bytes) -> None:
    Schema().crossed("EuiccMemoryResetRequest", octets, SENT)


def test_metadata_is_read_out_of_the_segments_of_a_package() -> None:
    metadata = encode("StoreMetadataRequest", {"iccid": b"\x98" * 10, "serviceProviderName": "s", "profileName": "p"})
    segments = [tlv.build(0x88, metadata[:20], bytes(8)), tlv.build(0x88, metadata[20:], bytes(8))]
    exchanges = []
    for segment in segments:
        exchanges.append(exchange(len(exchanges), bytes([0x81, 0xE2, 0x91, 0, len(segment)]) + segment, "to-device"))
        exchanges.append(exchange(len(exchanges), b"\x90\x00", "from-device"))
    found = covered(coverage_of(run_with(StepRecord(1, "loaded", exchanges=tuple(exchanges))), ()))
    assert "StoreMetadataRequest.profileName" in found


def test_a_reason_explains_a_gap_and_an_idle_one_is_told() -> None:
    gap = Reason("EuiccMemoryResetResponse.resetResult = *(5)", "cannot be made to happen", RECEIVED)
    idle = Reason("EuiccMemoryResetResponse.resetResult", "is covered")
    found = coverage_of(run_with(reset_step()), (gap, idle))
    (row,) = (row for row in found.rows if row.place.name.endswith("resetResult = catBusy(5)"))
    assert row.why == "cannot be made to happen"
    assert not row.is_hole
    assert found.idle == (idle,)


def test_the_shipped_reasons_are_sound() -> None:
    known = coverage_of(Run(Path("run"), {}, (), finished=True), read_reasons())
    assert known.idle == ()


def test_mistakes_in_the_reasons_are_told_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "reasons.yaml"
    file.write_text("- why: x\n- where: y\n  direction: up\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_reasons(file)
    assert [fault.line for fault in caught.value.faults] == [1, 2, 3]


def test_an_operators_update_is_a_function_of_the_table() -> None:
    keys = keysets_of(domain_keys(load_profiles(resources.path("fixtures/profiles"))["operational-a"].der))[0]
    fields = {"profileName": "Renamed", "fallbackAllowed": True}
    messages = [
        OtaPlatform(keys, bytes.fromhex("B20100")).update_metadata(fields),
        OtaPlatform(keys, bytes.fromhex("B20100")).update_metadata({"iconType": 1}, spi1=UNPROTECTED),
    ]
    pairs = []
    for number, message in enumerate(messages):
        pairs += [
            exchange(2 * number, message.envelopes[0], "to-device"),
            exchange(2 * number + 1, b"\x90\x00", "from-device"),
        ]
    found = coverage_of(run_with(StepRecord(1, "an update", exchanges=tuple(pairs))), ())
    assert covered(found) == {
        "ES6.UpdateMetadata",
        "UpdateMetadataRequest.profileName",
        "UpdateMetadataRequest.fallbackAllowed",
    }
    assert sum(row.function == "ES6.UpdateMetadata" for row in found.rows) == 8
