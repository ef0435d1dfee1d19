"""The compact forms of ESipa, for an IPA with minimizeEsipaBytes (SGP.32 v1.2 §6.3).

Rules of this room:
- What the eIM has already is left out; the eIM rebuilds the full structure, which is what the card signed. So nothing is
  left out that this eIM was not told or did not make itself.
- What is signed goes in as the octets that the card gave.
- A message that has no compact form, such as an error, stays as it is.
"""

from __future__ import annotations

from harness.codec import tlv

_SIGNATURE = 0x5F37
INFO2, EUM_CERTIFICATE, EUICC_CERTIFICATE = 0xBF22, 0xA5, 0xA6
"""Data objects of IpaEuiccData whose contents an eIM needs to rebuild an AuthenticateServerResponse."""


def authenticate_response(full: bytes, told: frozenset[int], ctx_params1_is_known: bool) -> bytes:
    """BF38 with compactAuthenticateResponseOk. `told` are data objects that this eIM has had of this card."""
    outer = tlv.parse(full)
    ok = outer.find(0xA0)
    if ok is None:
        return full
    signed, signature, euicc, eum = ok.children
    parts = [_compact_signed1(signed, ctx_params1_is_known) if INFO2 in told else signed.raw, signature.raw]
    if EUICC_CERTIFICATE not in told:
        parts.append(tlv.build(0xA1, euicc.value))
    if EUM_CERTIFICATE not in told:
        parts.append(tlv.build(0xA2, eum.value))
    return tlv.build(outer.tag, tlv.build(0xA2, *parts))


def _compact_signed1(signed: tlv.Tlv, ctx_params1_is_known: bool) -> bytes:
    resource = signed.get(INFO2, 0x84)
    ctx = b"" if ctx_params1_is_known else tlv.build(0xA2, signed.children[-1].raw)
    return tlv.build(0xA0, tlv.build(0x84, resource.value), ctx)


def prepare_response(full: bytes, hash_cc_is_known: bool) -> bytes:
    """BF21 with compactDownloadResponseOk."""
    outer = tlv.parse(full)
    ok = outer.find(0xA0)
    if ok is None:
        return full
    signed, signature = ok.children
    kept = [child.raw for child in signed.children if child.tag == 0x5F49 or (child.tag == 4 and not hash_cc_is_known)]
    return tlv.build(outer.tag, tlv.build(0xA2, tlv.build(0x30, *kept), signature.raw))


def cancel_response(full: bytes) -> bytes:
    """BF41 with compactCancelSessionResponseOk. The reason stays in: only the IPA knows it."""
    outer = tlv.parse(full)
    ok = outer.find(0xA0)
    if ok is None:
        return full
    signed, signature = ok.children
    reason = signed.children[-1]
    return tlv.build(outer.tag, tlv.build(0xA2, tlv.build(0x30, tlv.build(0x80, reason.value)), signature.raw))


def eim_can_rebuild(full: bytes, told: frozenset[int], relayed: frozenset[bytes]) -> bool:
    """Whether this eIM knows what the compact form of a PendingNotification leaves out.

    That is the session of an installation, which it has only where it relayed the download, or else the certificates.
    """
    outer = tlv.parse(full)
    if outer.tag == 0xBF37:
        return outer.get(0xBF27, 0x80).value in relayed
    return {EUM_CERTIFICATE, EUICC_CERTIFICATE} <= told


def pending_notification(full: bytes, eid: bytes | None) -> bytes:
    """compactProfileInstallationResult or compactOtherSignedNotification, the latter with the EID where one is given."""
    outer = tlv.parse(full)
    return _installation_result(outer) if outer.tag == 0xBF37 else _other_notification(outer, eid)


def _installation_result(outer: tlv.Tlv) -> bytes:
    data, signature = outer.get(0xBF27), outer.get(_SIGNATURE)
    metadata = data.get(0xBF2F)
    result = data.get(0xA2).children[0]
    iccid = b"" if metadata.find(0x5A) is not None else tlv.build(0x01, b"\x00")
    compact = tlv.build(
        0xA0,
        data.get(0x80).raw,
        tlv.build(0x02, metadata.get(0x80).value),
        iccid,
        tlv.build(0xA2, _compact_success(result) if result.tag == 0xA0 else result.raw),
    )
    return tlv.build(0xA0, compact, signature.raw)


def _compact_success(result: tlv.Tlv) -> bytes:
    """Octets 14 and 15 of the ISD-P's AID: the others are the same for every ISD-P."""
    response = result.find(0x04)
    aid = tlv.build(0x4F, result.get(0x4F).value[13:15])
    return tlv.build(0xA0, aid, b"" if response is None else response.raw)


def _other_notification(outer: tlv.Tlv, eid: bytes | None) -> bytes:
    named = b"" if eid is None else tlv.build(0x5A, eid)
    return tlv.build(0xA1, named, outer.get(0xBF2F).raw, outer.get(_SIGNATURE).raw)
