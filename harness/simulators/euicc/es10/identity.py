"""Who the card is: GetEID (SGP.22 §5.7.20), GetCerts (SGP.32 v1.2 §5.9.10), GetEuiccChallenge (SGP.22 §5.7.7)."""

from __future__ import annotations

from harness.codec import DecodeError, decode, encode, tlv
from harness.codec.tlv import Tlv
from harness.simulators.euicc.credentials import Identity
from harness.simulators.euicc.device import Answer, Device

EID = 0x5A
INVALID_CI_KEY_ID = 1
CHALLENGE_LENGTH = 16


def get_eid(device: Device, request: Tlv) -> Answer:
    """BF3E with a tag list of exactly 5A."""
    if decode("GetEuiccDataRequest", request.raw)["tagList"] != bytes([EID]):
        raise DecodeError("the only tag to be asked for is 5A", offset=request.offset)
    return Answer(tlv.build(0xBF3E, tlv.build(EID, device.rules["eid"](device))))


def eid(device: Device) -> bytes:
    """The EID, always the same."""
    return device.config.eid


def get_euicc_challenge(device: Device, request: Tlv) -> Answer:
    """A fresh challenge; the one before is void."""
    decode("GetEuiccChallengeRequest", request.raw)
    device.session.challenge = device.rules["challenge"](device)
    return Answer(tlv.build(0xBF2E, tlv.build(0x80, device.session.challenge)))


def challenge(device: Device) -> bytes:
    """16 unpredictable octets."""
    return device.entropy.bytes(CHALLENGE_LENGTH)


def get_certs(device: Device, request: Tlv) -> Answer:
    """EUM and eUICC certificate under the CI asked for, or under the preferred one."""
    identity = device.identity(decode("GetCertsRequest", request.raw).get("euiccCiPKId"))
    if identity is None:
        return Answer(encode("GetCertsResponse", ("getCertsError", INVALID_CI_KEY_ID)))
    eum, euicc = device.rules["certificates"](identity)
    return Answer(encode("GetCertsResponse", ("certs", {"eumCertificate": eum, "euiccCertificate": euicc})))


def certificates(identity: Identity) -> tuple[bytes, bytes]:
    """EUM certificate and eUICC certificate, as DER."""
    return identity.eum_certificate, identity.certificate
