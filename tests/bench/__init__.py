"""The figures that the project promises, measured: `python -m tests.bench`, or `make bench`."""
