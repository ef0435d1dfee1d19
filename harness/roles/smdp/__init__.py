"""An SM-DP+ of SGP.22 v2.5, as SGP.32 uses it: orders, mutual authentication, binding, notifications.

Rules of this room:
- It opens no socket and reads no clock. A function of ES9+ or ES2+ takes state and request and gives the next state, an
  answer and events; HTTPS and in-process calls are bindings elsewhere, and so is the way to an SM-DS.
- Signatures are verified over the octets that came; certificates are passed on as they are.
- What it does by rule stands in `rules.CONFORMING`, and nothing here knows that defects exist.
"""

from __future__ import annotations

from harness.roles.rsp_server.json_envelope import HttpReply
from harness.roles.smdp.facade import Smdp
from harness.roles.smdp.identity import DEFAULT_ADDRESS, Credentials, SmdpIdentity
from harness.roles.smdp.injection import INJECTABLE
from harness.roles.smdp.orders import Order, OrderState
from harness.roles.smdp.rules import CONFORMING
from harness.roles.smdp.status import Status, StatusCode
from harness.roles.smdp.stock import Stock

__all__ = [
    "CONFORMING",
    "DEFAULT_ADDRESS",
    "INJECTABLE",
    "Credentials",
    "HttpReply",
    "Order",
    "OrderState",
    "Smdp",
    "SmdpIdentity",
    "Status",
    "StatusCode",
    "Stock",
]
