"""Scripts for a security domain in the compact form: command APDUs in a row (ETSI TS 102 226 §5.1).

ES6.UpdateMetadata travels in STORE DATA. That its blocks are marked and numbered as in ES10 (SGP.22 §5.7.2) is our reading.
"""

from __future__ import annotations

from collections.abc import Iterator

_STORE_DATA = 0xE2
_LAST = 0x80
MORE_BLOCKS, LAST_BLOCK = 0x11, 0x91
LARGEST_BLOCK = 255


def store_data(request: bytes) -> bytes:
    """The script that hands one request over, in as many blocks as it takes."""
    blocks = [request[at : at + LARGEST_BLOCK] for at in range(0, len(request), LARGEST_BLOCK)]
    marks = [MORE_BLOCKS] * (len(blocks) - 1) + [LAST_BLOCK]
    return b"".join(
        bytes([0x80, _STORE_DATA, mark, number & 0xFF, len(block)]) + block
        for number, (mark, block) in enumerate(zip(marks, blocks, strict=True))
    )


def _commands(script: bytes) -> Iterator[bytes]:
    """The command APDUs of a script. What is cut short comes as it is, and last."""
    while script:
        size = 5 + script[4] if len(script) > 4 else len(script)
        yield script[:size]
        script = script[size:]


def requests_in(script: bytes) -> Iterator[bytes]:
    """The requests that its STORE DATA commands hand over."""
    chain = b""
    for command in _commands(script):
        if len(command) > 4 and command[1] == _STORE_DATA:
            chain += command[5:]
            if command[2] & _LAST:
                yield chain
                chain = b""
