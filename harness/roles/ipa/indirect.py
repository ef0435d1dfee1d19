"""The SM-DP+ through the eIM over ESipa (SGP.32 v1.2 §5.14.1 to §5.14.3, §5.14.8).

Rules of this room:
- An IPA with eimDownloadDataHandling leaves the SM-DP+ address to the eIM and never sends it.
- With minimizeEsipaBytes the card's answers go out in their compact forms.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.codec import tlv
from harness.roles.ipa import compact
from harness.roles.ipa.activation import DownloadTarget, TriggerRefused, target_of
from harness.roles.ipa.download import (
    REASONS,
    UNDEFINED_REASON,
    Authenticated,
    DownloadFailed,
    Initiated,
    package_of,
    signed2_needs_confirmation,
)
from harness.roles.ipa.esipa import EsipaClient
from harness.roles.ipa.reading import BadReply, optional, text
from harness.roles.ipa.reading import field as part
from harness.roles.ipa.settings import DOWNLOAD_DATA_HANDLING, MINIMIZE_BYTES, IpaSettings

_INITIATE, _AUTHENTICATE, _GET_PACKAGE, _CANCEL = 0xBF39, 0xBF3B, 0xBF3A, 0xBF41


_OF_SMDP, _OF_SMDS = 0xA0, 0xA1
_NAMES = {_AUTHENTICATE: "authenticateClient", _GET_PACKAGE: "getBoundProfilePackage"}


@dataclass
class IndirectServer:
    """The eIM as the way to an SM-DP+."""

    esipa: EsipaClient
    address: str | None
    """The SM-DP+ to name; None leaves it to the eIM."""
    transaction_id: bytes | None
    """eimTransactionId of the trigger."""
    told: frozenset[int] = frozenset()
    """Data objects that this eIM has had of the card."""
    _made_ctx_params1: bool = field(default=False, init=False)
    _gave_hash_cc: bool = field(default=False, init=False)

    def initiate(self, challenge: bytes, euicc_info1: bytes) -> Initiated:
        parts = [tlv.build(0x81, challenge)]
        address = self.esipa.rules["smdp-address-sent"](self.esipa.settings, self.address)
        if address is not None:
            parts.append(tlv.build(0x83, address.encode()))
        parts.append(euicc_info1)
        echo = self.esipa.rules["echoed-transaction-id"](self.transaction_id)
        if echo is not None and self.esipa.forms.names_transaction_of_download:
            parts.append(tlv.build(0x82, echo))
        answer = self._ask(tlv.build(_INITIATE, *parts), 0x81)
        sequences = [child.raw for child in answer.children if child.tag == 0x30]
        if len(sequences) != 2:
            raise BadReply("InitiateAuthentication without serverSigned1 and serverCertificate")
        matching_id, ctx = optional(answer, 0x0C), optional(answer, 0xA2)
        self._made_ctx_params1 = ctx is not None
        return Initiated(
            tlv.parse(sequences[0]),
            part(answer, 0x5F37, "InitiateAuthentication").raw,
            part(answer, 0x04, "InitiateAuthentication").raw,
            sequences[1],
            None if matching_id is None else text(matching_id, "matchingId"),
            ctx,
        )

    def authenticate(self, transaction_id: bytes, answer: bytes) -> Authenticated:
        reply = self._authenticated(transaction_id, answer)
        if reply.tag != _OF_SMDP:
            raise BadReply("AuthenticateClient answered for an SM-DS")
        sequences = [child.raw for child in reply.children if child.tag == 0x30]
        if len(sequences) != 2:
            raise BadReply("AuthenticateClient without smdpSigned2 and smdpCertificate")
        hash_cc = optional(reply, 0x04)
        self._gave_hash_cc = hash_cc is not None
        if hash_cc is None and signed2_needs_confirmation(tlv.parse(sequences[0])):
            raise DownloadFailed("the profile needs a confirmation code, and the eIM gave no hashCc")
        signature = part(reply, 0x5F37, "AuthenticateClient").raw
        return Authenticated(sequences[0], signature, sequences[1], hash_cc)

    def discover(self, transaction_id: bytes, answer: bytes) -> DownloadTarget | None:
        reply = self._authenticated(transaction_id, answer)
        if reply.tag != _OF_SMDS:
            raise BadReply("AuthenticateClient answered for an SM-DP+")
        trigger = reply.find(0xBF54)
        try:
            return None if trigger is None else target_of(trigger, self.esipa.settings)
        except TriggerRefused as refusal:
            raise BadReply(f"AuthenticateClient: {refusal}") from refusal

    def _authenticated(self, transaction_id: bytes, answer: bytes) -> tlv.Tlv:
        if self._is_compact:
            written = self.esipa.rules["compact-authentication"]
            answer = written(answer, self.told, self._made_ctx_params1)
        return self._ask(tlv.build(_AUTHENTICATE, tlv.build(0x80, transaction_id), answer), 0x82)

    def package(self, transaction_id: bytes, answer: bytes) -> bytes:
        if self._is_compact:
            answer = compact.prepare_response(answer, self._gave_hash_cc)
        reply = self._ask(tlv.build(_GET_PACKAGE, tlv.build(0x80, transaction_id), answer), 0x81)
        return package_of(part(reply, 0xBF36, "GetBoundProfilePackage").raw)

    def cancel(self, transaction_id: bytes, answer: bytes) -> None:
        if self._is_compact:
            answer = compact.cancel_response(answer)
        # The field's tag stands in place of BF41, whose alternative follows.
        response = tlv.build(0xA1, tlv.parse(answer).value)
        self._ask(tlv.build(_CANCEL, tlv.build(0x80, transaction_id), response), 0x81)

    @property
    def _is_compact(self) -> bool:
        return bool(self.esipa.rules["sends-compact-forms"](self.esipa.settings))

    def _ask(self, request: bytes, error_tag: int) -> tlv.Tlv:
        """The alternative that answers. Raises DownloadFailed for the eIM's error."""
        answer = self.esipa.ask(request)
        if len(answer.children) != 1:
            raise BadReply(f"{answer.tag:X} with {len(answer.children)} alternatives")
        [choice] = answer.children
        if choice.tag == error_tag:
            code = int.from_bytes(choice.value, "big")
            reason = REASONS.get((_NAMES.get(answer.tag, ""), code), UNDEFINED_REASON)
            raise DownloadFailed(f"{answer.tag:X}: error {code}", answer.raw, reason=reason)
        if choice.tag not in (_OF_SMDP, _OF_SMDS):
            raise BadReply(f"{answer.tag:X} answered {choice.tag:X}")
        return choice


def smdp_address_sent(settings: IpaSettings, address: str | None) -> str | None:
    """The smdpAddress for InitiateAuthentication, if any."""
    return None if DOWNLOAD_DATA_HANDLING in settings.features else address


def sends_compact_forms(settings: IpaSettings) -> bool:
    """Whether the IPA makes its messages as short as it can."""
    return MINIMIZE_BYTES in settings.features
