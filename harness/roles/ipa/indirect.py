"""The SM-DP+ through the eIM over ESipa (SGP.32 v1.2 §5.14.1 to §5.14.3, §5.14.8).

An IPA with eimDownloadDataHandling leaves the SM-DP+ address to the eIM and never sends it.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.codec import tlv
from harness.roles.ipa.download import Authenticated, DownloadFailed, Initiated, package_of, signed2_needs_confirmation
from harness.roles.ipa.esipa import EsipaClient
from harness.roles.ipa.reading import BadReply, field, optional, text
from harness.roles.ipa.settings import DOWNLOAD_DATA_HANDLING, IpaSettings

_INITIATE, _AUTHENTICATE, _GET_PACKAGE, _CANCEL = 0xBF39, 0xBF3B, 0xBF3A, 0xBF41


@dataclass(frozen=True)
class IndirectServer:
    """The eIM as the way to an SM-DP+."""

    esipa: EsipaClient
    address: str | None
    """The SM-DP+ to name; None leaves it to the eIM."""
    transaction_id: bytes | None
    """eimTransactionId of the trigger."""

    def initiate(self, challenge: bytes, euicc_info1: bytes) -> Initiated:
        parts = [tlv.build(0x81, challenge)]
        address = self.esipa.rules["smdp-address-sent"](self.esipa.settings, self.address)
        if address is not None:
            parts.append(tlv.build(0x83, address.encode()))
        parts.append(euicc_info1)
        echo = self.esipa.rules["echoed-transaction-id"](self.transaction_id)
        if echo is not None:
            parts.append(tlv.build(0x82, echo))
        answer = self._ask(tlv.build(_INITIATE, *parts), 0x81)
        sequences = [child.raw for child in answer.children if child.tag == 0x30]
        if len(sequences) != 2:
            raise BadReply("InitiateAuthentication without serverSigned1 and serverCertificate")
        matching_id, ctx = optional(answer, 0x0C), optional(answer, 0xA2)
        return Initiated(
            tlv.parse(sequences[0]),
            field(answer, 0x5F37, "InitiateAuthentication").raw,
            field(answer, 0x04, "InitiateAuthentication").raw,
            sequences[1],
            None if matching_id is None else text(matching_id, "matchingId"),
            ctx,
        )

    def authenticate(self, transaction_id: bytes, answer: bytes) -> Authenticated:
        reply = self._ask(tlv.build(_AUTHENTICATE, tlv.build(0x80, transaction_id), answer), 0x82)
        sequences = [child.raw for child in reply.children if child.tag == 0x30]
        if len(sequences) != 2:
            raise BadReply("AuthenticateClient without smdpSigned2 and smdpCertificate")
        hash_cc = optional(reply, 0x04)
        if hash_cc is None and signed2_needs_confirmation(tlv.parse(sequences[0])):
            raise DownloadFailed("the profile needs a confirmation code, and the eIM gave no hashCc")
        signature = field(reply, 0x5F37, "AuthenticateClient").raw
        return Authenticated(sequences[0], signature, sequences[1], hash_cc)

    def package(self, transaction_id: bytes, answer: bytes) -> bytes:
        reply = self._ask(tlv.build(_GET_PACKAGE, tlv.build(0x80, transaction_id), answer), 0x81)
        return package_of(field(reply, 0xBF36, "GetBoundProfilePackage").raw)

    def cancel(self, transaction_id: bytes, answer: bytes) -> None:
        # The field's tag stands in place of BF41, whose alternative follows.
        response = tlv.build(0xA1, tlv.parse(answer).value)
        self._ask(tlv.build(_CANCEL, tlv.build(0x80, transaction_id), response), 0x81)

    def _ask(self, request: bytes, error_tag: int) -> tlv.Tlv:
        """The A0 of the answer. Raises DownloadFailed for the eIM's error."""
        answer = self.esipa.ask(request)
        if len(answer.children) != 1:
            raise BadReply(f"{answer.tag:X} with {len(answer.children)} alternatives")
        [choice] = answer.children
        if choice.tag == error_tag:
            raise DownloadFailed(f"{answer.tag:X}: error {int.from_bytes(choice.value, 'big')}", answer.raw)
        if choice.tag != 0xA0:
            raise BadReply(f"{answer.tag:X} answered {choice.tag:X}")
        return choice


def smdp_address_sent(settings: IpaSettings, address: str | None) -> str | None:
    """The smdpAddress for InitiateAuthentication, if any."""
    return None if DOWNLOAD_DATA_HANDLING in settings.features else address
