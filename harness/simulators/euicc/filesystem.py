"""The files of a profile package that a terminal reads to identify and register: from profile elements to contents.

A subset on purpose: what a module asks for over SELECT and READ (identity, service tables, location). Files that the
package leaves to their template's default contents are not made up here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.simulators.euicc.state import ElementaryFile

EF_ICCID = bytes.fromhex("2FE2")
ADF = bytes.fromhex("7FFF")
"""The file identifier that stands for the ADF of the current application (TS 102 221 §8.4.1)."""
EF_IMSI = ADF + bytes.fromhex("6F07")

_MF_FILES = {"ef-pl": "2F05", "ef-iccid": "2FE2", "ef-dir": "2F00", "ef-arr": "2F06", "ef-umpc": "2F08"}
_USIM_FILES = {
    "ef-imsi": "6F07",
    "ef-keys": "6F08",
    "ef-keysPS": "6F09",
    "ef-hpplmn": "6F31",
    "ef-ust": "6F38",
    "ef-fdn": "6F3B",
    "ef-smsp": "6F42",
    "ef-smss": "6F43",
    "ef-spn": "6F46",
    "ef-est": "6F56",
    "ef-start-hfn": "6F5B",
    "ef-threshold": "6F5C",
    "ef-psloci": "6F73",
    "ef-acc": "6F78",
    "ef-fplmn": "6F7B",
    "ef-loci": "6F7E",
    "ef-ad": "6FAD",
    "ef-ecc": "6FB7",
    "ef-netpar": "6FC4",
    "ef-epsloci": "6FE3",
    "ef-epsnsc": "6FE4",
}
_PLACES: Mapping[str, Mapping[str, bytes]] = {
    "mf": {name: bytes.fromhex(fid) for name, fid in _MF_FILES.items()},
    "usim": {name: ADF + bytes.fromhex(fid) for name, fid in _USIM_FILES.items()},
    "iot": {
        **{name: bytes.fromhex(fid) for name, fid in _MF_FILES.items()},
        **{name: ADF + bytes.fromhex(fid) for name, fid in _USIM_FILES.items()},
    },
}


def files_of(elements: Iterable[tuple[str, Any]]) -> tuple[ElementaryFile, ...]:
    """The readable files of decoded profile elements, the first definition of a path standing."""
    found: dict[bytes, ElementaryFile] = {}
    for kind, value in elements:
        for name, path in _PLACES.get(kind, {}).items():
            if name in value and path not in found:
                file = _file(path, value[name])
                if file.contents:
                    found[path] = file
    return tuple(found.values())


def usim_aid_of(elements: Iterable[tuple[str, Any]]) -> bytes:
    """The application identifier of the first USIM; empty where the profile has none."""
    for kind, value in elements:
        if kind in ("usim", "iot"):
            for step, body in value.get("adf-usim", ()):
                if step == "fileDescriptor" and "dfName" in body:
                    return bytes(body["dfName"])
    return b""


def reserved(element: tuple[str, Any]) -> int:
    """Octets that an element's files take beyond what it fills them with: what efFileSize asks for stays theirs."""
    kind, value = element
    files = value["fileManagementCMD"] if kind == "genericFileManagement" else value.values()
    return sum(
        _unfilled(steps) for steps in files if isinstance(steps, Sequence) and not isinstance(steps, (str, bytes))
    )


def _unfilled(steps: Sequence[Any]) -> int:
    left = total = 0
    for step in steps:
        name, body = step if isinstance(step, tuple) else ("", None)
        if name in ("fileDescriptor", "createFCP"):
            total, left = total + max(0, left), int.from_bytes(body.get("efFileSize", b""), "big")
        elif name == "fillFileContent":
            left -= len(body)
    return total + max(0, left)


def _file(path: bytes, steps: Sequence[tuple[str, Any]]) -> ElementaryFile:
    """Follows fillFileOffset and fillFileContent; what no content covers is FF up to efFileSize."""
    contents = bytearray()
    size = record_length = 0
    for step, body in steps:
        if step == "fileDescriptor":
            size = int.from_bytes(body.get("efFileSize", b""), "big")
            descriptor = body.get("fileDescriptor", b"")
            record_length = int.from_bytes(descriptor[2:4], "big")
        elif step == "fillFileOffset":
            contents += b"\xff" * body
        elif step == "fillFileContent":
            contents += body
    if contents and len(contents) < size:
        contents += b"\xff" * (size - len(contents))
    if record_length and len(contents) % record_length:
        contents += b"\xff" * (-len(contents) % record_length)
    return ElementaryFile(path, bytes(contents), record_length)
