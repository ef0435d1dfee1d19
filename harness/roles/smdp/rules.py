"""What a conforming SM-DP+ does, by name. A defect replaces an entry."""

from __future__ import annotations

from harness.roles.rsp_server import authentication, euicc_chain, json_envelope
from harness.roles.smdp import (
    announcing,
    asn1_binding,
    authenticate_client,
    binding,
    cancel_session,
    get_bound_profile_package,
    handle_notification,
    initiate_authentication,
    injection,
)
from harness.roles.smdp.es2plus import cancel_order, confirm_order, download_order, release_profile
from harness.rules import Rules

CONFORMING = Rules(
    {
        "address-is-ours": initiate_authentication.address_is_ours,
        "version-is-supported": authentication.version_is_supported,
        "ci-for-the-euicc": initiate_authentication.ci_for_the_euicc,
        "credentials-for-the-euicc": initiate_authentication.credentials_for_the_euicc,
        "server-signed1": initiate_authentication.server_signed1,
        "server-signature1": initiate_authentication.server_signature1,
        "server-certificate": initiate_authentication.server_certificate,
        "euicc-chain": euicc_chain.checked_euicc,
        "euicc-signature1": authentication.euicc_signature1,
        "server-challenge": authenticate_client.server_challenge,
        "order-for": authenticate_client.order_for,
        "order-is-for-this-euicc": authenticate_client.order_is_for_this_euicc,
        "order-is-open": authenticate_client.order_is_open,
        "euicc-suits": authenticate_client.euicc_suits,
        "smdp-signed2": authenticate_client.smdp_signed2,
        "smdp-signature2": authenticate_client.smdp_signature2,
        "smdp-certificate": authenticate_client.smdp_certificate,
        "euicc-signature2": get_bound_profile_package.euicc_signature2,
        "confirmation-code": get_bound_profile_package.confirmation_code,
        "after-a-wrong-code": get_bound_profile_package.after_a_wrong_code,
        "binding-is-for": get_bound_profile_package.binding_is_for,
        "segments": binding.segments,
        "smdp-sign": binding.smdp_sign,
        "profile-keys": binding.replace_session_keys,
        "installation-result-is-genuine": handle_notification.installation_result_is_genuine,
        "notification-is-genuine": handle_notification.notification_is_genuine,
        "after-an-installation": handle_notification.after_an_installation,
        "cancellation-is-genuine": cancel_session.cancellation_is_genuine,
        "asn1-error": asn1_binding.error_code,
        "asn1-answer": asn1_binding.enclosed,
        "response-headers": json_envelope.response_headers,
        "after-a-cancellation": cancel_session.after_a_cancellation,
        "profile-is-available": download_order.profile_is_available,
        "eid-of-order": download_order.eid_of_order,
        "confirmed-eid": confirm_order.confirmed_eid,
        "needs-an-eid": confirm_order.needs_an_eid,
        "matching-id-is-free": confirm_order.matching_id_is_free,
        "after-a-confirmation": confirm_order.after_a_confirmation,
        "profile-is-releasable": release_profile.profile_is_releasable,
        "cancellation-names-the-order": cancel_order.cancellation_names_the_order,
        "order-is-cancellable": cancel_order.order_is_cancellable,
        "event-is-wanted": announcing.event_is_wanted,
        "event-is-over": announcing.event_is_over,
        "tells-of-injection": injection.told,
        "left-of-injection": injection.after_one_more,
    }
)
