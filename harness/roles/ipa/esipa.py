"""ESipa as the IPA speaks it: the ASN.1 binding over HTTPS (SGP.32 v1.2 §6.1, §6.3).

Rules of this room:
- One path for all functions; the outer tag tells which one it is.
- An answer counts only when its status, its Content-Type and its outer tag are right and it is exactly one TLV. Anything
  else is a BadReply: the IPA keeps what it has and comes back later.
- HandleNotification is answered with success and no body, by 200 or by 204.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.codec import tlv
from harness.roles.es10.eims import EimConfiguration
from harness.roles.ipa.ports import HttpPort, HttpReply
from harness.roles.ipa.reading import BadReply, one
from harness.roles.ipa.settings import RETRIEVE_HTTPS, IpaSettings
from harness.rules import Rules

PATH = "/gsma/rsp2/asn1"
MEDIA_TYPE = "application/x-gsma-rsp-asn1"
LARGEST_REPLY = 1 << 22

GET_EIM_PACKAGE, PROVIDE_RESULT, HANDLE_NOTIFICATION = 0xBF4F, 0xBF50, 0xBF3D


def can_poll(eim: EimConfiguration) -> bool:
    """Whether an eIM is one to poll over HTTPS: it has an address and does not rule the protocol out."""
    return bool(eim.fqdn) and (eim.supported_protocols is None or RETRIEVE_HTTPS in eim.supported_protocols)


@dataclass(frozen=True)
class EsipaClient:
    """One eIM as the IPA reaches it."""

    eim: EimConfiguration
    http: HttpPort
    settings: IpaSettings
    rules: Rules

    def ask(self, request: bytes) -> tlv.Tlv:
        """Sends one message and returns the answer, whose outer tag is that of the request.

        Raises BadReply for an answer that cannot be used and NoAnswer where none came.
        """
        reply = self._post(request)
        if reply.status != 200:
            raise BadReply(f"the eIM answered HTTP {reply.status}")
        media_type = (reply.header("Content-Type") or "").partition(";")[0].strip().lower()
        if media_type != MEDIA_TYPE:
            raise BadReply(f"the eIM's answer is {media_type or 'of no type'}, not {MEDIA_TYPE}")
        if len(reply.body) > LARGEST_REPLY:
            raise BadReply(f"the eIM's answer has {len(reply.body)} octets")
        return one(reply.body, tlv.first(request).tag, "the eIM's answer")

    def tell(self, message: bytes) -> bool:
        """Sends a HandleNotification; whether it was taken. Raises NoAnswer."""
        reply = self._post(message)
        return bool(self.rules["was-taken"](reply.status))

    def _post(self, message: bytes) -> HttpReply:
        return self.http.post(f"https://{self.eim.fqdn}{PATH}", self._headers(), message, trust=self.eim.tls_trust)

    def _headers(self) -> Iterable[tuple[str, str]]:
        user_agent = self.rules["user-agent"](self.settings.user_agent)
        headers = [
            ("Content-Type", self.rules["content-type"]()),
            ("X-Admin-Protocol", self.settings.admin_protocol),
        ]
        return [*headers, ("User-Agent", user_agent)] if user_agent else headers


def get_eim_package(eid: bytes, notify_state_change: bool, cause: int | None, plmn: bytes | None) -> bytes:
    """The GetEimPackageRequest."""
    parts = [tlv.build(0x5A, eid)]
    if notify_state_change:
        parts.append(tlv.build(0x80))
    if cause is not None:
        parts.append(tlv.integer(0x81, cause))
    if plmn is not None:
        parts.append(tlv.build(0x82, plmn))
    return tlv.build(GET_EIM_PACKAGE, *parts)


def provide_result(eid: bytes, result: bytes) -> bytes:
    """The ProvideEimPackageResult around one EimPackageResult."""
    return tlv.build(PROVIDE_RESULT, tlv.build(0x5A, eid), result)


def result_error(transaction_id: bytes | None, code: int) -> bytes:
    """An EimPackageResult that is an eimPackageResultResponseError: 1 invalidPackageFormat, 2 unknownPackage, 127."""
    echo = b"" if transaction_id is None else tlv.build(0x80, transaction_id)
    return tlv.build(0xA0, echo, tlv.integer(0x02, code))


def result_with_notifications(package_result: bytes, notifications: Iterable[bytes]) -> bytes:
    """An EimPackageResult that is an ePRAndNotifications."""
    return tlv.build(0x30, package_result, tlv.build(0xA0, *notifications))


def notification(pending: bytes) -> bytes:
    """The HandleNotification around one PendingNotification."""
    return tlv.build(HANDLE_NOTIFICATION, tlv.build(0xA0, pending))
