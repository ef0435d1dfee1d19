"""What an eUICC answers during a profile download (SGP.22 §5.7.5, §5.7.6, §5.7.13, §5.7.14)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.codec import tlv
from harness.errors import MalformedAnswer
from harness.roles.es10.notifications import NotificationMetadata
from harness.roles.es10.reading import SIGNATURE, Verifier, certificate_der, decoded, inside, parsed, part, signed_by


@dataclass(frozen=True, slots=True)
class AuthenticateAnswer:
    """ES10b.AuthenticateServer, BF38."""

    raw: bytes
    transaction_id: bytes
    error_code: int | None
    signed: bytes
    """euiccSigned1 as received; empty after an error, like everything below."""
    signature: bytes
    """euiccSignature1: the octets under 5F37."""
    euicc_certificate: bytes
    eum_certificate: bytes

    @property
    def is_ok(self) -> bool:
        """Whether the card went along; the fields below `error_code` are empty where it did not."""
        return self.error_code is None

    def signature_is_valid(self, verifier: Verifier) -> bool:
        """Whether the signature holds over the octets received; False for an error, which carries none."""
        return self.is_ok and signed_by(verifier, self.signature, self.signed)

    @classmethod
    def of(cls, raw: bytes) -> AuthenticateAnswer:
        kind, value = decoded("AuthenticateServerResponse", raw)
        if kind == "authenticateResponseError":
            return cls(raw, value["transactionId"], value["authenticateErrorCode"], b"", b"", b"", b"")
        if kind != "authenticateResponseOk":
            raise MalformedAnswer(f"AuthenticateServer answered {kind}, a form for ESipa only")
        children = inside(part(parsed(raw, 0xBF38), 0xA0))
        signed, *certificates = [child for child in children if child.tag == 0x30]
        return cls(
            raw,
            value["euiccSigned1"]["transactionId"],
            None,
            signed.raw,
            value["euiccSignature1"],
            certificate_der(certificates[0]),
            certificate_der(certificates[1]),
        )


@dataclass(frozen=True, slots=True)
class PrepareAnswer:
    """ES10b.PrepareDownload, BF21."""

    raw: bytes
    transaction_id: bytes
    error_code: int | None
    signed: bytes
    """euiccSigned2 as received; empty after an error, like everything below."""
    signature: bytes
    euicc_otpk: bytes
    hash_cc: bytes | None

    @property
    def is_ok(self) -> bool:
        """Whether the card went along; the fields below `error_code` are empty where it did not."""
        return self.error_code is None

    def signature_is_valid(self, verifier: Verifier, smdp_signature2: bytes) -> bool:
        """`smdp_signature2` is the 64 octets that the request carried: the signature covers them as a 5F37 TLV."""
        return self.is_ok and signed_by(verifier, self.signature, self.signed, tlv.build(SIGNATURE, smdp_signature2))

    @classmethod
    def of(cls, raw: bytes) -> PrepareAnswer:
        kind, value = decoded("PrepareDownloadResponse", raw)
        if kind == "downloadResponseError":
            return cls(raw, value["transactionId"], value["downloadErrorCode"], b"", b"", b"", None)
        if kind != "downloadResponseOk":
            raise MalformedAnswer(f"PrepareDownload answered {kind}, a form for ESipa only")
        signed = value["euiccSigned2"]
        return cls(
            raw,
            signed["transactionId"],
            None,
            part(parsed(raw, 0xBF21), 0xA0, 0x30).raw,
            value["euiccSignature2"],
            signed["euiccOtpk"],
            signed.get("hashCc"),
        )


@dataclass(frozen=True, slots=True)
class InstallationAnswer:
    """A ProfileInstallationResult, BF37, as ES10b.LoadBoundProfilePackage returns it."""

    raw: bytes
    transaction_id: bytes
    metadata: NotificationMetadata
    smdp_oid: str
    aid: bytes
    """The ISD-P's AID; empty after an error."""
    sima_response: bytes
    command_id: int | None
    """Which part of the package failed (BppCommandId); None after a success."""
    error_reason: int | None
    segments_sent: int
    """How many segments the eUICC was given before it answered; the rest was not sent."""
    signed: bytes
    signature: bytes

    @property
    def is_success(self) -> bool:
        """Whether the profile is installed."""
        return self.error_reason is None

    @property
    def iccid(self) -> bytes | None:
        """Ten octets as on the wire; None where the card did not come to know it."""
        return self.metadata.iccid

    @property
    def sequence_number(self) -> int:
        return self.metadata.sequence_number

    def signature_is_valid(self, verifier: Verifier) -> bool:
        """Whether euiccSignPIR holds over the octets received; an error result is signed too."""
        return signed_by(verifier, self.signature, self.signed)

    @classmethod
    def of(cls, raw: bytes, segments_sent: int = 0) -> InstallationAnswer:
        outer = parsed(raw, 0xBF37)
        value = decoded("ProfileInstallationResult", raw)
        data = value["profileInstallationResultData"]
        kind, final = data["finalResult"]
        succeeded = kind == "successResult"
        signed = part(outer, 0xBF27)
        return cls(
            raw=raw,
            transaction_id=data["transactionId"],
            metadata=NotificationMetadata.of(part(signed, 0xBF2F).raw),
            smdp_oid=data["smdpOid"],
            aid=final["aid"] if succeeded else b"",
            sima_response=final.get("simaResponse", b""),
            command_id=None if succeeded else final["bppCommandId"],
            error_reason=None if succeeded else final["errorReason"],
            segments_sent=segments_sent,
            signed=signed.raw,
            signature=value["euiccSignPIR"],
        )


@dataclass(frozen=True, slots=True)
class CancelSessionAnswer:
    """ES10b.CancelSession, BF41."""

    raw: bytes
    error_code: int | None
    transaction_id: bytes
    smdp_oid: str
    reason: int | None
    signed: bytes
    signature: bytes

    @property
    def is_ok(self) -> bool:
        """Whether the card went along; the fields below `error_code` are empty where it did not."""
        return self.error_code is None

    def signature_is_valid(self, verifier: Verifier) -> bool:
        """Whether the signature holds over the octets received; False for an error, which carries none."""
        return self.is_ok and signed_by(verifier, self.signature, self.signed)

    @classmethod
    def of(cls, raw: bytes) -> CancelSessionAnswer:
        kind, value = decoded("CancelSessionResponse", raw)
        if kind == "cancelSessionResponseError":
            return cls(raw, value, b"", "", None, b"", b"")
        if kind != "cancelSessionResponseOk":
            raise MalformedAnswer(f"CancelSession answered {kind}, a form for ESipa only")
        signed = value["euiccCancelSessionSigned"]
        return cls(
            raw,
            None,
            signed["transactionId"],
            signed["smdpOid"],
            signed["reason"],
            part(parsed(raw, 0xBF41), 0xA0, 0x30).raw,
            value["euiccCancelSessionSignature"],
        )


def segments(bound_profile_package: bytes) -> Iterator[bytes]:
    """The pieces of a bound profile package, each to be sent as one STORE DATA chain (SGP.22 §2.5.5).

    The header of BF36 goes with BF23; A0 and A2 go whole; A1 and A3 give their header first and then each TLV inside.
    Raises DecodeError where the package is not a row of TLVs.
    """
    package = tlv.parse(bound_profile_package)
    header = package.raw[: package.header_length]
    for child in package.children:
        if child.tag in (0xA1, 0xA3):
            yield header + child.raw[: child.header_length]
            yield from (inner.raw for inner in child.children)
        else:
            yield header + child.raw
        header = b""
