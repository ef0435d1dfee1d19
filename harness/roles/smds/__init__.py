"""An SM-DS of SGP.22 v2.5, as SGP.32 uses it: servers register events for eUICCs (ES12), and eUICCs ask for theirs (ES11).

Rules of this room:
- It opens no socket and reads no clock. A function takes state and request and gives the next state and an answer; HTTPS
  and in-process calls are bindings elsewhere.
- Events are found by the EID that the eUICC proved, and by nothing that a client merely says.
- It is one SM-DS: a request to forward an event is kept with it, and no other SM-DS is told.
- What it does by rule stands in `rules.CONFORMING`.

ES11 goes over the paths of ES9+ (`/gsma/rsp2/es9plus/`), as clients in the field have it; ES12 over `/gsma/rsp2/es12/`. Field
names are those of the ASN.1 module and of independent implementations; the text of SGP.22 was not at hand.
"""

from __future__ import annotations

from harness.roles.rsp_server.status import StatusCode
from harness.roles.smds.facade import Smds
from harness.roles.smds.identity import DEFAULT_ADDRESS, Credentials, SmdsIdentity
from harness.roles.smds.rules import CONFORMING
from harness.roles.smds.state import EventRecord
from harness.roles.smds.status import Status

__all__ = [
    "CONFORMING",
    "DEFAULT_ADDRESS",
    "Credentials",
    "EventRecord",
    "Smds",
    "SmdsIdentity",
    "Status",
    "StatusCode",
]
