"""The power of the card in a slot, for cases that take it away at a moment of their choice.

- `simulated`: the card loses it at a write of its memory, which is where it matters.
- `wiring`: what a lab file says of the switch that a real card hangs on; `switches` are the switches themselves.
- `mains`: such a switch in use. Nobody sees a real card's writes, so it is cut at moments of time.
"""
