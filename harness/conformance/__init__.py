"""What a case is, how it is judged, and the plugin that runs cases. Suites import `case` and `State` from here."""

from harness.conformance.case import Case, Confidence, State, case

__all__ = ["Case", "Confidence", "State", "case"]
