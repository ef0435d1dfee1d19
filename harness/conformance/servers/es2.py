"""ES2+ towards an SM-DP+ under test, as an operator uses it; written apart from the SM-DP+ role (SGP.22 v2.5 §5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.conformance.servers.es9 import Es9Answer
from harness.conformance.servers.server import ES2_PATH
from harness.errors import MalformedAnswer

if TYPE_CHECKING:
    from harness.conformance.servers.server import ServerUnderTest

_OK = 200


@dataclass(slots=True)
class Es2:
    """An operator. Fields that are None are left out."""

    server: ServerUnderTest
    calls: int = 0

    def download_order(
        self, *, iccid: str | None = None, profile_type: str | None = None, eid: bytes | None = None
    ) -> Es9Answer:
        """DownloadOrder."""
        return self._called("downloadOrder", iccid=iccid, profileType=profile_type, eid=_digits(eid))

    def confirm_order(
        self,
        iccid: str,
        *,
        release: bool,
        eid: bytes | None = None,
        matching_id: str | None = None,
        smds_address: str | None = None,
    ) -> Es9Answer:
        """ConfirmOrder."""
        return self._called(
            "confirmOrder",
            iccid=iccid,
            eid=_digits(eid),
            matchingId=matching_id,
            smdsAddress=smds_address,
            releaseFlag=release,
        )

    def cancel_order(
        self, iccid: str, final: str, *, eid: bytes | None = None, matching_id: str | None = None
    ) -> Es9Answer:
        """CancelOrder; the profile is then `final`: Available or Unavailable."""
        return self._called(
            "cancelOrder", iccid=iccid, eid=_digits(eid), matchingId=matching_id, finalProfileStatusIndicator=final
        )

    def release_profile(self, iccid: str) -> Es9Answer:
        """ReleaseProfile."""
        return self._called("releaseProfile", iccid=iccid)

    def _called(self, function: str, **fields: Any) -> Es9Answer:
        self.calls += 1
        header = {"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": f"call-{self.calls}"}
        given = {name: value for name, value in fields.items() if value is not None}
        reply = self.server.operate(ES2_PATH + function, {"header": header, **given})
        if reply.status != _OK:
            raise MalformedAnswer(f"{function}: HTTP status {reply.status} for a request that can be read")
        return Es9Answer.of(reply.body, reply.headers)


def _digits(eid: bytes | None) -> str | None:
    return None if eid is None else eid.hex()
