"""What a conforming SM-DS does, by name. A defect replaces an entry."""

from __future__ import annotations

from harness.roles.rsp_server import authentication, euicc_chain, json_envelope
from harness.roles.smds import authenticate_client, events, initiate_authentication
from harness.rules import Rules

CONFORMING = Rules(
    {
        "address-is-ours": authentication.address_is_ours,
        "version-is-supported": authentication.version_is_supported,
        "credentials-for-the-euicc": initiate_authentication.credentials_for_the_euicc,
        "server-signed1": initiate_authentication.server_signed1,
        "server-signature1": initiate_authentication.server_signature1,
        "euicc-chain": euicc_chain.checked_euicc,
        "euicc-signature1": authentication.euicc_signature1,
        "server-challenge": authenticate_client.server_challenge,
        "events-for": authenticate_client.events_for,
        "event-is-new": events.event_is_new,
        "with-event": events.with_event,
        "event-to-delete": events.event_to_delete,
        "without-event": events.without_event,
        "response-headers": json_envelope.response_headers,
    }
)
