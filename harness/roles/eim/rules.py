"""The rules of a conforming eIM, by name. Whatever a defect may break is looked up here."""

from __future__ import annotations

import re

from harness.roles.eim import accepting, authenticate_client, downloads, get_eim_package, packages, relaying
from harness.roles.eim import initiate_authentication as initiate
from harness.roles.eim.trust import why_untrustworthy
from harness.rules import Rules

X_ADMIN_PROTOCOL = "gsma/rsp/v2.1.0"
"""Sent where the request had none."""

_VERSION = re.compile(r"gsma/rsp/v[0-9]+\.[0-9]+\.[0-9]+", re.ASCII)


def unchanged(octets: bytes) -> bytes:
    """The same octets."""
    return octets


def included(transaction_id: bytes) -> bytes | None:
    """The eimTransactionId that goes into a package."""
    return transaction_id


def response_headers(protocol: str | None) -> dict[str, str]:
    """What every answer carries: an IPAe was seen to drop answers without either (SGP.32 v1.2 §6.1).

    The version of the request is given back where it is one.
    """
    if protocol is None or not _VERSION.fullmatch(protocol):
        protocol = X_ADMIN_PROTOCOL
    return {
        "Content-Type": "application/x-gsma-rsp-asn1",
        "X-Admin-Protocol": protocol,
    }


CONFORMING = Rules(
    {
        # GetEimPackage
        "eid-fault": get_eim_package.eid_fault,
        "unknown-eid-answer": get_eim_package.unknown_eid_answer,
        "empty-queue-answer": get_eim_package.empty_queue_answer,
        "next-operation": get_eim_package.next_operation,
        # eUICC Packages
        "next-counter": packages.next_counter,
        "package-transaction-id": included,
        "package-signature-input": packages.signature_input,
        "package-signature": packages.sign,
        # results
        "result-operation": accepting.operation_of,
        "result-names-this-eim": accepting.names_this_eim,
        "result-belongs-to-device": accepting.belongs_to_device,
        "result-is-signed-by-device": accepting.is_signed_by_device,
        "refused-result-answer": accepting.refused_result_answer,
        "acknowledged-numbers": accepting.acknowledged_numbers,
        "closed-operation": accepting.closed_operation,
        "why-certificate-is-untrustworthy": why_untrustworthy,
        # downloads and notifications
        "smdp-address-matches": initiate.smdp_address_matches,
        "transaction-continues": relaying.transaction_continues,
        "euicc-is-expected": authenticate_client.euicc_is_expected,
        "confirmation-code-hash": downloads.confirmation_code_hash,
        "forwarded-notification": unchanged,
        # HTTP
        "response-headers": response_headers,
    }
)
