"""Devices of somebody else, brought into the state that a case starts from, and left as they were found."""
