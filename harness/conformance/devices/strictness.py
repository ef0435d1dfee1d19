"""The form of every answer of a card, looked at in every case, whatever the case itself is about.

Rules of this room:
- Looked at are the octets as received: the answer's tag, DER, the order and sizes of fields, and every signature for which
  the key is at hand. Unknown fields at the end of a SEQUENCE are extensions and pass.
- A package's answer is for the eIM and the transaction of that package: a signature holds for nothing else.
- A stored result is held to its signature where its package was sent in this case: older ones may be from another
  association, whose token nobody has any more.
- These rules are certain (X.690, and the types of the standard), so what is found judges, beside the case's own steps.
- A fault is told once a case, however often it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.codec import DecodeError, decode, findings, tlv
from harness.conformance.steps import CaseSteps
from harness.crypto.certificates import Certificate
from harness.crypto.errors import CertificateError
from harness.errors import MalformedAnswer
from harness.roles.es10.download import AuthenticateAnswer
from harness.roles.es10.notifications import NotificationsAnswer
from harness.roles.es10.packages import PackageAnswer, SentPackages, package_answer
from harness.roles.es10.versions import DEFAULT, DIALECTS

if TYPE_CHECKING:
    from harness.roles.eim import Eim

ANSWERS: Mapping[int, str] = {
    0xBF20: "EUICCInfo1",
    0xBF21: "PrepareDownloadResponse",
    0xBF22: "EUICCInfo2",
    0xBF28: "ListNotificationResponse",
    0xBF2B: "RetrieveNotificationsListResponse",
    0xBF2D: "ProfileInfoListResponse",
    0xBF2E: "GetEuiccChallengeResponse",
    0xBF30: "NotificationSentResponse",
    0xBF36: "ProfileInstallationResult",
    0xBF38: "AuthenticateServerResponse",
    0xBF3C: "EuiccConfiguredAddressesResponse",
    0xBF3E: "GetEuiccDataResponse",
    0xBF41: "CancelSessionResponse",
    0xBF42: "IpaeActivationResponse",
    0xBF43: "GetRatResponse",
    0xBF51: "EuiccPackageResult",
    0xBF55: "GetEimConfigurationDataResponse",
    0xBF56: "GetCertsResponse",
    0xBF57: "AddInitialEimResponse",
    0xBF58: "ProfileRollbackResponse",
    0xBF59: "ConfigureImmediateProfileEnablingResponse",
    0xBF5A: "ImmediateEnableResponse",
    0xBF5B: "EnableEmergencyProfileResponse",
    0xBF5C: "DisableEmergencyProfileResponse",
    0xBF5D: "ExecuteFallbackMechanismResponse",
    0xBF5E: "ReturnFromFallbackResponse",
    0xBF5F: "GetConnectivityParametersResponse",
    0xBF64: "EuiccMemoryResetResponse",
    0xBF65: "SetDefaultDpAddressResponse",
}
"""The type of each ES10 answer, by the tag of its request."""
_PACKAGE = 0xBF51
_OTHER_TAGS = {0xBF36: 0xBF37}
"""Answers whose tag is not that of their request."""


class Strictness:
    """Looks at each answer of one card in one case."""

    def __init__(
        self,
        eims: Callable[[], Sequence[Eim]],
        own_certificate: Callable[[], bytes | None] = lambda: None,
        version: str = DEFAULT,
    ) -> None:
        """`eims` gives the eIMs of the case, for the keys and tokens that results are signed with.

        `own_certificate` gives the card's, for an eIM that was not told it; None where nobody knows it.
        `version` is the SGP.32 version of the card, by whose schema answers are read.
        """
        self._eims = eims
        self._own_certificate = own_certificate
        self._dialect = DIALECTS[version]
        self._sent = SentPackages()
        self._transactions: set[bytes] = set()
        self._asked = {**ANSWERS, **{tag: ANSWERS[known] for tag, known in self._own_tags().items()}}
        self._faults: dict[str, str] = {}

    @property
    def faults(self) -> tuple[str, ...]:
        """What was found, in the order in which it first showed."""
        return tuple(self._faults.values())

    def look(self, request: bytes, answer: bytes) -> None:
        """One request TLV, or a segment of a bound profile package, and the octets that came for it."""
        if not answer:
            return
        try:
            asked = tlv.first(request).tag
        except DecodeError:
            return  # the case sends what is no TLV; what a card owes then is the case's business
        asked = asked if asked in self._asked else 0xBF36
        name = self._dialect.type_named(self._asked[asked])
        if asked == _PACKAGE:
            self._sent.note(request)
            self._note_transaction(request)
        found = findings(name, answer, version=self._dialect.schema)
        if not found and tlv.first(answer).tag != _OTHER_TAGS.get(asked, asked):
            found = [f"tag {tlv.first(answer).tag:X}"]
        for fault in found or [*self._echo_faults(asked, request, answer), *self._signature_faults(asked, answer)]:
            self._faults.setdefault(f"{name}: {fault.partition(' at offset ')[0]}", f"{name}: {fault}")

    def _own_tags(self) -> dict[int, int]:
        """Requests whose tag the card's version has otherwise, with that of v1.2."""
        return {
            theirs: ours
            for theirs, ours in ((self._dialect.memory_reset, 0xBF64), (self._dialect.default_dp_address, 0xBF65))
            if theirs != ours
        }

    def judge(self, steps: CaseSteps) -> None:
        """Adds a judging step where anything was found. Raises AssertionError then, like any step that did not hold."""
        if not self._faults:
            return
        expect = "DER, fields in order and in size, valid signatures"
        with steps("the form of every answer of the card", expect=expect, confidence="certain") as seen:
            seen.observed("; ".join(self.faults))
            assert not self.faults, "; ".join(self.faults)

    def _signature_faults(self, asked: int, answer: bytes) -> list[str]:
        try:
            if asked == _PACKAGE:
                return self._result_faults([package_answer(answer, self._dialect, self._sent)])
            if asked == 0xBF2B:
                retrieved = NotificationsAnswer.of(answer, self._dialect, self._sent)
                ours = [one for one in retrieved.results if one.transaction_id in self._transactions]
                return self._result_faults(ours) + _notification_faults(retrieved)
            if asked == 0xBF38:
                return _authentication_faults(AuthenticateAnswer.of(answer))
        except MalformedAnswer as fault:
            return [str(fault)]
        return []

    def _note_transaction(self, package: bytes) -> None:
        try:
            transaction = tlv.parse(package).find(0x30, 0x82)
        except DecodeError:
            return  # no package; what a card owes then is the case's business
        if transaction is not None:
            self._transactions.add(transaction.value)

    def _result_faults(self, results: Sequence[PackageAnswer]) -> list[str]:
        return [f"signature of the result for {one.eim_id} does not hold" for one in results if not self._holds(one)]

    def _echo_faults(self, asked: int, request: bytes, answer: bytes) -> list[str]:
        """What a package's answer says of another package. A card that refuses one unsigned may not have read it."""
        if asked != _PACKAGE:
            return []
        try:
            sent = decode("EuiccPackageRequest", request)["euiccPackageSigned"]
            got = package_answer(answer, self._dialect)
        except (DecodeError, MalformedAnswer):
            return []
        pairs = {
            "eimId": (sent["eimId"], got.eim_id),
            "eimTransactionId": (sent.get("eimTransactionId"), got.transaction_id),
        }
        if got.kind == "error-unsigned" and got.transaction_id is None:
            del pairs["eimTransactionId"]
        return [f"{name} is not that of the package" for name, (theirs, ours) in pairs.items() if theirs != ours]

    def _holds(self, answer: PackageAnswer) -> bool:
        """Whether the signature of a result holds; True where nothing is signed or no key is at hand."""
        if answer.kind == "error-unsigned" or (self._dialect.signs_eim_signature and not answer.eim_signatures):
            return True
        for eim in self._eims():
            for device in eim.state.devices.values():
                if eim.identity.eim_id != answer.eim_id:
                    continue
                certificate = device.euicc_certificate or self._own_certificate()
                if certificate is not None:
                    return answer.signature_is_valid(Certificate(certificate), device.association.token)
        return True


def _authentication_faults(answer: AuthenticateAnswer) -> list[str]:
    """euiccSignature1, held against the certificate that the answer itself brings."""
    if not answer.is_ok:
        return []
    try:
        holds = answer.signature_is_valid(Certificate(answer.euicc_certificate))
    except CertificateError as fault:
        return [f"certificate of the eUICC: {fault}"]
    return [] if holds else ["euiccSignature1 does not hold"]


def _notification_faults(retrieved: NotificationsAnswer) -> list[str]:
    faults = []
    for entry in retrieved.pending:
        if not entry.certificate:
            continue
        number = entry.metadata.sequence_number
        try:
            holds = entry.signature_is_valid(Certificate(entry.certificate))
        except CertificateError as fault:
            faults.append(f"certificate of notification {number}: {fault}")
            continue
        if not holds:
            faults.append(f"signature of notification {number} does not hold")
    return faults
