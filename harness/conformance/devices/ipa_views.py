"""What an eIM sees of an IPA, in either function binding, and what it asks it for."""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.steps import CaseSteps
from harness.endpoints.eim import SeenRequest
from harness.errors import Unsupported
from harness.links.http_messages import Request
from harness.roles.eim import Eim, json_binding
from harness.roles.eim.events import DownloadReported

CAPABILITIES = 0xA8
DIRECT, INDIRECT = "directRspServerCommunication", "indirectRspServerCommunication"
DATA_HANDLING, CTX_PARAMS1, COMPACT = "eimDownloadDataHandling", "eimCtxParams1Generation", "minimizeEsipaBytes"
INSTALLED = 0xBF37


def message_of(request: SeenRequest | Request) -> tlv.Tlv:
    """The ESipa message of a request. Raises DecodeError for what is none."""
    function = request.path.rpartition("/")[2]
    if request.path.startswith(json_binding.PREFIX):
        return tlv.parse(json_binding.message_of(function, request.body))
    return tlv.parse(request.body)


def declared(device: DeviceUnderTest, eim: Eim, step: CaseSteps, *needed: str) -> frozenset[str]:
    """The features in the device's ipaCapabilities, asked for as a precondition.

    Raises Unsupported where one of `needed` is not among them.
    """
    features: frozenset[str] = frozenset()
    with step("the eIM asks for ipaCapabilities", precondition=True) as seen:
        eim.queue_data_request(device.eid, tags=[CAPABILITIES])
        device.poll_now()
        data = eim.device(device.eid).data
        assert data is not None
        features = data.features
        seen.observed(", ".join(sorted(features)))
        missing = [name for name in needed if name not in features]
        if missing:
            raise Unsupported(f"ipaCapabilities has no {' and no '.join(missing)}")
    return features


def is_kept_from_indirect(device: DeviceUnderTest, features: frozenset[str]) -> None:
    """Raises Unsupported where no eIM can keep the device from downloading through it."""
    if INDIRECT in features and not device.esipa.configuration_tells_of_indirect_download:
        raise Unsupported(f"no eIM of SGP.32 v{device.esipa.version} says whether it offers indirect downloads")


def stored_results(device: DeviceUnderTest, eim: Eim) -> int:
    """How many results the card still keeps, by a data request. Asserts that it is answered."""
    request = eim.queue_data_request(device.eid, tags=[device.esipa.stored_results])
    device.work_off()
    assert eim.operation(request).answer
    return len(device.esipa.results_in(tlv.parse(eim.operation(request).answer)))


def reported(eim: Eim) -> list[DownloadReported]:
    """What the device told the eIM of downloads, by whichever message."""
    return [event for event in eim.events if isinstance(event, DownloadReported)]


def installation_result(report: DownloadReported) -> bytes:
    """The BF37 of a report, which may be the report itself."""
    octets = tlv.parse(report.octets)
    return (octets if octets.tag == INSTALLED else octets.get(INSTALLED)).raw
