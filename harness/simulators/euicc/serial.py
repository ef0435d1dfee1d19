"""A card's state as octets: compact JSON with octets in hexadecimal, so that a person can read what a card holds."""

from __future__ import annotations

import json
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from harness.errors import LabFault
from harness.simulators.euicc.state import CardState

FORMAT = 1


def to_bytes(state: CardState) -> bytes:
    """The state, to be kept or compared."""
    return json.dumps({"format": FORMAT, "state": _plain(state)}, separators=(",", ":")).encode()


def from_bytes(octets: bytes) -> CardState:
    """The state that `to_bytes` wrote. Raises LabFault for anything else: the file is the lab's, not the card's."""
    try:
        document = json.loads(octets)
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']}, not {FORMAT}")
        return _typed(CardState, document["state"])  # type: ignore[no-any-return]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LabFault(
            f"a simulated card's state cannot be read: {error}", hint="remove its state file to begin with a new card"
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in _types(value.__class__)}
    return value


@cache
def _types(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _typed(kind: Any, plain: Any) -> Any:
    if kind is bytes:
        return bytes.fromhex(plain)
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return None if plain is None else _typed(next(a for a in get_args(kind) if a is not type(None)), plain)
    if origin is tuple:
        return tuple(_typed(get_args(kind)[0], item) for item in plain)
    if hasattr(kind, "__dataclass_fields__"):
        types = _types(kind)
        return kind(**{name: _typed(types[name], item) for name, item in plain.items()})
    if not isinstance(plain, kind):
        raise TypeError(f"{plain!r} is no {kind.__name__}")
    return plain
