"""Fixture profiles at an SM-DP+ that has another address than the one they were described with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.profiles.package import ProfilePackage


def addressed(profiles: Mapping[str, ProfilePackage], described: str, smdp: str) -> Mapping[str, ProfilePackage]:
    """The profiles with the notifications that would go to `described` going to `smdp`."""
    if smdp == described:
        return profiles
    return {
        name: replace(profile, metadata=_addressed(profile.metadata, described, smdp))
        for name, profile in profiles.items()
    }


def _addressed(metadata: Mapping[str, Any], described: str, smdp: str) -> Mapping[str, Any]:
    receivers = metadata.get("notificationConfigurationInfo")
    if receivers is None:
        return metadata
    changed = [
        {**one, "notificationAddress": smdp} if one["notificationAddress"] == described else one for one in receivers
    ]
    return {**metadata, "notificationConfigurationInfo": changed}
