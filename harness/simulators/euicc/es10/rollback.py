"""ProfileRollback (SGP.32 v1.2 §3.3.2, §5.9.16): the IPA undoes an enable that an eIM allowed it to undo."""

from __future__ import annotations

from dataclasses import replace

from harness.codec import decode, tlv
from harness.codec.tlv import Tlv
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.es10 import notifications
from harness.simulators.euicc.es10.results import result_head, result_signed
from harness.simulators.euicc.es10.switching import switched
from harness.simulators.euicc.state import CardState, RollbackGrant, StoredResult

OK, NOT_ALLOWED, CAT_BUSY, COMMAND_ERROR = 0, 1, 5, 7
_ROLLBACK_RESULT = 0x8C


def profile_rollback(device: Device, request: Tlv) -> Answer:
    """BF58. On success the result of the granting package is discarded and that of the rollback stands in its place."""
    refresh = decode("ProfileRollbackRequest", request.raw)["refreshFlag"]
    grant = device.state.rollback
    if grant is None or not device.rules["rollback-allowed"](device.state, grant):
        return _refused(NOT_ALLOWED)
    if device.rules["ecall-blocks"](device.state, "ProfileRollback"):
        return _refused(COMMAND_ERROR)
    if device.rules["cat-is-busy"](device):
        return _refused(CAT_BUSY)
    state, events = switched(device, device.state, grant.previous_iccid)
    state = device.rules["rollback-used"](state)
    state, sequence = device.rules["next-sequence"](state)
    head = result_head(grant.eim.eim_id, grant.counter, device.rules["echoed-transaction-id"](grant.transaction_id))
    result = result_signed(device, head, sequence, tlv.integer(_ROLLBACK_RESULT, OK), grant.eim, grant.eim_signature)
    state = device.rules["rolled-back-result"](state, grant, StoredResult(sequence, grant.eim.eim_id, result))
    for event, profile in events:
        state = notifications.with_notifications(device, state, profile, event)
    switches = device.rules["refresh-asked-for"]("ProfileRollback", refresh)
    return Answer(tlv.build(0xBF58, tlv.integer(0x02, OK), result), state, switches)


def allowed(state: CardState, grant: RollbackGrant) -> bool:
    """There is a grant, and the profile to return to is still there and disabled."""
    previous = state.profile(grant.previous_iccid)
    return previous is not None and not previous.enabled


def used(state: CardState) -> CardState:
    """The state behind a rollback: it was allowed once."""
    return replace(state, rollback=None)


def result_replaced(state: CardState, grant: RollbackGrant, result: StoredResult) -> CardState:
    """The stored results with that of the granting package replaced by that of the rollback."""
    kept = tuple(stored for stored in state.results if stored.sequence != grant.result_sequence)
    return replace(state, results=(*kept, result))


def _refused(code: int) -> Answer:
    return Answer(tlv.build(0xBF58, tlv.integer(0x02, code)))
