"""The IPA of a device, sans-IO: it polls eIMs, executes what they send, and downloads profiles."""

from __future__ import annotations

from harness.roles.ipa.ipa import Incident, Ipa
from harness.roles.ipa.ports import HttpPort, HttpReply, ModemPort, NoAnswer
from harness.roles.ipa.rules import CONFORMING
from harness.roles.ipa.settings import IpaSettings

__all__ = ["CONFORMING", "HttpPort", "HttpReply", "Incident", "Ipa", "IpaSettings", "ModemPort", "NoAnswer"]
