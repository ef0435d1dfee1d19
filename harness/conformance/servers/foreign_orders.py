"""What is queued at an eIM of somebody else, as JSON: the form that our own REST interface takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from harness.codec import encode
from harness.codec.digits import unswapped
from harness.errors import Withheld
from harness.roles.eim.commands import tag_list

if TYPE_CHECKING:
    from harness.roles.eim.commands import Command

Fields = Mapping[str, Any]


def package_order(commands: tuple[Command | bytes, ...], expires_in: float | None) -> dict[str, Any]:
    """An eUICC Package. Raises Withheld for commands that the form has no words for."""
    order: dict[str, Any] = {"kind": "package", "commands": [_written(command) for command in commands]}
    return order if expires_in is None else {**order, "expires_in": expires_in}


def data_order(tags: tuple[int, ...]) -> dict[str, Any]:
    """A request for IpaEuiccData by these tags of v1.2."""
    return {"kind": "data", "tag_list": tag_list(tags).hex()}


def _written(command: Command | bytes) -> dict[str, Any]:
    if isinstance(command, bytes) or command[0] not in _FORMS:
        raise Withheld("octets made by a case cannot be queued at an eIM of somebody else")
    name, fields = command
    return {"command": name, **_FORMS[name](fields)}


def _iccid(fields: Fields) -> dict[str, Any]:
    return {"iccid": unswapped(fields["iccid"])}


def _enable(fields: Fields) -> dict[str, Any]:
    return {**_iccid(fields), "rollback": "rollbackFlag" in fields}


def _list_profile_info(fields: Fields) -> dict[str, Any]:
    kind, criterion = fields.get("searchCriteria", ("", b""))
    if kind not in ("", "iccid"):
        raise Withheld(f"there are no words for a search by {kind} at an eIM of somebody else")
    searched = {"iccid": unswapped(criterion)} if kind else {}
    return {**searched, **({"tag_list": fields["tagList"].hex()} if "tagList" in fields else {})}


def _configure_immediate_enable(fields: Fields) -> dict[str, Any]:
    written = {"enabled": "immediateEnableFlag" in fields}
    for key, name in (("smdp_oid", "defaultSmdpOid"), ("smdp_address", "defaultSmdpAddress")):
        if name in fields:
            written[key] = fields[name]
    return written


def _configuration(fields: Fields) -> dict[str, Any]:
    return {"configuration": encode("EimConfigurationData", dict(fields)).hex()}


_FORMS: Mapping[str, Callable[[Fields], dict[str, Any]]] = {
    "enable": _enable,
    "disable": _iccid,
    "delete": _iccid,
    "listProfileInfo": _list_profile_info,
    "getRAT": lambda _: {},
    "configureImmediateEnable": _configure_immediate_enable,
    "setFallbackAttribute": _iccid,
    "unsetFallbackAttribute": lambda _: {},
    "setDefaultDpAddress": lambda fields: {"address": fields["defaultDpAddress"]},
    "addEim": _configuration,
    "updateEim": _configuration,
    "deleteEim": lambda fields: {"eim_id": fields["eimId"]},
    "listEim": lambda _: {},
}
