"""The rules that a conforming IPA follows, by name. A defect replaces one of them."""

from __future__ import annotations

from harness.roles.ipa import data, esipa, indirect, notifying, schedule, visit
from harness.roles.ipa.ports import ModemPort
from harness.rules import Rules


def _unchanged(value: object) -> object:
    return value


def _connect(modem: ModemPort) -> bool:
    return modem.connect()


CONFORMING = Rules(
    {
        # headers and identity
        "user-agent": _unchanged,
        "content-type": lambda: esipa.MEDIA_TYPE,
        "eid-told": _unchanged,
        "plmn-told": _unchanged,
        "state-change": visit.state_change,
        "echoed-transaction-id": _unchanged,
        # polling
        "polls-again": visit.polls_again,
        "polling-interval": schedule.polling_interval,
        "retry-delay": schedule.retry_delay,
        # results
        "package-result": _unchanged,
        "reports-result": lambda results_before: True,
        "results-to-remove": visit.results_to_remove,
        "reconnects": _connect,
        "rolls-back": visit.rolls_back,
        # data requests
        "emergency-is-active": data.emergency_is_active,
        "tag-list-fault": data.tag_list_fault,
        "data-told": data.data_told,
        "ipa-capabilities": data.ipa_capabilities,
        # downloads
        "smdp-address-sent": indirect.smdp_address_sent,
        "download-result": _unchanged,
        "download-error": visit.download_error,
        # notifications
        "notifications-to-send": notifying.notifications_to_send,
        "may-forget-notification": notifying.may_forget,
        "was-taken": notifying.was_taken,
    }
)
