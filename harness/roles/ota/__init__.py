"""An operator's OTA platform, as far as ES6 needs it: secured packets to the security domain of its own profile.

Rules of this room:
- It opens no socket and reads no clock: it makes the ENVELOPEs that a terminal would hand to the card, and reads what the
  card answers.
- The layers keep apart: script (TS 102 226), secured packet (TS 102 225), short message (TS 23.040, TS 31.115), ENVELOPE
  (TS 31.111).
"""

from __future__ import annotations

from harness.roles.ota.keys import Keyset, keysets_of
from harness.roles.ota.packets import UNPROTECTED, OpenedPacket, ResponsePacket, Status, open_packet
from harness.roles.ota.platform import OtaPlatform, SecuredMessage
from harness.roles.ota.scripts import requests_in
from harness.roles.ota.short_messages import Joining

__all__ = [
    "UNPROTECTED",
    "Joining",
    "Keyset",
    "OpenedPacket",
    "OtaPlatform",
    "ResponsePacket",
    "SecuredMessage",
    "Status",
    "keysets_of",
    "open_packet",
    "requests_in",
]
