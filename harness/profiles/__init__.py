"""Profiles: described in YAML, built into interoperable profile packages, or taken ready-made.

Rules of this room:
- A profile package is octets plus metadata. Who binds it to an eUICC, and to which, is the SM-DP+'s business.
- What a person writes is checked whole before anything is built: all mistakes at once, each with file and line.
- Built packages rest on no template default; every file says what it holds.
"""

from __future__ import annotations

from harness.profiles.description import Metadata, Owner, ProfileDescription, Receiver, Subscription
from harness.profiles.package import ProfilePackage, build, header_of, ready_made
from harness.profiles.reading import load_profile, load_profiles

__all__ = [
    "Metadata",
    "Owner",
    "ProfileDescription",
    "ProfilePackage",
    "Receiver",
    "Subscription",
    "build",
    "header_of",
    "load_profile",
    "load_profiles",
    "ready_made",
]
