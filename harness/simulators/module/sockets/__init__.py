"""The sockets of a simulated module, by makers' commands."""

from __future__ import annotations

from collections.abc import Mapping

from harness.simulators.module.modem import Handler
from harness.simulators.module.sockets import nordic, quectel, simcom, u_blox
from harness.simulators.module.sockets.common import address_of, connect, received

__all__ = ["COMMANDS", "address_of", "connect", "received"]

COMMANDS: Mapping[str, Handler] = {
    **u_blox.COMMANDS,
    **nordic.COMMANDS,
    **quectel.COMMANDS,
    **simcom.LTE_COMMANDS,
    **simcom.LPWA_COMMANDS,
}
"""Of all makers. Which of them a module has is its dialect's."""
