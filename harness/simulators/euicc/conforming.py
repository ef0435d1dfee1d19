"""The rule table of a card that keeps to the standard. A defect replaces entries of it, and nothing else.

Each name says what the rule decides or does; its arguments and result are those of the function here.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.rules import Rule, Rules
from harness.simulators.euicc import channels, device, elements, files, terminal, transport
from harness.simulators.euicc.es10 import (
    addresses,
    authentication,
    connectivity,
    eco,
    eims,
    emergency,
    es8,
    fallback,
    identity,
    immediate,
    info,
    installation,
    installation_result,
    ipae,
    notifications,
    package,
    packages,
    preparation,
    profiles,
    psmo,
    reset,
    results,
    rollback,
    switching,
)
from harness.simulators.euicc.state import CardState

_Table = Mapping[str, Rule]


def kept(state: CardState) -> CardState:
    """A reset takes nothing from what the card keeps."""
    return state


_INSTRUCTIONS: _Table = {
    "TERMINAL PROFILE": terminal.terminal_profile,
    "FETCH": terminal.fetch,
    "TERMINAL RESPONSE": terminal.terminal_response,
    "MANAGE CHANNEL": channels.manage_channel,
    "SELECT": channels.select,
    "TERMINAL CAPABILITY": terminal.terminal_capability,
    "READ BINARY": files.read_binary,
    "READ RECORD": files.read_record,
    "GET RESPONSE": transport.get_response,
    "STORE DATA": transport.store_data,
    "STATUS": files.status,
}

_FUNCTIONS: _Table = {
    "GetEuiccInfo1": info.get_euicc_info1,
    "GetEuiccInfo2": info.get_euicc_info2,
    "GetRAT": info.get_rat,
    "GetEID": identity.get_eid,
    "GetEuiccChallenge": identity.get_euicc_challenge,
    "GetCerts": identity.get_certs,
    "GetEuiccConfiguredAddresses": addresses.get_configured_addresses,
    "SetDefaultDpAddress": addresses.set_default_dp_address,
    "AddInitialEim": eims.add_initial_eim,
    "GetEimConfigurationData": eims.get_eim_configuration_data,
    "AuthenticateServer": authentication.authenticate_server,
    "PrepareDownload": preparation.prepare_download,
    "LoadBoundProfilePackage": installation.load_bound_profile_package,
    "CancelSession": preparation.cancel_session,
    "GetProfilesInfo": profiles.get_profiles_info,
    "ListNotification": notifications.list_notification,
    "RetrieveNotificationsList": notifications.retrieve_notifications_list,
    "RemoveNotificationFromList": notifications.remove_notification,
    "EuiccMemoryReset": reset.euicc_memory_reset,
    "LoadEuiccPackage": packages.load_euicc_package,
    "ProfileRollback": rollback.profile_rollback,
    "ConfigureImmediateProfileEnabling": immediate.configure,
    "ImmediateEnable": immediate.enable,
    "ExecuteFallbackMechanism": fallback.execute_fallback,
    "ReturnFromFallback": fallback.return_from_fallback,
    "EnableEmergencyProfile": emergency.enable,
    "DisableEmergencyProfile": emergency.disable,
    "GetConnectivityParameters": connectivity.get_connectivity_parameters,
    "IpaeActivation": ipae.ipae_activation,
}

_CARD: _Table = {
    "answer-to-reset": channels.answer_to_reset,
    "state-at-power-on": kept,
    "ci-key-matches": device.ci_key_matches,
    "euicc-signature": device.signed_by,
    "proactive-status": terminal.proactive_status,
    "terminal-is-ready": terminal.terminal_is_ready,
    "terminal-has-ipad": terminal.terminal_has_ipad,
    "after-switch": terminal.after_switch,
    "refresh-asked-for": terminal.refresh_asked_for,
    "cat-is-busy": terminal.cat_is_busy,
    "aid-names-isdr": channels.is_isdr,
    "isdr-fci": channels.isdr_fci,
    "euicc-configuration": channels.euicc_configuration,
    "store-data-chain": transport.chained,
    "long-response": transport.unshortened,
}

_INFORMATION: _Table = {
    "eid": identity.eid,
    "challenge": identity.challenge,
    "certificates": identity.certificates,
    "euicc-info1": info.euicc_info1,
    "euicc-info2": info.euicc_info2,
    "euicc-info2-fields": info.euicc_info2_fields,
    "ipa-mode": info.ipa_mode,
    "authorisation-table": info.authorisation_table,
    "free-memory": info.free_memory,
    "configured-addresses": addresses.configured_addresses,
    "default-address-set": addresses.default_address_set,
    "profile-list": profiles.profile_list,
    "default-profile-tags": profiles.default_tags,
    "connectivity-parameters": connectivity.connectivity_parameters,
    "ipae-activation-result": ipae.activation_result,
}

_EIMS: _Table = {
    "initial-eim-allowed": eims.initial_eim_allowed,
    "initial-eims-kept": eims.initial_eims_kept,
    "initial-eims-refused": eims.initial_eims_refused,
    "eim-is-new": eims.is_new,
    "eim-has-room": eims.has_room,
    "eim-has-key": eims.has_key,
    "eim-token-is-open": eims.token_is_open,
    "eim-counter-in-range": eims.counter_in_range,
    "eim-ci-is-known": eims.ci_is_known,
    "eims-found": eims.eims_found,
    "eim-added": eims.added,
    "eim-updated": eims.updated,
    "eim-configuration-read": eims.configuration_read,
    "eim-key-usable": eims.key_usable,
    "association-token": eims.next_token,
    "eim-list": eims.listed,
    "eim-shown": eims.shown,
    "eims-listed": eco.listed,
    "eims-reset": reset.eims_reset,
    "immediate-enable-is-open": immediate.is_open,
    "immediate-enable-session": immediate.session,
    "immediate-enable-allowed": immediate.is_allowed,
    "immediate-enable-server": immediate.server_is_named,
    "reset-deletes": reset.deletes,
    "reset-result": reset.result_of,
    "immediate-enable-reset": reset.immediate_enable_reset,
    "reset-told": reset.told,
    "default-address-reset": reset.default_address_reset,
}

_DOWNLOAD: _Table = {
    "server-session-is-open": authentication.session_is_open,
    "server-ci-is-known": authentication.ci_is_known,
    "server-certificate-role": authentication.certificate_role,
    "server-certificate-chain": authentication.certificate_chain,
    "server-signature": authentication.signature_holds,
    "server-challenge": authentication.challenge_is_ours,
    "challenge-used": authentication.challenge_used,
    "binding-certificate": preparation.binding_certificate,
    "binding-signature": preparation.binding_signature,
    "transaction-is-open": preparation.transaction_is_open,
    "confirmation-code-is-there": preparation.confirmation_code_is_there,
    "hash-cc-signed": preparation.hash_cc_signed,
    "one-time-key": preparation.one_time_key,
    "cancel-session-fields": preparation.cancel_fields,
    "secure-channel-signature": es8.secure_channel_signature,
    "segment-opened": installation.segment_opened,
    "iccid-is-new": es8.iccid_is_new,
    "policy-rules-authorised": es8.policy_rules_authorised,
    "profile-element": elements.check,
    "installation-progress": installation.nothing_kept,
    "installation-failed": installation_result.failed_state,
    "profile-installed": installation_result.profile_installed,
}

_NOTIFICATIONS: _Table = {
    "next-sequence": notifications.next_sequence,
    "notification-receivers": notifications.receivers,
    "notifications-found": notifications.found,
    "acknowledged": notifications.acknowledged,
    "results-stored": notifications.results_stored,
}

_PACKAGES: _Table = {
    "package-eim-is-known": packages.eim_is_known,
    "package-signature-holds": packages.signature_holds,
    "package-eid-is-ours": packages.eid_is_ours,
    "package-counter-advances": packages.counter_advances,
    "package-counter-in-range": packages.counter_in_range,
    "package-size-fits": packages.size_fits,
    "package-outside-emergency": packages.outside_emergency,
    "package-begun": packages.begun,
    "package-read": package.package_of,
    "unknown-command": packages.unknown_command,
    "command-ends-package": packages.ends_package,
    "results-kept": packages.results_kept,
    "package-signing-input": results.package_signing_input,
    "package-refusal": packages.refusal,
    "counter-taken": packages.counter_taken,
    "echoed-transaction-id": results.echoed,
    "result-signing-input": results.result_signing_input,
    "ecall-blocks": emergency.blocks,
    "emergency-begun": emergency.begun,
    "emergency-ended": emergency.ended,
    "emergency-told": emergency.told,
    "fallback-executed": fallback.fallback_executed,
    "fallback-remembered": fallback.remembered,
    "fallback-left": fallback.fallback_left,
    "rollback-grant": packages.granted,
    "rollback-allowed": rollback.allowed,
    "rollback-used": rollback.used,
    "rolled-back-result": rollback.result_replaced,
    "psmo-enable": psmo.enable,
    "psmo-disable": psmo.disable,
    "psmo-delete": psmo.delete,
    "psmo-listProfileInfo": psmo.list_profile_info,
    "psmo-getRAT": psmo.get_rat,
    "psmo-configureImmediateEnable": psmo.configure_immediate_enable,
    "psmo-setFallbackAttribute": psmo.set_fallback_attribute,
    "psmo-unsetFallbackAttribute": psmo.unset_fallback_attribute,
    "psmo-setDefaultDpAddress": psmo.set_default_dp_address,
    "eco-addEim": eco.add_eim,
    "eco-deleteEim": eco.delete_eim,
    "eco-updateEim": eco.update_eim,
    "eco-listEim": eco.list_eim,
    "enable-result": psmo.enable_result,
    "disable-result": psmo.disable_result,
    "delete-result": psmo.delete_result,
    "may-be-disabled": switching.may_be_disabled,
    "rollback-is-possible": psmo.rollback_is_possible,
    "enabled": switching.now_enabled,
    "disabled": switching.now_disabled,
    "implicitly-disabled": switching.now_disabled,
    "deleted": switching.now_deleted,
    "switch-events": switching.all_events,
}

CONFORMING = Rules(
    {
        **_INSTRUCTIONS,
        **_FUNCTIONS,
        **_CARD,
        **_INFORMATION,
        **_EIMS,
        **_DOWNLOAD,
        **_NOTIFICATIONS,
        **_PACKAGES,
    }
)
