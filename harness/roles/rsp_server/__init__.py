"""What SM-DP+ and SM-DS have in common: both prove themselves to an eUICC, and check what it proves (SGP.22 v2.5 §3.0.1).

Rules of this room:
- Only what both do towards an eUICC and whoever carries its messages is here. What SM-DP+ and SM-DS say to each other
  (ES12) is written twice, once on each side, since these two face each other there.
"""
