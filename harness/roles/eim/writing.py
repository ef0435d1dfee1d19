"""What the eIM keeps, as JSON that reads back as the very same values.

Octets, tuples and mappings have no form of their own in JSON, and the codec's values are made of them: each is an object
with one key that says what it is. Values of our own classes carry the class's name; only those listed are read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.roles.eim.data import IpaEuiccData
from harness.roles.eim.downloads import DownloadOrder
from harness.roles.eim.state import Association, Device, DownloadSession, Operation

_CLASSES: Mapping[str, type[Any]] = {
    one.__name__: one for one in (Association, Device, DownloadOrder, DownloadSession, IpaEuiccData, Operation)
}
_OCTETS, _TUPLE, _MAPPING, _TLV, _SET, _OBJECT = "octets", "tuple", "mapping", "tlv", "set", "is"


def written(value: Any) -> Any:
    """The value as JSON takes it. Raises TypeError for one that is not the eIM's to keep."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (bytes, bytearray)):
        return {_OCTETS: value.hex()}
    if isinstance(value, Tlv):
        return {_TLV: value.raw.hex()}
    if isinstance(value, tuple):
        return {_TUPLE: [written(one) for one in value]}
    if isinstance(value, list):
        return [written(one) for one in value]
    if isinstance(value, frozenset):
        return {_SET: [written(one) for one in sorted(value)]}
    if isinstance(value, Mapping):
        return {_MAPPING: [[written(key), written(one)] for key, one in value.items()]}
    if is_dataclass(value) and type(value).__name__ in _CLASSES:
        return {_OBJECT: type(value).__name__, **{one.name: written(getattr(value, one.name)) for one in fields(value)}}
    raise TypeError(f"a {type(value).__name__} cannot be kept")


def read_back(plain: Any) -> Any:
    """The value that `written` was given. Raises ValueError for anything else; fields added since have their defaults."""
    if isinstance(plain, list):
        return [read_back(one) for one in plain]
    if not isinstance(plain, dict):
        return plain
    if _OBJECT in plain:
        return _object(plain)
    if len(plain) != 1:
        raise ValueError(f"no value of the eIM: keys {', '.join(plain)}")
    ((kind, inner),) = plain.items()
    if kind == _OCTETS:
        return bytes.fromhex(inner)
    if kind == _TLV:
        return tlv.parse(bytes.fromhex(inner))
    if kind == _TUPLE:
        return tuple(read_back(one) for one in inner)
    if kind == _SET:
        return frozenset(read_back(one) for one in inner)
    if kind == _MAPPING:
        return {read_back(key): read_back(one) for key, one in inner}
    raise ValueError(f"no value of the eIM: {kind}")


def _object(plain: Mapping[str, Any]) -> Any:
    kind = _CLASSES.get(plain[_OBJECT])
    if kind is None:
        raise ValueError(f"{plain[_OBJECT]} is nothing that an eIM keeps")
    known = {one.name for one in fields(kind)}
    unknown = [name for name in plain if name not in known and name != _OBJECT]
    if unknown:
        raise ValueError(f"{kind.__name__} has no {', '.join(unknown)}: it was written by a later version")
    return kind(**{name: read_back(value) for name, value in plain.items() if name != _OBJECT})
