"""The IPA's side of the card: ES10 over a logical channel, and the terminal that a card expects around it."""

from __future__ import annotations

from harness.roles.es10.client import Es10
from harness.roles.es10.ports import CardPort, ChannelPort, SessionPort
from harness.roles.es10.status import StatusWordFault
from harness.roles.es10.terminal import IOT_TERMINAL_CAPABILITY, TERMINAL_PROFILE, Refresh, Terminal, TerminalEvent

__all__ = [
    "IOT_TERMINAL_CAPABILITY",
    "TERMINAL_PROFILE",
    "CardPort",
    "ChannelPort",
    "Es10",
    "Refresh",
    "SessionPort",
    "StatusWordFault",
    "Terminal",
    "TerminalEvent",
]
