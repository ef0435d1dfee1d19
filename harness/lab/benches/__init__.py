"""Slots in use: the device found, its links open and observed, one file a kind of slot."""
