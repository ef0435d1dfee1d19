"""What the cases cover of the eUICC's interface: derived from the schema and from what really crossed a link.

Rules of this room:
- What there is to cover is read off the schema, what is covered off the record of a run. Nobody claims anything by hand.
- Only a judging step of a case that came to a verdict covers: what a state is reached with is not judged by it.
- What is not covered has a reason in `fixtures/coverage`, or it is a hole. A reason that explains nothing is told too, so
  that none outlives the gap that it speaks of.
"""

from __future__ import annotations

from harness.reporting.coverage.reasons import read_reasons
from harness.reporting.coverage.table import Coverage, Row, coverage_of

__all__ = ["Coverage", "Row", "coverage_of", "read_reasons"]
