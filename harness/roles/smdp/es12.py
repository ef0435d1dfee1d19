"""ES12 from the SM-DP+'s side: an SM-DS is told that an order waits for an eUICC (SGP.22 v2.5 §5.9, §6.5.2).

The event's name is the order's matchingId, by which the eUICC then asks for it here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from harness.errors import HarnessError
from harness.roles.smdp.identity import SmdpIdentity
from harness.roles.smdp.orders import Order
from harness.roles.smdp.ports import HttpPort
from harness.roles.smdp.status import Refusal, Status

_PATH = "/gsma/rsp2/es12/"
_HEADERS = (("Content-Type", "application/json;charset=UTF-8"), ("X-Admin-Protocol", "gsma/rsp/v2.5.0"))
_SUCCESS = ("Executed-Success", "Executed-WithWarning")
_ADDRESS = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")


def register_event(http: HttpPort | None, identity: SmdpIdentity, order: Order) -> None:
    """RegisterEvent for an order that names its eUICC. Raises Refusal: SMDS_UNREACHABLE, SMDS_FAILED."""
    assert order.eid is not None, "an event is for one eUICC"
    fields = {"eid": order.eid.hex(), "rspServerAddress": identity.address, "eventId": order.matching_id}
    _called(http, identity, order, "registerEvent", {**fields, "forwardingIndicator": False})


def delete_event(http: HttpPort | None, identity: SmdpIdentity, order: Order) -> None:
    """DeleteEvent for the event of an order. Raises Refusal: SMDS_UNREACHABLE, SMDS_FAILED."""
    assert order.eid is not None, "an event is for one eUICC"
    _called(http, identity, order, "deleteEvent", {"eid": order.eid.hex(), "eventId": order.matching_id})


def _called(
    http: HttpPort | None, identity: SmdpIdentity, order: Order, function: str, fields: Mapping[str, object]
) -> None:
    if http is None or not _ADDRESS.fullmatch(order.smds_address):
        raise Refusal(Status.SMDS_UNREACHABLE)
    header = {
        "functionRequesterIdentifier": identity.oid,
        "functionCallIdentifier": f"{function}-{order.number}",
    }
    body = json.dumps({"header": header, **fields}).encode()
    try:
        answer = http.post(f"https://{order.smds_address}{_PATH}{function}", _HEADERS, body)
    except HarnessError as fault:
        raise Refusal(Status.SMDS_UNREACHABLE) from fault
    if answer.status != 200 or not _succeeded(answer.body):
        raise Refusal(Status.SMDS_FAILED)


def _succeeded(body: bytes) -> bool:
    try:
        return json.loads(body)["header"]["functionExecutionStatus"]["status"] in _SUCCESS
    except (ValueError, RecursionError, LookupError, TypeError):
        return False
