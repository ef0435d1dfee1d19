"""The rules that a conforming IPA follows, by name. A defect replaces one of them."""

from __future__ import annotations

from harness.roles.ipa import (
    activation,
    compact,
    data,
    delivering,
    download,
    esipa,
    indirect,
    local,
    notifying,
    schedule,
    triggering,
    versions,
    visit,
)
from harness.roles.ipa.ports import ModemPort
from harness.rules import Rules


def _unchanged(value: object) -> object:
    return value


def _connect(modem: ModemPort) -> bool:
    return modem.connect()


CONFORMING = Rules(
    {
        # headers and identity
        "esipa-forms": versions.forms_of,
        "binding-of-message": esipa.binding_of,
        "user-agent": _unchanged,
        "content-type": _unchanged,
        "tls-trust": esipa.tls_trust,
        "answer-fault": esipa.answer_fault,
        "one-answer": esipa.one_answer,
        "eid-told": _unchanged,
        "eid-of-results": _unchanged,
        "plmn-told": _unchanged,
        "state-change": visit.state_change,
        "echoed-transaction-id": _unchanged,
        # polling
        "eims-to-visit": _unchanged,
        "known-eims": lambda found, before: found,
        "goes-on-after-trouble": lambda: True,
        "polls-again": visit.polls_again,
        "due-at-first": lambda now, settings: now,
        "polls-after-local-change": lambda: True,
        "polling-interval": schedule.polling_interval,
        "is-due-at-trigger": lambda failures: True,
        "retry-delay": schedule.retry_delay,
        "wait-asked-for": schedule.wait_asked_for,
        # results
        "package-result": _unchanged,
        "reports-result": lambda results_before: True,
        "results-to-deliver": _unchanged,
        "results-to-remove": delivering.results_to_remove,
        "eims-that-may-inject": esipa.those_that_may_inject,
        "injected-acknowledgements": _unchanged,
        "is-refusal": delivering.is_refusal,
        "refusal-of-a-package": _unchanged,
        "goes-on-after-refusal": lambda: True,
        "reconnects": _connect,
        "rolls-back": visit.rolls_back,
        # data requests
        "emergency-is-active": data.emergency_is_active,
        "ci-key-id-asked-for": _unchanged,
        "tag-list-fault": data.tag_list_fault,
        "data-told": data.data_told,
        "ipa-capabilities": data.ipa_capabilities,
        # downloads
        "smdp-address-sent": indirect.smdp_address_sent,
        "sends-compact-forms": indirect.sends_compact_forms,
        "compact-authentication": compact.authenticate_response,
        "eim-can-rebuild": compact.eim_can_rebuild,
        "download-target": activation.target_of,
        "target-of-an-event": _unchanged,
        "refusal-of-a-trigger": _unchanged,
        "ctx-params": download.ctx_params,
        "confirmation-hash": _unchanged,
        "cancels-sessions": lambda: True,
        "cancel-reason": _unchanged,
        "load-package": download.load_package,
        "download-result": _unchanged,
        "download-error": _unchanged,
        "enables-at-once": triggering.enables_at_once,
        # decisions of the IPA's own
        "change-to-make": local.change_to_make,
        "cause-of-change": local.cause_of,
        # notifications
        "notifications-to-send": notifying.notifications_to_send,
        "may-forget-notification": notifying.may_forget,
        "was-taken": notifying.was_taken,
    }
)
