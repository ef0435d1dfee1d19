"""An event from its registration to its deletion. SGP.22 v2.5 §5.9 (ES12), §5.8.2 (ES11.AuthenticateClient), §3.6.

A server registers an event for one EID; the eUICC with it is told of all its events, the oldest first, or of the one that
it asks for; the server deletes it.
"""

from __future__ import annotations

from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.es9 import SUCCESS, Es9Download
from harness.conformance.servers.es12 import Es12, entries
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.smds import Smds

EVENT_EXISTS, UNKNOWN_EVENT = "8.9.5/3.3", "8.9.5/3.9"
OTHER_EID = bytes.fromhex("89049032123451234512345678901235")
FIRST, SECOND = ("EVENT-1", "smdp.harness.test"), ("EVENT-2", "other-smdp.example.com")
ANOTHERS = ("EVENT-3", "smdp.harness.test")


@case(
    "DP-008",
    clause="SGP.22 v2.5 §5.9.1, §5.9.2, §5.8.2",
    area="smds",
    catches=(
        "shows-events-of-other-euiccs",
        "ignores-the-event-asked-for",
        "hides-that-an-event-is-unknown",
        "tells-newest-event-first",
        "keeps-one-event-for-each-euicc",
        "registers-an-event-twice",
        "deletes-events-of-other-euiccs",
        "keeps-deleted-events",
    ),
)
def test_events(es11: ServerUnderTest, card: EuiccUnderTest, smds: Smds, step: CaseSteps) -> None:
    """An event is told to the eUICC that it was registered for, and to no other, until it is deleted."""
    es12 = Es12(es11)

    def asked(event_id: str | None = None) -> tuple[str, list[tuple[str, str]]]:
        answer = Es9Download(es11, card, smds.identity.address, event_id).to_client()
        return answer.status, entries(answer)

    with step("an eUICC without events", expect="success, and an empty list") as seen:
        status, events = asked()
        seen.observed(f"{status}, {events}")
        assert (status, events) == (SUCCESS, [])
    with step("register two events for the card and one for another eUICC", expect=SUCCESS) as seen:
        registered = [(card.eid, FIRST), (card.eid, SECOND), (OTHER_EID, ANOTHERS)]
        statuses = [es12.register(eid, *event).status for eid, event in registered]
        seen.observed(", ".join(statuses))
        assert statuses == [SUCCESS] * 3
    with step("the card asks", expect="its two events and no other") as seen:
        status, events = asked()
        seen.observed(f"{status}, {events}")
        assert status == SUCCESS
        assert sorted(events) == [FIRST, SECOND]
    with step("the order of what it was told", expect="the oldest first", confidence="likely") as seen:
        seen.observed(str(events))
        assert events == [FIRST, SECOND]
    with step("the card asks for one event", expect="this one") as seen:
        status, events = asked(SECOND[0])
        seen.observed(f"{status}, {events}")
        assert (status, events) == (SUCCESS, [SECOND])
    for name, event_id in (("an event that nobody registered", "EVENT-9"), ("an event of another eUICC", ANOTHERS[0])):
        with step(f"the card asks for {name}", expect=UNKNOWN_EVENT, confidence="likely") as seen:
            status, events = asked(event_id)
            seen.observed(f"{status}, {events}")
            assert status == UNKNOWN_EVENT
    with step("register the first event again", expect=EVENT_EXISTS, confidence="likely") as seen:
        answer = es12.register(card.eid, *FIRST)
        seen.observed(answer.status)
        assert answer.status == EVENT_EXISTS
    for name, eid, event_id in (
        ("an event that nobody registered", card.eid, "EVENT-9"),
        ("an event under an EID that it is not for", card.eid, ANOTHERS[0]),
    ):
        with step(f"delete {name}", expect=UNKNOWN_EVENT, confidence="likely") as seen:
            answer = es12.delete(eid, event_id)
            seen.observed(answer.status)
            assert answer.status == UNKNOWN_EVENT
    with step("delete the first event; the card asks", expect="success, and the second event alone") as seen:
        answer = es12.delete(card.eid, FIRST[0])
        status, events = asked()
        seen.observed(f"{answer.status}; {status}, {events}")
        assert answer.status == SUCCESS
        assert (status, events) == (SUCCESS, [SECOND])
