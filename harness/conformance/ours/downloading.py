"""Profile downloads onto a card, with the harness as IPA and SM-DP+ (SGP.32 v1.2 §3.2.3.1): whole ones and failing ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import DeviceFault, LabFault
from harness.roles.es10 import Es10
from harness.roles.ipa.activation import DownloadTarget, activation_code
from harness.roles.ipa.direct import DirectServer
from harness.roles.ipa.download import DownloadFailed, Work, download
from harness.roles.ipa.ports import NoAnswer
from harness.roles.ipa.reading import BadReply
from harness.roles.ipa.rules import CONFORMING
from harness.roles.ipa.settings import IpaSettings

if TYPE_CHECKING:
    from harness.conformance.devices.euicc import EuiccUnderTest
    from harness.conformance.steps import Step
    from harness.lab.in_process import InProcessSmdp
    from harness.links.http_messages import HttpReply
    from harness.links.https_client import HttpsClient
    from harness.profiles import ProfilePackage
    from harness.roles.es10.download import InstallationAnswer
    from harness.roles.smdp import Smdp


def direct_download(es10: Es10, smdp: Smdp, way: InProcessSmdp, profile: ProfilePackage) -> InstallationAnswer:
    """Orders the profile, downloads and installs it; the card's ProfileInstallationResult.

    Raises DeviceFault where the card refused before there was one: the other parties are conforming.
    """
    order = smdp.order(profile)
    settings = IpaSettings()
    server = DirectServer(smdp.identity.address, way, settings, CONFORMING)
    try:
        return download(Work(es10, settings, CONFORMING), server, DownloadTarget(order.address, order.matching_id))
    except DownloadFailed as failure:
        raise DeviceFault(f"the download of {profile.name} did not get to an installation: {failure}") from failure


def refused_package(euicc: EuiccUnderTest, package: bytes, seen: Step) -> InstallationAnswer:
    """The result of a bound profile package that is to fail. An AssertionError where the card has one profile more."""
    before = [info.iccid for info in euicc.get_profiles_info()]
    answer = euicc.load_bound_profile_package(package)
    seen.observed(answer.raw)
    if answer.is_success:
        raise AssertionError("the card says that it installed the profile")
    if [info.iccid for info in euicc.get_profiles_info()] != before:
        raise AssertionError("a part of the profile is left on the card")
    return answer


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """An IPA's way to an SM-DP+ that is not ours and not under test: what goes wrong there is no card's fault."""

    client: HttpsClient

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes, *, trust: Any = None) -> HttpReply:
        """One call. Raises LabFault where no complete answer comes."""
        try:
            return self.client.post(url, tuple(headers), body)
        except DeviceFault as fault:
            raise LabFault(
                f"the SM-DP+ of the account: {fault}", hint="name its TLS root as `tls` of the account"
            ) from fault


def download_by_code(es10: Es10, code: str, client: HttpsClient) -> InstallationAnswer:
    """Downloads what waits under an activation code at somebody's SM-DP+; the card's ProfileInstallationResult.

    Raises LabFault where there is none: whether the card or the server is to blame cannot be told from here.
    """
    target, settings = activation_code(code.encode()), IpaSettings()
    server = DirectServer(target.address or "", _Elsewhere(client), settings, CONFORMING)
    try:
        answer = download(Work(es10, settings, CONFORMING), server, target)
    except (DownloadFailed, BadReply, NoAnswer) as failure:
        raise LabFault(f"the download by an activation code came to no installation: {failure}") from failure
    server.notify(answer.raw)
    return answer
