"""A bound profile package made to measure: what the SM-DP+ of a case would never send, right in all else.

The one-time keys are those of the binding that the SM-DP+ made for the card, so that only what a case changes is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from harness.codec import tlv
from harness.conformance.ours.stepwise import StepwiseDownload
from harness.crypto import ecdsa
from harness.crypto.agreement import session_keys
from harness.roles.smdp import binding
from harness.roles.smdp.binding import Contents, Operation
from harness.roles.smdp.orders import Binding
from harness.roles.smdp.state import Session

FIRST_87, SEQUENCE_OF_88, SECOND_87, SEQUENCE_OF_86 = 0xA0, 0xA1, 0xA2, 0xA3


@dataclass(frozen=True, slots=True)
class Bound:
    """The binding of one download, to make packages of."""

    session: Session
    made: Binding
    contents: Contents

    @classmethod
    def of(cls, download: StepwiseDownload) -> Bound:
        """That of a download which came as far as its package. Raises LookupError before."""
        state = download.smdp.state
        session = state.sessions[download.transaction_id]
        order = state.orders[session.order]
        if order.binding is None:
            raise LookupError("no package was bound in this session")
        return cls(session, order.binding, binding.contents_of(order, session.credentials))

    def package(self, **changes: Any) -> bytes:
        """BF36 with these fields of its Contents changed."""
        return self._package(Operation(self.session.transaction_id), replace(self.contents, **changes))

    def package_for(self, *, smdp_otpk: bytes | None = None, **changes: Any) -> bytes:
        """BF36 with these fields of its Operation changed, or another one-time key, signed all the same."""
        return self._package(replace(Operation(self.session.transaction_id), **changes), self.contents, smdp_otpk)

    def _package(self, operation: Operation, contents: Contents, smdp_otpk: bytes | None = None) -> bytes:
        ours = ecdsa.public_key_point(self.made.smdp_key) if smdp_otpk is None else smdp_otpk
        channel = binding.initialise_secure_channel(
            operation, self.session.credentials, ours, self.made.euicc_otpk, binding.smdp_sign
        )
        keys = session_keys(self.made.smdp_key, self.made.euicc_otpk, host_id=operation.host_id, eid=self.session.eid)
        sequences = binding.sequences(contents, keys, binding.segments)
        return tlv.build(binding.BOUND_PROFILE_PACKAGE, channel, sequences)
