"""An indirect download through an eIM under test, step by step, with a conforming card on the device's side.

Written apart from the IPA: it builds each message tag by tag from what came, and a case may change it on the way. What the
RSP server behind the eIM signed is judged by the card.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.conformance.servers.server import ASN1
from harness.errors import DeviceFault
from harness.roles.es10.download import InstallationAnswer

if TYPE_CHECKING:
    from harness.conformance.devices.euicc import EuiccUnderTest
    from harness.conformance.servers.server import ServerUnderTest

DEVICE_INFO = bytes.fromhex("800435290611A100")
"""The contents of DeviceInfo: a TAC and no capabilities."""
_ERRORS = {0xBF39: 0x81, 0xBF3A: 0x81, 0xBF3B: 0x82, 0xBF41: 0x81}


def error_of(answer: Tlv) -> int | None:
    """The error number in an answer of a download's step; None for a success."""
    found = answer.find(_ERRORS[answer.tag])
    return None if found is None else int.from_bytes(found.value, "big")


@dataclass(slots=True)
class EsipaDownload:
    """One session. Each method sends one ESipa message; what it needs of the answers before is kept."""

    esipa: ServerUnderTest
    card: EuiccUnderTest
    operation: bytes
    """The eimTransactionId of the trigger that began it."""
    binding: str = ASN1
    initiated: Tlv | None = None
    authenticated: Tlv | None = None

    def initiate(self, *more: bytes) -> Tlv:
        """InitiateAuthentication with a fresh challenge of the card; `more` are further fields, such as smdpAddress."""
        fields = (
            tlv.build(0x81, self.card.get_euicc_challenge()),
            *more,
            self.card.get_euicc_info1().raw,
            tlv.build(0x82, self.operation),
        )
        answer = self.esipa.told(tlv.build(0xBF39, *fields), self.binding)
        self.initiated = answer.find(0xA0)
        return answer

    @property
    def transaction_id(self) -> bytes:
        """The RSP server's transactionId. Raises DeviceFault before there is one."""
        return _there(self.initiated, "InitiateAuthentication").get(0x80).value

    def ctx_params1(self) -> bytes:
        """CtxParams1: the eIM's own, or one with the matchingId that it gave."""
        initiated = _there(self.initiated, "InitiateAuthentication")
        made, matching_id = initiated.find(0xA2), initiated.find(0x0C)
        if made is not None:
            return made.value
        matching = b"" if matching_id is None else tlv.build(0x80, matching_id.value)
        return tlv.build(0xA0, matching, tlv.build(0xA1, DEVICE_INFO))

    def authenticate_server(self) -> bytes:
        """The card's BF38 to what InitiateAuthentication brought. Raises DeviceFault where it refuses the server."""
        children = _there(self.initiated, "InitiateAuthentication").children
        tags = (0x30, 0x5F37, 0x04)
        signed, signature, ci_key_id = (next(child for child in children if child.tag == tag) for tag in tags)
        certificate = [child for child in children if child.tag == 0x30][1]
        parts = (signed.raw, signature.raw, ci_key_id.raw, certificate.raw, self.ctx_params1())
        answer = self.card.authenticate_server(tlv.build(0xBF38, *parts))
        if not answer.is_ok:
            raise DeviceFault(f"a conforming card refuses the server: authenticateErrorCode {answer.error_code}")
        return answer.raw

    def authenticate_client(self, response: bytes) -> Tlv:
        """AuthenticateClient with this BF38."""
        answer = self._say(0xBF3B, response)
        self.authenticated = answer.find(0xA0)
        return answer

    def prepare_download(self) -> bytes:
        """The card's BF21 to what AuthenticateClient brought. Raises DeviceFault where it refuses."""
        children = _there(self.authenticated, "AuthenticateClient").children
        signed, certificate = (child.raw for child in children if child.tag == 0x30)
        signature = next(child.raw for child in children if child.tag == 0x5F37)
        code = next((child.raw for child in children if child.tag == 0x04), b"")
        answer = self.card.prepare_download(tlv.build(0xBF21, signed, signature, code, certificate))
        if not answer.is_ok:
            raise DeviceFault(f"a conforming card refuses the binding: downloadErrorCode {answer.error_code}")
        return answer.raw

    def get_package(self, prepared: bytes) -> Tlv:
        """GetBoundProfilePackage with this BF21."""
        return self._say(0xBF3A, prepared)

    def load(self, answer: Tlv) -> InstallationAnswer:
        """The card's ProfileInstallationResult to the package in an answer. Raises DecodeError where there is none."""
        return self.card.load_bound_profile_package(answer.get(0xA0, 0xBF36).raw)

    def cancel(self, response: bytes) -> Tlv:
        """CancelSession with these contents of the card's BF41."""
        return self._say(0xBF41, tlv.build(0xA1, response))

    def to_client(self) -> Tlv:
        """A new session up to AuthenticateClient; its answer. Raises DeviceFault where it ends before."""
        if error_of(self.initiate()) is not None:
            raise DeviceFault("InitiateAuthentication was refused")
        return self.authenticate_client(self.authenticate_server())

    def to_package(self) -> Tlv:
        """A new session up to GetBoundProfilePackage; its answer. Raises DeviceFault where it ends before."""
        if error_of(self.to_client()) is not None:
            raise DeviceFault("AuthenticateClient was refused")
        return self.get_package(self.prepare_download())

    def _say(self, tag: int, body: bytes) -> Tlv:
        message = tlv.build(tag, tlv.build(0x80, self.transaction_id), body)
        return self.esipa.told(message, self.binding)


def _there(answer: Tlv | None, function: str) -> Tlv:
    if answer is None:
        raise DeviceFault(f"{function} has not succeeded in this session")
    return answer
