"""A profile download taken step by step, so that a case can look between the steps and change what passes.

The harness is the IPA and the SM-DP+; nothing is checked here that the card is to check.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from harness.codec import tlv
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.errors import DeviceFault
from harness.roles.es10.download import AuthenticateAnswer, PrepareAnswer
from harness.roles.ipa.download import ctx_params1
from harness.roles.ipa.settings import IpaSettings
from harness.roles.smdp import Order, Smdp
from harness.roles.smdp.messages import (
    Answer,
    AuthenticateClient,
    AuthenticateClientOk,
    GetBoundProfilePackage,
    GetBoundProfilePackageOk,
    InitiateAuthentication,
    InitiateAuthenticationOk,
    Request,
)

if TYPE_CHECKING:
    from harness.lab.clock import Clock
    from harness.profiles import ProfilePackage

Expected = TypeVar("Expected", bound=Answer)


@dataclass(slots=True)
class StepwiseDownload:
    """One order on its way to one card. Each method gives the request for the card that its answer is due to."""

    euicc: EuiccUnderTest
    smdp: Smdp
    profile: ProfilePackage
    clock: Clock
    confirmation_code: str = ""
    """What the order asks its user for; empty: nothing."""
    replaces_keys: bool = False
    """Whether the profile is protected under keys of its own (ReplaceSessionKeys)."""
    retries: bool = False
    """Whether each further session is about the first one's order, and not about a new one."""
    initiated: InitiateAuthenticationOk | None = None
    authenticated: AuthenticateClientOk | None = None
    _order: Order | None = None
    _settings: IpaSettings = field(default_factory=IpaSettings)

    def authenticate_request(self, *, challenge: bytes | None = None, ci_id: bytes | None = None) -> bytes:
        """InitiateAuthentication; the BF38 for the card.

        `challenge` stands in for a fresh one of the card; `ci_id` makes the SM-DP+ use that CI of the card's list.
        """
        challenge = self.euicc.get_euicc_challenge() if challenge is None else challenge
        info1 = self.euicc.get_euicc_info1().raw
        if ci_id is not None:
            info1 = only_ci(info1, ci_id)
        request = InitiateAuthentication(self.smdp.identity.address, challenge, info1)
        self.initiated = found = self._call(request, InitiateAuthenticationOk)
        return tlv.build(
            0xBF38,
            found.server_signed1,
            found.server_signature1,
            found.euicc_ci_key_id,
            found.server_certificate,
            ctx_params1(self._ordered().matching_id, self._settings),
        )

    @property
    def transaction_id(self) -> bytes:
        """The SM-DP+'s transactionId. Raises LookupError before InitiateAuthentication."""
        if self.initiated is None:
            raise LookupError("no session was begun")
        return self.initiated.transaction_id

    def prepare_request(self, answer: AuthenticateAnswer, *, hash_cc: bytes | None = None) -> bytes:
        """AuthenticateClient with the card's answer; the BF21 for the card, with the hash of a Confirmation Code."""
        request = AuthenticateClient(self.transaction_id, answer.raw)
        self.authenticated = found = self._call(request, AuthenticateClientOk)
        hashed = b"" if hash_cc is None else tlv.build(0x04, hash_cc)
        return tlv.build(0xBF21, found.smdp_signed2, found.smdp_signature2, hashed, found.smdp_certificate)

    def bound_package(self, answer: PrepareAnswer) -> bytes:
        """GetBoundProfilePackage with the card's answer; the BF36 for the card."""
        request = GetBoundProfilePackage(self.transaction_id, answer.raw)
        return self._call(request, GetBoundProfilePackageOk).bound_profile_package

    def up_to_package(self) -> bytes:
        """All steps up to the bound profile package. Raises DeviceFault where the card refuses one."""
        authenticated = self.euicc.authenticate_server(self.authenticate_request())
        if not authenticated.is_ok:
            raise DeviceFault(f"AuthenticateServer: error {authenticated.error_code}")
        prepared = self.euicc.prepare_download(self.prepare_request(authenticated))
        if not prepared.is_ok:
            raise DeviceFault(f"PrepareDownload: error {prepared.error_code}")
        return self.bound_package(prepared)

    def _ordered(self) -> Order:
        if self._order is None or not self.retries:
            self._order = self.smdp.order(
                self.profile, confirmation_code=self.confirmation_code, replaces_keys=self.replaces_keys
            )
        return self._order

    def _call(self, request: Request, expected: type[Expected]) -> Expected:
        """One ES9+ call that a conforming card's answers make succeed. Raises DeviceFault with the SM-DP+'s reason."""
        answer = self.smdp.call(request, self.clock.utc())
        if not isinstance(answer, expected):
            raise DeviceFault(f"the SM-DP+ refused {type(request).__name__}: {answer}")
        return answer


def only_ci(euicc_info1: bytes, ci_id: bytes) -> bytes:
    """The same EUICCInfo1 as if the card knew this CI alone."""
    version = tlv.parse(euicc_info1).get(0x82).raw
    key = tlv.build(0x04, ci_id)
    return tlv.build(0xBF20, version, tlv.build(0xA9, key), tlv.build(0xAA, key))
