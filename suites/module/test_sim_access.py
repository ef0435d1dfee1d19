"""The module and its host share one card. 3GPP TS 27.007 §8.43, ETSI TS 102 221 §11.1.19."""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.devices.module import ModuleUnderTest, session_of
from harness.conformance.steps import CaseSteps
from harness.links.apdu import status_word
from harness.links.at_grammar import AtRefused
from harness.roles.es10.ports import ISD_R
from harness.roles.es10.status import CONDITIONS_NOT_SATISFIED

OPEN = f'AT+CCHO="{ISD_R.hex().upper()}"'
GET_EID = "80E2910006BF3E035C015A"
ATTEMPTS = 10
STATUS_ALONE = 2
"""Octets of a response without data."""


def eid_over(module: ModuleUnderTest) -> bytes | None:
    """The EID over a session of its own, or whatever came in its place; None where the module or the card is not ready.

    A card that was just reset may refuse ES10 until the module has told it again what terminal it is in.
    """
    opened = module.at(OPEN)
    if not opened.ok:
        return None
    session = session_of(opened)
    try:
        answer = module.exchange(session, GET_EID)
    except AtRefused:
        return None
    finally:
        module.at(f"AT+CCHC={session}")
    if len(answer) == STATUS_ALONE:
        return None
    found = tlv.parse(answer[:-2]).find(0x5A) if answer[:2] == b"\xbf\x3e" else None
    return answer if found is None else found.value


@case(
    "MO-009",
    clause="3GPP TS 27.007 §8.43 (+CGLA)",
    area="module",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    catches="mixes-answers-while-registering",
)
def test_access_while_registering(module: ModuleUnderTest, step: CaseSteps) -> None:
    """While the module itself reads its SIM, an APDU of the host waits its turn or is refused; no answer is mixed up."""
    with step("the module has +CCHO: GetEID", precondition=True) as seen:
        module.take_card()
        module.at(f"AT+CCHC={module.open_isd_r()}")
        eid = eid_over(module)
        seen.observed(eid or b"")
        assert eid is not None
    with step("the SIM is taken down and up", precondition=True):
        assert module.switch_radio(0).ok
        assert module.switch_radio(1).ok
    with step(f"GetEID {ATTEMPTS} times at once", expect="the same EID, or an error of the module") as seen:
        found = [eid_over(module) for _ in range(ATTEMPTS)]
        seen.observed(" ".join("busy" if one is None else one.hex() for one in found))
        assert set(found) <= {eid, None}
    with step("GetEID after one more reset of the SIM", expect="the same EID"):
        module.reset_sim()
        module.take_card()
        assert eid_over(module) == eid


@case(
    "MO-010",
    clause="SGP.32 v1.2, ETSI TS 102 221 §11.1.19",
    confidence="likely",
    area="module",
    catches="passes-for-a-plain-terminal",
)
def test_module_declares_its_ipad(module: ModuleUnderTest, step: CaseSteps) -> None:
    """The module tells its card that it knows eUICCs and has an IPAd (83, 84 of TERMINAL CAPABILITY): ES10 is served.

    TERMINAL CAPABILITY itself is not to be seen behind a module. A card that has an IPA of its own does without 84.
    """
    with step("the module has +CCHO", precondition=True):
        module.take_card()
        session = module.open_isd_r()
    with step("GetEID over +CGLA", expect="not 6985") as seen:
        answer = module.exchange(session, GET_EID)
        seen.observed(answer)
        assert status_word(answer) != CONDITIONS_NOT_SATISFIED, "the module does not declare itself to its card"
    module.at(f"AT+CCHC={session}")
