"""A logical channel to the ISD-R and the transport of ES10 commands over it (SGP.22 §5.7.2).

Rules of this room:
- A request goes out as STORE DATA blocks: P1 11 for more, 91 for the last; P2 counts from 0. No Le: the answer comes
  through GET RESPONSE, on the same channel.
- A reset closes the channel; it is opened again at the next use.
- What a channel number does to the class byte is told in one place (`class_byte`).
"""

from __future__ import annotations

from typing import Protocol

from harness.errors import MalformedAnswer
from harness.roles.es10.ports import APDU_DEADLINE, ISD_R, CardPort, ChannelPort
from harness.roles.es10.status import OK, StatusWordFault, is_success, split

_MORE_BLOCKS, _LAST_BLOCK = 0x11, 0x91
_MOST_PARTS = 1024
"""A card that offers more parts than this of one answer (256 kB in full ones) never ends."""
_NO_SUCH_CHANNELS = frozenset({0x6881, 0x6D00, 0x6E00})


class Channel(Protocol):
    """An open way to the selected ISD-R."""

    selected: bytes
    """The answer to SELECT (the FCI); empty where the way to the card does not show it."""

    def store_data(self, request: bytes, *, block_size: int, deadline: float) -> bytes: ...

    def close(self) -> None: ...


def class_byte(base: int, channel: int) -> int:
    """The class byte for a logical channel: 0 to 3 in the low bits, 4 to 19 in the further form (TS 102 221 §10.1.1)."""
    return base | channel if channel <= 3 else base | 0x40 | (channel - 4)


def open_channel(port: CardPort) -> Channel:
    """Opens a logical channel and selects the ISD-R on it.

    A card that knows no further channels is served on the basic one. Raises StatusWordFault where the ISD-R cannot be
    selected.
    """
    if isinstance(port, ChannelPort):
        return _LentChannel(port)
    return _OwnChannel(port)


class _Exchange:
    """STORE DATA and GET RESPONSE over some way of sending one APDU on the channel."""

    def __init__(self, number: int) -> None:
        self._number = number

    def _send(self, command: bytes, deadline: float) -> bytes:
        raise NotImplementedError

    def store_data(self, request: bytes, *, block_size: int, deadline: float) -> bytes:
        """Sends one request TLV and returns the response data, empty where the card gave none."""
        blocks = [request[at : at + block_size] for at in range(0, len(request), block_size)] or [b""]
        for number, block in enumerate(blocks[:-1]):
            command = self._store_data_command(_MORE_BLOCKS, number, block)
            data, sw = split(self._send(command, deadline))
            if not is_success(sw):
                raise StatusWordFault(sw, command)
            if data:
                raise MalformedAnswer("data in the answer to a STORE DATA block that is not the last")
        return self._complete(self._store_data_command(_LAST_BLOCK, len(blocks) - 1, blocks[-1]), 0x80, deadline)

    def _store_data_command(self, p1: int, number: int, block: bytes) -> bytes:
        return bytes([class_byte(0x80, self._number), 0xE2, p1, number & 0xFF, len(block)]) + block

    def _complete(self, command: bytes, response_class: int, deadline: float) -> bytes:
        """The whole answer to one command: follows 61xx with GET RESPONSE and 6Cxx with the length the card names."""
        data, sw = self._once(command, deadline)
        answer = data
        parts = 1
        while sw >> 8 == 0x61:
            get_response = bytes([class_byte(response_class, self._number), 0xC0, 0x00, 0x00, sw & 0xFF])
            data, sw = self._once(get_response, deadline)
            if not data and sw >> 8 == 0x61:
                raise MalformedAnswer("GET RESPONSE gave no data and promises more")
            answer, parts = answer + data, parts + 1
            if parts > _MOST_PARTS:
                raise MalformedAnswer(f"an answer in more than {_MOST_PARTS} parts")
        if not is_success(sw):
            raise StatusWordFault(sw, command)
        return answer

    def _once(self, command: bytes, deadline: float) -> tuple[bytes, int]:
        """One command, sent again with the length that the card names where it answers 6Cxx."""
        data, sw = split(self._send(command, deadline))
        if sw >> 8 == 0x6C:
            header_only = len(command) <= 5
            again = (command[:4] if header_only else command) + bytes([sw & 0xFF])
            data, sw = split(self._send(again, deadline))
        return data, sw


class _OwnChannel(_Exchange):
    """A channel opened with MANAGE CHANNEL and SELECT, as on a reader or through AT+CSIM."""

    def __init__(self, port: CardPort) -> None:
        self._port = port
        super().__init__(self._manage_channel())
        select = bytes([class_byte(0x00, self._number), 0xA4, 0x04, 0x00, len(ISD_R)]) + ISD_R
        self.selected = self._complete(select, 0x00, APDU_DEADLINE)

    def _manage_channel(self) -> int:
        command = bytes.fromhex("0070000001")
        data, sw = split(self._port.transmit(command, deadline=APDU_DEADLINE))
        if sw in _NO_SUCH_CHANNELS:
            return 0
        if not is_success(sw):
            raise StatusWordFault(sw, command)
        if len(data) != 1 or not 1 <= data[0] <= 19:
            raise MalformedAnswer(f"MANAGE CHANNEL gave {data.hex().upper() or 'no channel'}")
        return data[0]

    def _send(self, command: bytes, deadline: float) -> bytes:
        return self._port.transmit(command, deadline=deadline)

    def close(self) -> None:
        if self._number:
            command = bytes([0x00, 0x70, 0x80, self._number, 0x00])
            _, sw = split(self._port.transmit(command, deadline=APDU_DEADLINE))
            if sw != OK and not is_success(sw):
                raise StatusWordFault(sw, command)


class _LentChannel(_Exchange):
    """A channel that the port opens and numbers; it puts the number into the class byte itself."""

    def __init__(self, port: ChannelPort) -> None:
        super().__init__(0)
        self._lent = port.open_channel(ISD_R)
        self.selected = self._lent.select_response[:-2]

    def _send(self, command: bytes, deadline: float) -> bytes:
        return self._lent.transmit(command, deadline=deadline)

    def close(self) -> None:
        self._lent.close()
