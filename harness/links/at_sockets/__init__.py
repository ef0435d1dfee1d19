"""A module's own sockets at its AT port, by maker: 27.007 has none.

Rules of this room:
- What stands here is public: it follows what makers' AT manuals say and what open drivers of their modules do, and a
  comment says where the two differ. Of other makers' modules nothing is known, and nothing is tried.
- Data are printable ASCII without spaces and quotation marks: no escape is needed, and no line of an answer is cut wrong.
- Nothing is slept for: data that a module announces are waited for, and looked for now and then where it announces none.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.links.at_sockets.common import TCP, UDP, Socket, Sockets, exchange
from harness.links.at_sockets.nordic import NordicSockets
from harness.links.at_sockets.quectel import QuectelSockets
from harness.links.at_sockets.simcom import SimcomLpwaSockets, SimcomLteSockets
from harness.links.at_sockets.u_blox import UbloxSockets

__all__ = ["SOCKETS", "TCP", "UDP", "Socket", "Sockets", "exchange"]

SOCKETS: Mapping[str, Sockets] = {
    "u-blox": UbloxSockets(),
    "nordic": NordicSockets(),
    "quectel": QuectelSockets(),
    "simcom": SimcomLteSockets(),
    "simcom-lpwa": SimcomLpwaSockets(),
}
"""By the name that `Habits.sockets` has for them."""
