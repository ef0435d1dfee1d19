"""The rules of a conforming eIM, by name. Whatever a defect may break is looked up here."""

from __future__ import annotations

from typing import TypeVar

from harness.roles.eim import (
    accepting,
    authenticate_client,
    compact,
    counters,
    data,
    data_requests,
    downloads,
    finding_devices,
    get_bound_profile_package,
    get_eim_package,
    handle_notification,
    http_rules,
    inventory,
    json_binding,
    notifications,
    packages,
    provide_eim_package_result,
    relaying,
    taking_data,
    transfer_eim_package,
)
from harness.roles.eim import initiate_authentication as initiate
from harness.roles.eim.trust import why_untrustworthy
from harness.rules import Rules

Value = TypeVar("Value")


def unchanged(value: Value) -> Value:
    """The same value."""
    return value


def included(transaction_id: bytes) -> bytes | None:
    """The eimTransactionId that goes into a package."""
    return transaction_id


CONFORMING = Rules(
    {
        # GetEimPackage
        "eid-fault": get_eim_package.eid_fault,
        "unknown-eid-answer": get_eim_package.unknown_eid_answer,
        "empty-queue-answer": get_eim_package.empty_queue_answer,
        "next-operation": get_eim_package.next_operation,
        "moved-field": get_eim_package.moved_field,
        "cause-is-understood": get_eim_package.cause_is_understood,
        "after-state-change": get_eim_package.after_state_change,
        "after-cancelling": get_eim_package.after_cancelling,
        "is-expired": get_eim_package.is_expired,
        # eUICC Packages
        "next-counter": packages.next_counter,
        "counter-may-be-used": counters.counter_may_be_used,
        "key-for-device": get_eim_package.key_for_device,
        "package-commands": packages.listed_commands,
        "package-transaction-id": included,
        "kept-association": unchanged,
        "package-signature-input": packages.signature_input,
        "package-signature": packages.sign,
        # results
        "result-operation": accepting.operation_of,
        "result-names-this-eim": accepting.names_this_eim,
        "result-belongs-to-device": accepting.belongs_to_device,
        "result-is-signed-by-device": accepting.is_signed_by_device,
        "refused-result-answer": accepting.refused_result_answer,
        "acknowledged-numbers": accepting.acknowledged_numbers,
        "after-unsigned-error": accepting.after_unsigned_error,
        "unmatched-numbers": accepting.unmatched_numbers,
        "notifications-beside-result": unchanged,
        "result-may-come-as-notification": handle_notification.result_may_come_as_notification,
        "data-request-version": data_requests.version_for,
        "data-told": data.read_data,
        "known-data": taking_data.merged,
        "unnamed-device": finding_devices.device_behind,
        "result-answer-version": provide_eim_package_result.answer_version,
        "closed-operation": accepting.closed_operation,
        "device-after-package": inventory.after_package,
        "after-replay-error": counters.after_replay_error,
        "why-certificate-is-untrustworthy": why_untrustworthy,
        # downloads and notifications
        "eim-transaction-is-known": initiate.eim_transaction_is_known,
        "after-injection-error": transfer_eim_package.after_injection_error,
        "smdp-address-matches": initiate.smdp_address_matches,
        "forbidden-policy-rules": authenticate_client.forbidden_policy_rules,
        "metadata-matches": get_bound_profile_package.metadata_matches,
        "smdp-oid-matches": initiate.smdp_oid_matches,
        "eim-error": relaying.unchanged_code,
        "transaction-continues": relaying.transaction_continues,
        "euicc-is-expected": authenticate_client.euicc_is_expected,
        "confirmation-code-hash": downloads.confirmation_code_hash,
        "forwarded-notification": unchanged,
        "forwarded-cancellation": unchanged,
        "rebuilt-notification": notifications.rebuilt,
        "rebuilt-authentication": compact.authenticate_response,
        "smds-events": authenticate_client.events_of,
        # HTTP
        "json-answer": json_binding.answer_of,
        "checks-server-names": http_rules.checks_server_names,
        "why-not": http_rules.why_not,
        "eim-for-host": http_rules.eim_for_host,
        "response-headers": http_rules.response_headers,
    }
)
