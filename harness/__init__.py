"""The sgp32 conformance harness."""
