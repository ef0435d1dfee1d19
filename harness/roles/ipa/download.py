"""A profile download, the same by either way to the SM-DP+ (SGP.32 v1.2 §3.2.3.1 direct, §3.2.3.2 indirect).

Rules of this room:
- What the SM-DP+ signed reaches the card as the octets that came.
- The SM-DP+ must sign for the address it was asked at and for the challenge that the card gave; the card checks the rest.
- A session that cannot go on is cancelled at the card, and the SM-DP+ is told with the card's signed answer.
"""

from __future__ import annotations

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

LOAD_BPP_EXECUTION_ERROR, UNDEFINED_REASON = 5, 127


class DownloadFailed(HarnessError):
    """The download ended without a ProfileInstallationResult. `response` is what refused it, as received."""

    def __init__(self, message: str, response: bytes = b"") -> None:
        super().__init__(message)
        self.response = response


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
    """The SM-DP+, reached directly or through the eIM. Raises NoAnswer, BadReply, DownloadFailed."""

    def initiate(self, challenge: bytes, euicc_info1: bytes) -> Initiated: ...

    def authenticate(self, transaction_id: bytes, answer: bytes) -> Authenticated: ...

    def package(self, transaction_id: bytes, answer: bytes) -> bytes: ...

    def cancel(self, transaction_id: bytes, answer: bytes) -> None: ...


def download(card: Es10, server: Server, target: DownloadTarget, settings: IpaSettings) -> InstallationAnswer:
    """Downloads and installs one profile.

    Raises DownloadFailed where it ends without a ProfileInstallationResult, and what the card raises.
    """
    challenge = card.get_euicc_challenge()
    transaction: bytes | None = None
    try:
        initiated = server.initiate(challenge, card.get_euicc_info1().raw)
        transaction = _checked(initiated, challenge, target)
        authenticated = server.authenticate(transaction, _authenticate(card, initiated, target, settings))
        package = server.package(transaction, _prepare(card, authenticated))
    except DownloadFailed:
        if transaction is not None:
            _cancel(card, server, transaction, UNDEFINED_REASON)
        raise
    except (NoAnswer, BadReply) as fault:
        if transaction is not None:
            _cancel(card, server, transaction, UNDEFINED_REASON)
        raise DownloadFailed(str(fault)) from fault
    try:
        return card.load_bound_profile_package(package)
    except DecodeError as fault:
        _cancel(card, server, transaction, LOAD_BPP_EXECUTION_ERROR)
        raise DownloadFailed(f"the bound profile package cannot be cut: {fault}") from fault


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


def _authenticate(card: Es10, initiated: Initiated, target: DownloadTarget, settings: IpaSettings) -> bytes:
    request = tlv.build(
        0xBF38,
        initiated.server_signed1.raw,
        initiated.server_signature1,
        initiated.ci_key_id,
        initiated.certificate,
        initiated.ctx_params1 or ctx_params1(initiated.matching_id or target.matching_id, settings),
    )
    answer = card.authenticate_server(request)
    if not answer.is_ok:
        raise DownloadFailed(f"AuthenticateServer: error {answer.error_code}", answer.raw)
    return answer.raw


def ctx_params1(matching_id: str | None, settings: IpaSettings) -> bytes:
    """CtxParams1 for the common authentication (SGP.22 §5.7.13)."""
    matching = b"" if matching_id is None else tlv.build(0x80, matching_id.encode())
    return tlv.build(0xA0, matching, tlv.build(0xA1, device_info(settings)))


def _prepare(card: Es10, authenticated: Authenticated) -> bytes:
    hash_cc = b"" if authenticated.hash_cc is None else tlv.build(0x04, authenticated.hash_cc)
    answer = card.prepare_download(
        tlv.build(0xBF21, authenticated.smdp_signed2, authenticated.smdp_signature2, hash_cc, authenticated.certificate)
    )
    if not answer.is_ok:
        raise DownloadFailed(f"PrepareDownload: error {answer.error_code}", answer.raw)
    return answer.raw


def _cancel(card: Es10, server: Server, transaction: bytes, reason: int) -> None:
    """Ends the session on both sides as far as they still answer; the failure that led here is what gets reported."""
    try:
        answer = card.cancel_session(transaction, reason)
        if answer.is_ok:
            server.cancel(transaction, answer.raw)
    except (DeviceFault, NoAnswer, BadReply, DownloadFailed):
        return


def package_of(octets: bytes) -> bytes:
    """A bound profile package that at least is one BF36. Raises BadReply."""
    return one(octets, 0xBF36, "the bound profile package").raw


def signed2_needs_confirmation(signed2: tlv.Tlv) -> bool:
    """ccRequiredFlag of smdpSigned2."""
    flag = optional(signed2, 0x01)
    return flag is not None and flag != b"\x00"
