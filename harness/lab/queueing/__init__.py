"""The operator's side of an eIM of somebody else: how its queue is filled, and what became of an operation.

Rules of this room:
- One protocol: an operation's name with its fields, answered by one JSON document or refused with a reason. What is queued
  is written as our own REST interface takes it (`endpoints.rest.eim`).
- `wiring` is what a lab file says; `program` and `rest` carry the protocol; `side` is what cases use of either.
- What does not come about is the lab's fault; what the eIM's operator cannot do is a refusal. Neither is the device's.
- Everything said and answered is told to the observers; a token never is.
"""
