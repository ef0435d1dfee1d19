"""PrepareDownload and CancelSession (SGP.22 §5.7.5, §5.7.14): the second half of a download's handshake, or its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import decode, encode, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.errors import CertificateError
from harness.simulators.euicc.device import Answer, Device, Purpose
from harness.simulators.euicc.download import Download, Prepared
from harness.simulators.euicc.es10.authentication import chain_holds
from harness.simulators.euicc.session import Session

INVALID_CERTIFICATE, INVALID_SIGNATURE, UNSUPPORTED_CURVE, NO_SESSION_CONTEXT, INVALID_TRANSACTION_ID = 1, 2, 3, 4, 5
UNDEFINED_ERROR = 127
CANCEL_INVALID_TRANSACTION_ID = 5
CANCEL_REASONS = (0, 1, 2, 3, 4, 5, 127)


def prepare_download(device: Device, request: Tlv) -> Answer:
    """BF21: checks the SM-DP+ that binds the profile, and answers with a one-time public key."""
    value = decode("PrepareDownloadRequest", request.raw)
    signed2, transaction_id = request.get(0x30), value["smdpSigned2"]["transactionId"]
    code = _obstacle(device, request, value)
    download = device.session.download
    if code or download is None:
        return Answer(tlv.build(0xBF21, tlv.build(0xA1, tlv.build(0x80, transaction_id), tlv.integer(0x02, code))))
    key, point = _one_time_key(device, value["smdpSigned2"].get("bppEuiccOtpk"))
    certificate = Certificate(value["smdpCertificate"])
    device.session.download = replace(download, prepared=Prepared(key, point, certificate.public_key))
    hash_cc = request.find(0x04)
    euicc_signed2 = tlv.build(
        0x30,
        signed2.get(0x80).raw,
        tlv.build(0x5F49, point),
        device.rules["hash-cc-signed"](hash_cc.raw if hash_cc else b""),
    )
    message = euicc_signed2 + request.get(0x5F37).raw
    signature2 = device.signature(Purpose.PREPARATION, message, download.identity.ci_key_id)
    return Answer(tlv.build(0xBF21, tlv.build(0xA0, euicc_signed2, signature2)))


def _obstacle(device: Device, request: Tlv, value: dict[str, Any]) -> int:
    """The code of the first check that fails; 0 where all hold."""
    download, signed2 = device.session.download, value["smdpSigned2"]
    if download is None:
        return NO_SESSION_CONTEXT
    if not device.rules["transaction-is-open"](download, signed2["transactionId"]):
        return INVALID_TRANSACTION_ID
    if not device.rules["binding-curve"](value["smdpCertificate"]):
        return UNSUPPORTED_CURVE
    if not device.rules["binding-certificate"](download, value["smdpCertificate"]):
        return INVALID_CERTIFICATE
    message = request.get(0x30).raw + download.signature1
    key = Certificate(value["smdpCertificate"]).public_key
    if not device.rules["binding-signature"](key, value["smdpSignature2"], message):
        return INVALID_SIGNATURE
    if not device.rules["confirmation-code-is-there"](value):
        return UNDEFINED_ERROR
    return 0


def transaction_is_open(download: Download, transaction_id: bytes) -> bool:
    """A message belongs to the session that is open by the transactionId that the server gave it."""
    return transaction_id == download.transaction_id


def confirmation_code_is_there(value: dict[str, Any]) -> bool:
    """Where the SM-DP+ wants a Confirmation Code, its hash comes with the request."""
    return "hashCc" in value or not value["smdpSigned2"]["ccRequiredFlag"]


def hash_cc_signed(field: bytes) -> bytes:
    """The hash of the Confirmation Code in euiccSigned2, as it came; empty where there was none."""
    return field


def binding_certificate(download: Download, certificate: bytes) -> bool:
    """CERT.DPpb under the same CI, and of the same SM-DP+ that authenticated itself."""
    try:
        same_server = Certificate(certificate).rid_oid == download.server_oid
    except CertificateError:
        return False
    return same_server and chain_holds(download.identity, certificate, "dp-pb")


def binding_signature(key: ecdsa.PublicKey, signature: bytes, message: bytes) -> bool:
    """smdpSignature2 over smdpSigned2 and euiccSignature1."""
    return ecdsa.verify(key, signature, message)


def one_time_key(device: Device) -> ecdsa.PrivateKey:
    """A new key on the curve of the session's identity."""
    download = device.session.download
    identity = device.identities[0] if download is None else download.identity
    return ecdsa.generate(ecdsa.curve_of(identity.private_key), device.entropy)


def _one_time_key(device: Device, wanted: bytes | None) -> tuple[ecdsa.PrivateKey, bytes]:
    """The key of an earlier attempt where the SM-DP+ names it, else a new one."""
    kept: tuple[ecdsa.PrivateKey, bytes] | None = device.rules["own-one-time-key"](device.session, wanted)
    if kept is not None:
        return kept
    key = device.rules["one-time-key"](device)
    device.session.unused_one_time_key = key, ecdsa.public_key_point(key)
    return device.session.unused_one_time_key


def own_one_time_key(session: Session, wanted: bytes | None) -> tuple[ecdsa.PrivateKey, bytes] | None:
    """The key pair that the SM-DP+ names, where it was given out and not used yet."""
    unused = session.unused_one_time_key
    return unused if unused is not None and unused[1] == wanted else None


def cancel_session(device: Device, request: Tlv) -> Answer:
    """BF41: ends the session and signs why."""
    value = decode("CancelSessionRequest", request.raw)
    download = device.session.download
    if download is None or not device.rules["transaction-is-open"](download, value["transactionId"]):
        return Answer(encode("CancelSessionResponse", ("cancelSessionResponseError", CANCEL_INVALID_TRANSACTION_ID)))
    if value["reason"] not in CANCEL_REASONS:
        return Answer(encode("CancelSessionResponse", ("cancelSessionResponseError", UNDEFINED_ERROR)))
    device.session.download = device.session.installation = None
    fields = {
        "transactionId": download.transaction_id,
        "smdpOid": download.server_oid,
        "reason": value["reason"],
    }
    signed = encode("EuiccCancelSessionSigned", device.rules["cancel-session-fields"](fields))
    signature = device.signature(Purpose.CANCELLATION, signed, download.identity.ci_key_id)
    return Answer(tlv.build(0xBF41, tlv.build(0xA0, signed, signature)))


def cancel_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """What the card signs when a session is cancelled: transactionId, OID of the SM-DP+, the reason given."""
    return fields
