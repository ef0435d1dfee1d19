"""How the queue of somebody else's eIM is filled, as the lab file says.

    queue: {command: [./queue.py, --tenant, lab], deadline: 20}
    queue: {rest: {url: "http://127.0.0.1:8080/v1", token: {file: rest-token}}}

A command is any program of the host, started in the folder of the lab file; `rest` is an interface like that of
`sgp32 serve eim`. A token stands in a file or in an environment variable, never in the lab file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from harness.lab.programs import read_words
from harness.nodes import Value

DEFAULT_DEADLINE = 20
_LONGEST = 600
_OWN_HOST = ("127.0.0.1", "localhost", "::1")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class ByProgram:
    """A program with its arguments, started anew for each operation."""

    words: tuple[str, ...]
    folder: Path
    """Where it is started."""
    deadline: int = DEFAULT_DEADLINE
    """Seconds for one operation."""


@dataclass(frozen=True, slots=True)
class ByRest:
    """A REST interface like ours."""

    url: str
    """With what stands before the paths of the functions, such as `/v1`."""
    token_file: Path | None = None
    token_variable: str = ""
    """The environment variable that holds the token where no file does."""
    ca: Path | None = None
    """The certificate that its TLS chain leads to; None: one that the host trusts."""
    deadline: int = DEFAULT_DEADLINE


Queueing = ByProgram | ByRest


def read_queueing(value: Value, folder: Path) -> Queueing | None:
    """What a device's `queue` says; None with faults noted. Paths in it are relative to `folder`."""
    keys = value.mapping(("command", "rest", "deadline"))
    forms = [key for key in ("command", "rest") if key in keys]
    if len(forms) != 1:
        value.fault("exactly one of `command` or `rest` says how something is queued at this eIM")
        return None
    deadline = keys["deadline"].integer(1, _LONGEST) if "deadline" in keys else DEFAULT_DEADLINE
    if "rest" in keys:
        return _rest(keys["rest"], folder, deadline or DEFAULT_DEADLINE)
    words = read_words(keys["command"])
    return ByProgram(words, folder.absolute(), deadline or DEFAULT_DEADLINE) if words else None


def _rest(value: Value, folder: Path, deadline: int) -> ByRest | None:
    before = len(value.faults)
    keys = value.mapping(("url", "token", "ca"))
    for key in ("url", "token"):
        if value.is_mapping and key not in keys:
            value.fault(f"{key!r} is missing")
    url = _url(keys["url"]) if "url" in keys else None
    file, variable = _token(keys["token"], folder) if "token" in keys else (None, "")
    word = keys["ca"].text() if "ca" in keys else None
    ca = None if word is None else (folder / word).expanduser()
    if ca is not None and not ca.is_file():
        keys["ca"].fault(f"{str(ca)!r} is not a file", "name the certificate that the interface's TLS chain leads to")
    return None if url is None or len(value.faults) > before else ByRest(url, file, variable, ca, deadline)


def _url(value: Value) -> str | None:
    word = value.text()
    if word is None:
        return None
    try:
        parts = urlsplit(word)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if (
        not host
        or port == 0
        or parts.scheme not in ("http", "https")
        or parts.query
        or parts.fragment
        or parts.username
    ):
        value.fault(f"{word!r} is no address of a REST interface", "write it as `https://eim.example:8443/v1`")
        return None
    if parts.scheme == "http" and host not in _OWN_HOST:
        value.fault("a token does not cross a network in clear", "write https://, or the end of a tunnel at 127.0.0.1")
        return None
    return word.rstrip("/")


def _token(value: Value, folder: Path) -> tuple[Path | None, str]:
    """The file that holds the token, else the name of the variable that does."""
    hint = "write `{file: …}` or `{env: …}`: a lab file is no place for a token"
    if not value.is_mapping:
        value.fault("the token itself does not belong here", hint)
        return None, ""
    keys = value.mapping(("file", "env"))
    if len(keys) != 1:
        value.fault("exactly one of `file` or `env` says where the token is", hint)
        return None, ""
    if "env" in keys:
        name = keys["env"].text() or ""
        if not _VARIABLE.fullmatch(name):
            keys["env"].fault(f"{name!r} is no name of an environment variable")
        return None, name
    word = keys["file"].text()
    return None if word is None else (folder / word).expanduser(), ""
