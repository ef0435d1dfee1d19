"""Profile download triggers (BF54) and what the eIM itself knows about the download behind one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from harness.codec import encode


@dataclass(frozen=True, slots=True)
class DownloadOrder:
    """One profile download as the operator ordered it: by activation code, at the default SM-DP+, or through an SM-DS."""

    activation_code: str | None = None
    smdp_address: str | None = None
    """From the activation code; None where the eUICC's default or an SM-DS event will tell."""
    matching_id: str | None = None
    smdp_oid: str | None = None
    """The only SM-DP+ that may serve, by OID; None accepts any."""
    smds_address: str | None = None
    contacts_smds: bool = False
    confirmation_code: str | None = None
    is_told: bool = True
    """False keeps the order at the eIM: the trigger is empty, for an IPA with eimDownloadDataHandling."""


def ordered(
    activation_code: str | None, default_smdp: bool, smds: str | bool, confirmation_code: str | None, is_told: bool
) -> DownloadOrder:
    """The order by one of the three ways; see `Eim.queue_download`. Raises ValueError for none or several ways."""
    if sum((activation_code is not None, default_smdp, bool(smds))) != 1:
        raise ValueError("a download goes by activation code, default SM-DP+ or SM-DS: exactly one")
    if activation_code is not None:
        return _by_activation_code(activation_code, confirmation_code, is_told)
    return DownloadOrder(
        smds_address=smds if isinstance(smds, str) else None,
        contacts_smds=bool(smds),
        confirmation_code=confirmation_code,
        is_told=is_told,
    )


def _by_activation_code(code: str, confirmation_code: str | None, is_told: bool) -> DownloadOrder:
    """An order by activation code (SGP.22 §4.1: `1$ADDRESS$MATCHINGID[$OID[$1]]`).

    A code that cannot be read is sent as it is: the device is to refuse it. Nothing is known of it here then.
    """
    fields = code.removeprefix("LPA:").split("$")
    order = DownloadOrder(code, confirmation_code=confirmation_code, is_told=is_told)
    if len(fields) < 3 or fields[0] != "1" or not fields[1]:
        return order
    oid = fields[3] if len(fields) > 3 and fields[3] else None
    return DownloadOrder(code, fields[1], fields[2] or None, oid, confirmation_code=confirmation_code, is_told=is_told)


def trigger(order: DownloadOrder, transaction_id: bytes | None) -> bytes:
    """The ProfileDownloadTriggerRequest, BF54. Raises EncodeError for a code that the field cannot carry."""
    value: dict[str, object] = {}
    if order.is_told:
        if order.activation_code is not None:
            value["profileDownloadData"] = ("activationCode", order.activation_code)
        elif order.contacts_smds:
            address = {} if order.smds_address is None else {"smdsAddress": order.smds_address}
            value["profileDownloadData"] = ("contactSmds", address)
        else:
            value["profileDownloadData"] = ("contactDefaultSmdp", None)
    if transaction_id is not None:
        value["eimTransactionId"] = transaction_id
    return encode("ProfileDownloadTriggerRequest", value)


def confirmation_code_hash(code: str, transaction_id: bytes) -> bytes:
    """hashCc: SHA-256 of the hashed confirmation code followed by the SM-DP+'s transactionId (SGP.22 §5.7.5)."""
    return hashlib.sha256(hashlib.sha256(code.encode()).digest() + transaction_id).digest()
