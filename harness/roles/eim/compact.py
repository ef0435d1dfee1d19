"""The compact forms of an IPA with minimizeEsipaBytes, rebuilt to what the eUICC signed (SGP.32 v1.2 §6.3).

Rules of this room:
- A compact form leaves out what the eIM knows already: from the session, from IpaEuiccData, from the certificates of the
  device. The RSP server gets the full form, so each one is rebuilt octet by octet.
- A rebuilt form is sent only where the eUICC's signature holds over it. Where the message leaves something open (the reason
  of a cancellation, the response of an installation), the candidate that was signed is the one that is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.codec import DecodeError, encode, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.errors import CryptoError
from harness.roles.eim import reading
from harness.roles.eim.state import Device, DownloadSession

COMPACT = 0xA2
"""The compact alternative of AuthenticateServerResponse, PrepareDownloadResponse and CancelSessionResponse."""
COMPACT_INSTALLATION, COMPACT_OTHER = 0xA0, 0xA1
"""The compact alternatives of PendingNotification."""
_SIGNATURE = 0x5F37
_REASONS = (0, 1, 2, 3, 4, 5, 127)
_ISDP_AID = (bytes.fromhex("A0000005591010FFFFFFFF8900"), b"\x00")
"""What stands before and behind the two octets of an ISD-P's AID that a compact form keeps (SGP.02 §2.2.3)."""
_NO_SIMA_RESPONSE = (bytes.fromhex("3007A0053003800100"), b"")
"""Where simaResponse is left out: the response of an installation without a fault, or none at all."""


class CannotRebuild(Exception):
    """Something that the eIM would have to know is not known, or nothing that it knows gives what was signed."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the eIM knows of a download beside the message."""

    session: DownloadSession
    device: Device | None

    @property
    def euicc_certificate(self) -> bytes | None:
        return None if self.device is None else self.device.euicc_certificate

    @property
    def eum_certificate(self) -> bytes | None:
        return None if self.device is None else self.device.eum_certificate


def _signed(key_holder: bytes | None, candidates: Iterable[bytes], signature: bytes, ending: bytes = b"") -> bytes:
    """The candidate that the owner of this certificate signed. Raises CannotRebuild."""
    if key_holder is None:
        raise CannotRebuild("the eUICC's certificate is not known")
    try:
        key = Certificate(key_holder).public_key
    except CryptoError as fault:
        raise CannotRebuild(f"the eUICC's certificate cannot be used: {fault}") from fault
    found = next((each for each in candidates if ecdsa.verify(key, signature, each + ending)), None)
    if found is None:
        raise CannotRebuild("the eUICC's signature does not hold over the rebuilt form")
    return found


def _certificate(field: Tlv | None, known: bytes | None, what: str) -> bytes:
    if field is not None:
        return reading.certificate(field)[0]
    if known is None:
        raise CannotRebuild(f"the {what}'s certificate is left out and not known")
    return known


def authenticate_response(response: Tlv, known: Known) -> bytes:
    """BF38 with authenticateResponseOk, from one with compactAuthenticateResponseOk. Raises CannotRebuild, DecodeError."""
    first, *rest = response.get(COMPACT).children
    fields = {child.tag: child for child in rest}
    euicc = _certificate(fields.get(0xA1), known.euicc_certificate, "eUICC")
    eum = _certificate(fields.get(0xA2), known.eum_certificate, "EUM")
    if _SIGNATURE not in fields:
        raise DecodeError("compactAuthenticateResponseOk has no euiccSignature1", offset=response.offset)
    signature = fields[_SIGNATURE]
    signed = _signed(euicc, [first.raw if first.tag == 0x30 else _signed1(first, known)], signature.value)
    return tlv.build(0xBF38, tlv.build(0xA0, signed, signature.raw, euicc, eum))


def _signed1(compact: Tlv, known: Known) -> bytes:
    session = known.session
    data = None if known.device is None else known.device.data
    if data is None or data.euicc_info2 is None:
        raise CannotRebuild("euiccInfo2 is left out and not known")
    resource = compact.get(0x84)
    info2 = tlv.parse(data.euicc_info2)
    fields = [resource.raw if child.tag == 0x84 else child.raw for child in info2.children]
    params = compact.find(0xA2)
    ctx_params1 = session.ctx_params1 if params is None else params.value
    if not ctx_params1:
        raise CannotRebuild("ctxParams1 is left out, and this eIM did not make it")
    server = tlv.parse(session.server_signed1)
    parts = server.get(0x80).raw, server.get(0x83).raw, server.get(0x84).raw
    return tlv.build(0x30, *parts, tlv.build(info2.tag, *fields), ctx_params1)


def prepare_response(response: Tlv, known: Known) -> bytes:
    """BF21 with downloadResponseOk, from one with compactDownloadResponseOk. Raises CannotRebuild, DecodeError."""
    compact, session = response.get(COMPACT), known.session
    data, signature = compact.get(0x30), compact.get(_SIGNATURE)
    own, code = data.find(0x5F49), data.find(0x04)
    key = own.raw if own is not None else _reused_key(session)
    hashes = [code.raw] if code is not None else [session.hash_cc, b""]
    candidates = [tlv.build(0x30, tlv.build(0x80, session.transaction_id), key, each) for each in hashes]
    signed = _signed(known.euicc_certificate, candidates, signature.value, session.smdp_signature2)
    return tlv.build(0xBF21, tlv.build(0xA0, signed, signature.raw))


def _reused_key(session: DownloadSession) -> bytes:
    """The one-time key that the SM-DP+ knows from an earlier try, in smdpSigned2."""
    found = tlv.parse(session.smdp_signed2).find(0x5F49) if session.smdp_signed2 else None
    if found is None:
        raise CannotRebuild("euiccOtpk is left out, and the SM-DP+ named none")
    return found.raw


def cancel_response(response: Tlv, known: Known) -> bytes:
    """The contents of BF41 with cancelSessionResponseOk, from those with the compact form. Raises as above."""
    compact = response.get(COMPACT)
    data, signature = compact.get(0x30), compact.get(_SIGNATURE)
    said = data.find(0x80)
    reasons = _REASONS if said is None else (reading.integer(said),)
    signed = _signed(
        known.euicc_certificate, [_cancellation(known.session, reason) for reason in reasons], signature.value
    )
    return tlv.build(0xA0, signed, signature.raw)


def _cancellation(session: DownloadSession, reason: int) -> bytes:
    parts = tlv.build(0x80, session.transaction_id), tlv.build(0x81, _oid(session)), tlv.integer(0x82, reason)
    return tlv.build(0x30, *parts)


def _oid(session: DownloadSession) -> bytes:
    """The octets of the SM-DP+'s OID."""
    if not session.server_oid:
        raise CannotRebuild("the OID of the SM-DP+ is not known")
    value = {"transactionId": session.transaction_id, "smdpOid": session.server_oid, "reason": 0}
    return tlv.parse(encode("EuiccCancelSessionSigned", value)).get(0x81).value


def session_named(item: Tlv) -> bytes | None:
    """The transactionId in a compact ProfileInstallationResult; None for anything else."""
    found = item.find(COMPACT_INSTALLATION, 0x80) if item.tag == COMPACT_INSTALLATION else None
    return None if found is None else found.value


def installation_result(item: Tlv, known: Known) -> bytes:
    """BF37, from a compactProfileInstallationResult. Raises CannotRebuild, DecodeError."""
    data, signature = item.get(COMPACT_INSTALLATION), item.get(_SIGNATURE)
    flag = data.find(0x01)
    has_iccid = flag is None or flag.value != b"\x00"
    iccid = _iccid(known.session) if has_iccid else b""
    metadata = tlv.build(
        0xBF2F,
        tlv.build(0x80, data.get(0x02).value),
        tlv.build(0x81, b"\x07\x80"),
        tlv.build(0x0C, known.session.smdp_address.encode()),
        iccid,
    )
    final = reading.only_child(data.get(0xA2))
    oid = tlv.build(0x06, _oid(known.session))
    candidates = [
        tlv.build(0xBF27, tlv.build(0x80, known.session.transaction_id), metadata, oid, tlv.build(0xA2, each))
        for each in _final_results(final)
    ]
    return tlv.build(0xBF37, _signed(known.euicc_certificate, candidates, signature.value), signature.raw)


def _iccid(session: DownloadSession) -> bytes:
    found = tlv.parse(session.metadata).find(0x5A) if session.metadata else None
    if found is None:
        raise CannotRebuild("the ICCID is left out, and no metadata of this session is known")
    return found.raw


def _final_results(final: Tlv) -> Sequence[bytes]:
    if final.tag != 0xA0:
        return [final.raw]
    before, behind = _ISDP_AID
    aid = tlv.build(0x4F, before + final.get(0x4F).value + behind)
    said = final.find(0x04)
    responses = _NO_SIMA_RESPONSE if said is None else (said.value,)
    return [tlv.build(0xA0, aid, tlv.build(0x04, response)) for response in responses]


def other_notification(item: Tlv, device: Device | None) -> bytes:
    """OtherSignedNotification, from a compactOtherSignedNotification. Raises CannotRebuild, DecodeError."""
    metadata, signature = item.get(0xBF2F), item.get(_SIGNATURE)
    euicc = _certificate(None, None if device is None else device.euicc_certificate, "eUICC")
    eum = _certificate(None, None if device is None else device.eum_certificate, "EUM")
    return tlv.build(0x30, _signed(euicc, [metadata.raw], signature.value), signature.raw, euicc, eum)
