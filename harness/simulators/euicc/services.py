"""What a profile may ask of this card: its services as the header of a profile package names them."""

from __future__ import annotations

from collections.abc import Mapping

SERVICES: Mapping[str, int] = {
    "usim": 1,
    "isim": 2,
    "csim": 3,
    "milenage": 4,
    "cave": 5,
    "tuak128": 6,
    "tuak256": 7,
    "usim-test-algorithm": 8,
    "gba-usim": 10,
    "gba-isim": 11,
    "mbms": 12,
    "eap": 13,
    "javacard": 14,
    "multiple-usim": 16,
    "multiple-isim": 17,
    "multiple-csim": 18,
    "ber-tlv": 19,
    "dfLink": 20,
    "cat-tp": 21,
    "get-identity": 22,
    "profile-a-x25519": 23,
    "profile-b-p256": 24,
    "suciCalculatorApi": 25,
}
"""Services that a profile may ask for here, with their bit in UICCCapability."""
