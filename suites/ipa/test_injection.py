"""Packages that an eIM brings by itself. SGP.32 v1.2 §3.1.1.2 (ESipa.TransferEimPackage)."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import named_bits
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable, list_profile_info, update_eim

ASSOCIATED = State(eims=1)
INSTALLED = State(eims=1, profiles=("operational-a",))
RETRIEVE_HTTPS, INJECT_HTTPS = 0, 2
RESULT, DATA, RECEIVED, ERROR = 0xBF51, 0xBF52, 0x05, 0x02
INFO1 = 0xBF20
ENABLED = 1
DONE, FAILED = "done", "failed"


def allowed(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """The eIM's configuration comes to say that it brings packages too."""
    with step("a package adds injectHttps to the eIM's protocols", precondition=True):
        changed = {"eimId": eim.identity.eim_id, "eimSupportedProtocol": named_bits([RETRIEVE_HTTPS, INJECT_HTTPS])}
        package = eim.queue_package(device.eid, update_eim(changed))
        device.work_off()
        assert eim.operation(package).state == DONE


@case(
    "IP-044",
    clause="SGP.32 v1.2 §3.1.1.2",
    confidence="likely",
    area="ipa",
    needs=INSTALLED,
    requires=("injection",),
    catches=("refuses-what-is-brought", "takes-what-anybody-brings"),
)
def test_transfer(device: DeviceUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """A package that is brought is answered with its result or with eimPackageReceived, and executed."""
    with step("a package of an eIM that may not bring any", expect="eimPackageError") as seen:
        refused = eim.queue_package(device.eid, list_profile_info())
        answer, *_ = device.bring(eim)
        seen.observed(answer.raw)
        assert answer.tag == ERROR
        assert eim.operation(refused).state == FAILED
    allowed(device, eim, step)
    with step("a package that lists profiles", expect="its result, signed, or eimPackageReceived") as seen:
        listing = eim.queue_package(device.eid, list_profile_info())
        answer, *_ = device.bring(eim)
        seen.observed(answer.raw)
        assert answer.tag in (RESULT, RECEIVED)
        assert answer.tag == RECEIVED or eim.operation(listing).state == DONE
    with step("a data request for EUICCInfo1", expect="IpaEuiccData with it") as seen:
        eim.queue_data_request(device.eid, tags=[INFO1])
        answer, *_ = device.bring(eim)
        seen.observed(answer.raw)
        assert answer.tag == DATA
        assert (answer.find(0xA0) or answer).find(INFO1) is not None
    with step("a package that enables a profile", expect="its result, or eimPackageReceived") as seen:
        enabling = eim.queue_package(device.eid, enable(profiles["operational-a"].iccid))
        answer, *_ = device.bring(eim)
        seen.observed(answer.raw)
        assert answer.tag in (RESULT, RECEIVED)
    with step("the device is given time; the eIM asks for the profiles", expect="both done: one, enabled") as seen:
        device.wake()
        package = eim.queue_package(device.eid, list_profile_info())
        device.work_off()
        results = eim.operation(package).results
        seen.observed(results)
        assert [(name, kind) for name, (kind, _) in results] == [("listProfileInfoResult", "profileInfoListOk")]
        states = [profile.get("profileState") for _, (_, listed) in results for profile in listed]
        seen.observed(states)
        assert eim.operation(enabling).state == DONE
        assert states == [ENABLED]


@case(
    "IP-045",
    clause="SGP.32 v1.2 §3.1.1.2, §3.7",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    requires=("injection",),
    catches="ignores-injected-acknowledgements",
)
def test_acknowledgements_are_applied(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Acknowledgements that are brought remove the results from the card that they name."""
    allowed(device, eim, step)
    with step("a package is brought, whose result is acknowledged", expect="its result", precondition=True):
        eim.queue_package(device.eid, list_profile_info())
        result, *further = device.bring(eim)
        assert result.tag == RESULT
    with step("look at the answer to the acknowledgements", expect="eimPackageReceived") as seen:
        seen.observed(" ".join(answer.raw.hex().upper() for answer in further))
        assert [answer.tag for answer in further] == [RECEIVED]
    with step("a data request for the stored results is brought", expect="none") as seen:
        eim.queue_data_request(device.eid, tags=[device.esipa.stored_results])
        answer, *_ = device.bring(eim)
        seen.observed(answer.raw)
        assert answer.tag == DATA
        assert device.esipa.results_in(answer) == ()
