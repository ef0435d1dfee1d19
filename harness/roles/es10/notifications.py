"""Notifications and stored results (SGP.22 §5.7.9 to §5.7.11, SGP.32 v1.2 §5.9.11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.codec import DecodeError, tlv
from harness.errors import MalformedAnswer
from harness.roles.es10.packages import PackageAnswer, SentPackages, package_answer
from harness.roles.es10.reading import (
    SIGNATURE,
    Verifier,
    bits,
    certificate_der,
    decoded,
    inside,
    parsed,
    part,
    signed_by,
)
from harness.roles.es10.versions import V1_2, Dialect

INSTALL, ENABLE, DISABLE, DELETE = range(4)
"""Bits of NotificationEvent."""

_INSTALLATION_RESULT = 0xBF37
_METADATA = 0xBF2F
_JOINT_LIST = 0xA3


@dataclass(frozen=True, slots=True)
class NotificationMetadata:
    """What a notification is about, BF2F."""

    raw: bytes
    sequence_number: int
    events: frozenset[int]
    address: str
    iccid: bytes | None

    @classmethod
    def of(cls, raw: bytes) -> NotificationMetadata:
        value = decoded("NotificationMetadata", raw)
        return cls(
            raw,
            value["seqNumber"],
            bits(value["profileManagementOperation"]),
            value["notificationAddress"],
            value.get("iccid"),
        )


@dataclass(frozen=True, slots=True)
class PendingNotification:
    """One notification as the eUICC keeps it: a ProfileInstallationResult (BF37) or another signed one (30)."""

    raw: bytes
    metadata: NotificationMetadata
    signature: bytes
    certificate: bytes
    """The eUICC certificate that came with it; empty in a ProfileInstallationResult."""
    eum_certificate: bytes
    signed: bytes
    """The octets that the signature covers: BF27 or BF2F, as received."""

    @property
    def is_installation_result(self) -> bool:
        return self.raw[:2] == b"\xbf\x37"

    def signature_is_valid(self, verifier: Verifier) -> bool:
        return signed_by(verifier, self.signature, self.signed)

    @classmethod
    def of(cls, raw: bytes) -> PendingNotification:
        """Reads one PendingNotification in its full form. Raises MalformedAnswer."""
        try:
            outer = tlv.parse(raw)
        except DecodeError as error:
            raise MalformedAnswer(f"a notification is not one TLV: {error}") from error
        if outer.tag == _INSTALLATION_RESULT:
            decoded("ProfileInstallationResult", raw)
            data = part(outer, 0xBF27)
            metadata = NotificationMetadata.of(part(data, _METADATA).raw)
            return cls(raw, metadata, part(outer, SIGNATURE).value, b"", b"", data.raw)
        if outer.tag != 0x30:
            raise MalformedAnswer(f"a pending notification cannot begin with {outer.tag:X}")
        decoded("OtherSignedNotification", raw)
        signed = part(outer, _METADATA)
        certificates = [certificate_der(child) for child in inside(outer) if child.tag == 0x30]
        return cls(
            raw,
            NotificationMetadata.of(signed.raw),
            part(outer, SIGNATURE).value,
            certificates[0],
            certificates[1],
            signed.raw,
        )


@dataclass(frozen=True, slots=True)
class NotificationsAnswer:
    """ES10b.RetrieveNotificationsList, BF2B."""

    raw: bytes
    form: str
    """The tag of the alternative: A0 notifications, A2 package results, A3 both (v1.0), 81 error."""
    error: int | None
    pending: tuple[PendingNotification, ...]
    results: tuple[PackageAnswer, ...]

    @classmethod
    def of(cls, raw: bytes, dialect: Dialect = V1_2, sent: SentPackages | None = None) -> NotificationsAnswer:
        within = inside(parsed(raw, 0xBF2B))
        forms = (0xA0, 0x81, 0xA2, *dialect.more_notification_forms)
        if len(within) != 1 or within[0].tag not in forms:
            raise MalformedAnswer(f"RetrieveNotificationsList answered with {[f'{child.tag:X}' for child in within]}")
        [choice] = within
        if choice.tag == 0x81:
            return cls(raw, "81", int.from_bytes(choice.value, "big"), (), ())
        if choice.tag == 0xA2:
            return cls(raw, "A2", None, (), tuple(package_answer(child.raw, dialect, sent) for child in inside(choice)))
        if choice.tag == _JOINT_LIST:
            pending, results = (inside(part(choice, tag)) for tag in (0xA0, 0xA1))
            return cls(
                raw,
                "A3",
                None,
                tuple(PendingNotification.of(child.raw) for child in pending),
                tuple(package_answer(child.raw, dialect, sent) for child in results),
            )
        return cls(raw, "A0", None, tuple(PendingNotification.of(child.raw) for child in inside(choice)), ())


def notification_list(raw: bytes) -> tuple[NotificationMetadata, ...]:
    """The answer to ListNotification, BF28. Raises MalformedAnswer, also for an error answer."""
    outer = parsed(raw, 0xBF28)
    return tuple(NotificationMetadata.of(child.raw) for child in inside(part(outer, 0xA0)))


def removal_status(raw: bytes) -> int:
    """The answer to NotificationSent, BF30: 0 ok, 1 nothing to delete, 127."""
    value: dict[str, Any] = decoded("NotificationSentResponse", raw)
    return int(value["deleteNotificationStatus"])
