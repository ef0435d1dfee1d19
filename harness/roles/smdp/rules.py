"""What a conforming SM-DP+ does, by name. A defect replaces an entry."""

from __future__ import annotations

from harness.roles.smdp import (
    authenticate_client,
    binding,
    cancel_session,
    euicc_chain,
    get_bound_profile_package,
    handle_notification,
    initiate_authentication,
    json_binding,
)
from harness.rules import Rules

CONFORMING = Rules(
    {
        "address-is-ours": initiate_authentication.address_is_ours,
        "version-is-supported": initiate_authentication.version_is_supported,
        "ci-for-the-euicc": initiate_authentication.ci_for_the_euicc,
        "credentials-for-the-euicc": initiate_authentication.credentials_for_the_euicc,
        "server-signed1": initiate_authentication.server_signed1,
        "server-signature1": initiate_authentication.server_signature1,
        "euicc-chain": euicc_chain.checked_euicc,
        "euicc-signature1": authenticate_client.euicc_signature1,
        "server-challenge": authenticate_client.server_challenge,
        "order-for": authenticate_client.order_for,
        "order-is-for-this-euicc": authenticate_client.order_is_for_this_euicc,
        "order-is-open": authenticate_client.order_is_open,
        "euicc-suits": authenticate_client.euicc_suits,
        "smdp-signed2": authenticate_client.smdp_signed2,
        "smdp-signature2": authenticate_client.smdp_signature2,
        "euicc-signature2": get_bound_profile_package.euicc_signature2,
        "confirmation-code": get_bound_profile_package.confirmation_code,
        "after-a-wrong-code": get_bound_profile_package.after_a_wrong_code,
        "binding-is-for": get_bound_profile_package.binding_is_for,
        "segments": binding.segments,
        "smdp-sign": binding.smdp_sign,
        "installation-result-is-genuine": handle_notification.installation_result_is_genuine,
        "notification-is-genuine": handle_notification.notification_is_genuine,
        "after-an-installation": handle_notification.after_an_installation,
        "cancellation-is-genuine": cancel_session.cancellation_is_genuine,
        "response-headers": json_binding.response_headers,
        "after-a-cancellation": cancel_session.after_a_cancellation,
    }
)
