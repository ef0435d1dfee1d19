"""An EuiccPackageRequest taken apart without trusting it (SGP.32 v1.2 §2.11.1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.simulators.euicc.es10.results import token_of
from harness.simulators.euicc.state import CardState, EimAssociation

PSMOS: Mapping[int, str] = {
    0xA3: "psmo-enable",
    0xA4: "psmo-disable",
    0xA5: "psmo-delete",
    0xA6: "psmo-getRAT",
    0xA7: "psmo-configureImmediateEnable",
    0xA8: "psmo-setFallbackAttribute",
    0xA9: "psmo-unsetFallbackAttribute",
    0xBF2D: "psmo-listProfileInfo",
    0xBF65: "psmo-setDefaultDpAddress",
}
ECOS: Mapping[int, str] = {0xA8: "eco-addEim", 0xA9: "eco-deleteEim", 0xAA: "eco-updateEim", 0xAB: "eco-listEim"}
_LISTS = {0xA0: PSMOS, 0xA1: ECOS}
_EIM_ID_LENGTH = 128


@dataclass(frozen=True)
class Package:
    """An EuiccPackageRequest taken apart without trusting it."""

    signed: Tlv
    signature: bytes
    eim_id: str
    eid: bytes
    counter: int
    transaction_id: bytes | None
    commands: tuple[Tlv, ...]
    names: Mapping[int, str]
    """Rule names of the commands that may stand in this kind of package, by tag."""
    eim: EimAssociation | None
    """The association that eimId names, before this package."""

    @property
    def token(self) -> int:
        return token_of(self.eim)


def package_of(state: CardState, request: Tlv) -> Package:
    """Takes a package apart. Raises DecodeError for what its schema does not allow, unknown commands excepted."""
    parts = request.children
    if [part.tag for part in parts[:2]] != [0x30, 0x5F37]:
        raise DecodeError("a package is a SEQUENCE and a signature", offset=request.offset)
    signed, signature = parts[0], parts[1].value
    fields = list(signed.children)
    tags = [field.tag for field in fields]
    expected = [0x80, 0x5A, 0x81, 0x82] if 0x82 in tags else [0x80, 0x5A, 0x81]
    if tags[: len(expected)] != expected or len(tags) == len(expected):
        raise DecodeError("fields of the signed part are missing or out of order", offset=signed.offset)
    listed = fields[len(expected)]
    if listed.tag not in _LISTS or any(tag in _LISTS for tag in tags[len(expected) + 1 :]):
        raise DecodeError("a package has either PSMOs or eCOs", offset=listed.offset)
    transaction_id = fields[3].value if len(expected) == 4 else None
    if len(fields[1].value) != 16 or (transaction_id is not None and not 1 <= len(transaction_id) <= 16):
        raise DecodeError("a field of the signed part has a wrong size", offset=signed.offset)
    if not tlv.is_minimal_integer(fields[2].value):
        raise DecodeError("counterValue is no INTEGER in its shortest form", offset=fields[2].offset)
    eim_id = _eim_id(fields[0])
    return Package(
        signed=signed,
        signature=signature,
        eim_id=eim_id,
        eid=fields[1].value,
        counter=int.from_bytes(fields[2].value, "big", signed=True),
        transaction_id=transaction_id,
        commands=listed.children,
        names=_LISTS[listed.tag],
        eim=state.eim(eim_id),
    )


def _eim_id(field: Tlv) -> str:
    try:
        eim_id = field.value.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("eimId is no UTF-8 text", offset=field.offset) from error
    if not 1 <= len(eim_id) <= _EIM_ID_LENGTH:
        raise DecodeError("eimId has a wrong size", offset=field.offset)
    return eim_id


def readable_eim_id(request: Tlv) -> str:
    """The eimId of a package that cannot be decoded otherwise. Raises DecodeError where it cannot be read either."""
    return _eim_id(request.get(0x30, 0x80))
