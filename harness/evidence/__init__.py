"""The record of a run: journals as they happen, their reading, the manifest. The run directory is the only truth."""
