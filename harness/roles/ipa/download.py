"""A profile download, the same by either way to the SM-DP+ (SGP.32 v1.2 §3.2.3.1 direct, §3.2.3.2 indirect).

Rules of this room:
- What the SM-DP+ signed reaches the card as the octets that came.
- The SM-DP+ must sign for the address it was asked at and for the challenge that the card gave; the card checks the rest.
- A session that cannot go on is cancelled at the card, and the SM-DP+ is told with the card's signed answer and a reason
  that fits what happened.
- An SM-DS is authenticated like an SM-DP+; what it answers with then is where the profile waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from harness.codec import DecodeError, tlv
from harness.errors import DeviceFault, HarnessError
from harness.roles.es10 import Es10
from harness.roles.es10.download import InstallationAnswer
from harness.roles.ipa.activation import DownloadTarget
from harness.roles.ipa.data import device_info
from harness.roles.ipa.ports import NoAnswer
from harness.roles.ipa.reading import BadReply, field, one, optional, text
from harness.roles.ipa.settings import IpaSettings
from harness.rules import Rules

PPR_NOT_ALLOWED, METADATA_MISMATCH, LOAD_BPP_EXECUTION_ERROR, UNDEFINED_REASON = 3, 4, 5, 127
"""CancelSessionReason (SGP.22 §5.7.14)."""
REASONS: Mapping[tuple[str, int], int] = {
    ("authenticateClient", 50): PPR_NOT_ALLOWED,
    ("getBoundProfilePackage", 50): METADATA_MISMATCH,
}
"""CancelSessionReason for an error of an eIM that verifies metadata (eimProfileMetadataVerification)."""


class DownloadFailed(HarnessError):
    """The download ended without a ProfileInstallationResult.

    `response` is what refused it, as received; `reason` is the CancelSessionReason that fits.
    """

    def __init__(self, message: str, response: bytes = b"", *, reason: int = UNDEFINED_REASON) -> None:
        super().__init__(message)
        self.response = response
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Initiated:
    """The answer to InitiateAuthentication, in TLVs as received."""

    server_signed1: tlv.Tlv
    server_signature1: bytes
    """With its tag 5F37."""
    ci_key_id: bytes
    """With its tag 04."""
    certificate: bytes
    matching_id: str | None = None
    """From an eIM that knows it."""
    ctx_params1: bytes | None = None
    """From an eIM that makes it: to be used unchanged."""


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The answer to AuthenticateClient, in TLVs as received."""

    smdp_signed2: bytes
    smdp_signature2: bytes
    certificate: bytes
    hash_cc: bytes | None = None


class Server(Protocol):
    """The SM-DP+ or SM-DS, reached directly or through the eIM. Raises NoAnswer, BadReply, DownloadFailed."""

    def initiate(self, challenge: bytes, euicc_info1: bytes) -> Initiated: ...

    def authenticate(self, transaction_id: bytes, answer: bytes) -> Authenticated: ...

    def discover(self, transaction_id: bytes, answer: bytes) -> DownloadTarget | None:
        """What an SM-DS answers to the authenticated client: where a profile waits, None where there is none."""

    def package(self, transaction_id: bytes, answer: bytes) -> bytes: ...

    def cancel(self, transaction_id: bytes, answer: bytes) -> None: ...


@dataclass(frozen=True)
class Work:
    """What a download works with."""

    card: Es10
    settings: IpaSettings
    rules: Rules


def download(work: Work, server: Server, target: DownloadTarget) -> InstallationAnswer:
    """Downloads and installs one profile.

    Raises DownloadFailed where it ends without a ProfileInstallationResult, and what the card raises.
    """
    session = _Session(work, server)
    try:
        authenticated = server.authenticate(*session.begin(target))
        package = server.package(session.transaction, session.prepare(authenticated))
    except (DownloadFailed, NoAnswer, BadReply) as fault:
        raise session.ended(fault) from fault
    try:
        installed: InstallationAnswer = work.rules["load-package"](work.card, package)
    except DecodeError as fault:
        session.cancel(LOAD_BPP_EXECUTION_ERROR)
        raise DownloadFailed(f"the bound profile package cannot be cut: {fault}") from fault
    return installed


def discover(work: Work, server: Server, target: DownloadTarget) -> DownloadTarget:
    """Asks an SM-DS where a profile waits for this card (SGP.32 v1.2 §3.9). Raises DownloadFailed, also for nowhere."""
    session = _Session(work, server)
    try:
        found = server.discover(*session.begin(target))
    except (DownloadFailed, NoAnswer, BadReply) as fault:
        raise session.ended(fault) from fault
    if found is None:
        raise DownloadFailed("the SM-DS has no event for this eUICC")
    return found


class _Session:
    """One common mutual authentication, and what has to be done when it ends early."""

    def __init__(self, work: Work, server: Server) -> None:
        self._work = work
        self._server = server
        self.transaction = b""
        """As the server signed it; empty before that."""

    def begin(self, target: DownloadTarget) -> tuple[bytes, bytes]:
        """The transactionId and the card's proof for it."""
        card, rules = self._work.card, self._work.rules
        challenge = card.get_euicc_challenge()
        initiated = self._server.initiate(challenge, card.get_euicc_info1().raw)
        self.transaction = _checked(initiated, challenge, target)
        request = tlv.build(
            0xBF38,
            initiated.server_signed1.raw,
            initiated.server_signature1,
            initiated.ci_key_id,
            initiated.certificate,
            rules["ctx-params"](initiated, target, self._work.settings),
        )
        answer = card.authenticate_server(request)
        if not answer.is_ok:
            raise DownloadFailed(f"AuthenticateServer: error {answer.error_code}", answer.raw)
        return self.transaction, answer.raw

    def prepare(self, authenticated: Authenticated) -> bytes:
        """The card's answer to PrepareDownload."""
        known = self._work.rules["confirmation-hash"](authenticated.hash_cc)
        hash_cc = b"" if known is None else tlv.build(0x04, known)
        parts = (authenticated.smdp_signed2, authenticated.smdp_signature2, hash_cc, authenticated.certificate)
        answer = self._work.card.prepare_download(tlv.build(0xBF21, *parts))
        if not answer.is_ok:
            raise DownloadFailed(f"PrepareDownload: error {answer.error_code}", answer.raw)
        return answer.raw

    def ended(self, fault: HarnessError) -> DownloadFailed:
        """Cancels what is open; what is to be reported."""
        failure = fault if isinstance(fault, DownloadFailed) else DownloadFailed(str(fault))
        if self.transaction:
            self.cancel(failure.reason)
        return failure

    def cancel(self, reason: int) -> None:
        """Ends the session on both sides as far as they still answer; the failure that led here is what gets reported."""
        rules = self._work.rules
        if not rules["cancels-sessions"]():
            return
        try:
            answer = self._work.card.cancel_session(self.transaction, rules["cancel-reason"](reason))
            if answer.is_ok:
                self._server.cancel(self.transaction, answer.raw)
        except (DeviceFault, NoAnswer, BadReply, DownloadFailed):
            return


def _checked(initiated: Initiated, challenge: bytes, target: DownloadTarget) -> bytes:
    """The transactionId of a serverSigned1 that fits what was asked."""
    signed = initiated.server_signed1
    transaction = field(signed, 0x80, "serverSigned1").value
    if field(signed, 0x81, "serverSigned1").value != challenge:
        raise DownloadFailed("the SM-DP+ signed another euiccChallenge")
    address = text(field(signed, 0x83, "serverSigned1").value, "serverAddress")
    if target.address is not None and address.lower() != target.address.lower():
        raise DownloadFailed(f"{target.address} signs for {address}")
    return transaction


def ctx_params(initiated: Initiated, target: DownloadTarget, settings: IpaSettings) -> bytes:
    """CtxParams1: as the eIM made it, unchanged, else the IPA's own."""
    return initiated.ctx_params1 or ctx_params1(initiated.matching_id or target.matching_id, settings)


def ctx_params1(matching_id: str | None, settings: IpaSettings) -> bytes:
    """CtxParams1 for the common authentication (SGP.22 §5.7.13)."""
    matching = b"" if matching_id is None else tlv.build(0x80, matching_id.encode())
    return tlv.build(0xA0, matching, tlv.build(0xA1, device_info(settings)))


def package_of(octets: bytes) -> bytes:
    """A bound profile package that at least is one BF36. Raises BadReply."""
    return one(octets, 0xBF36, "the bound profile package").raw


def signed2_needs_confirmation(signed2: tlv.Tlv) -> bool:
    """ccRequiredFlag of smdpSigned2."""
    flag = optional(signed2, 0x01)
    return flag is not None and flag != b"\x00"


def load_package(card: Es10, package: bytes) -> InstallationAnswer:
    """Sends the package to the card until it answers; an early answer is the last word."""
    return card.load_bound_profile_package(package)
