"""What the REST interfaces have in common: the token, bounds, errors, and a server for them."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from harness.codec.errors import CodecError
from harness.endpoints.loop import LoopThread
from harness.errors import HarnessError, LabFault

MOST_BODY = 1 << 20
"""Octets of one request."""
MOST_AT_ONCE = 64
MOST_NUMBER = 2**63 - 1
"""Of an event: what the database counts up to."""
_STARTING = 10.0
_TOKEN_OCTETS = 24

_PROBLEMS: dict[int | str, str] = {
    401: "The token is missing or wrong.",
    404: "Nothing is known by that name.",
    411: "The request does not say its Content-Length.",
    413: "The request is too long.",
    422: "What was sent cannot be used; the detail says what and where.",
    503: "The state cannot be kept at present; nothing was changed.",
}


class Problem(BaseModel):
    """Why a request was not served."""

    detail: str | list[Any]
    """A sentence, or a list of what is wrong with each field."""


_bearer = HTTPBearer(auto_error=False, description="The token that the server wrote into its token file.")


def service(title: str, description: str, token: str) -> FastAPI:
    """An application whose every route asks for the token."""

    def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        if given is None or not secrets.compare_digest(given.credentials.encode(), token.encode()):
            raise HTTPException(401, "the token is missing or wrong", {"WWW-Authenticate": "Bearer"})

    app = FastAPI(
        title=title,
        description=description,
        version="1",
        docs_url=None,  # their pages fetch scripts from elsewhere
        redoc_url=None,
        dependencies=[Depends(check)],
        responses={status: {"model": Problem, "description": said} for status, said in _PROBLEMS.items()},
    )
    app.add_exception_handler(LookupError, _not_found)
    app.add_exception_handler(ValueError, _unusable)
    app.add_exception_handler(CodecError, _unusable)
    app.add_exception_handler(LabFault, _out_of_order)
    app.middleware("http")(_bounded)
    return app


async def _not_found(request: Request, _fault: Exception) -> JSONResponse:
    return JSONResponse({"detail": f"nothing is known at {request.url.path}"}, 404)


async def _unusable(_request: Request, fault: Exception) -> JSONResponse:
    return JSONResponse({"detail": _said(fault)}, 422)


async def _out_of_order(_request: Request, fault: Exception) -> JSONResponse:
    return JSONResponse({"detail": _said(fault)}, 503)


def _said(fault: Exception) -> str:
    hint = fault.hint if isinstance(fault, HarnessError) else ""
    return f"{fault}" + (f" ({hint})" if hint else "")


async def _bounded(request: Request, answer: Callable[[Request], Awaitable[Any]]) -> Any:
    """Refuses a body that is too long, or does not say how long it is, before anything is read of it."""
    if "transfer-encoding" in request.headers:
        return JSONResponse({"detail": "a request says its Content-Length here"}, 411)
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MOST_BODY:
        return JSONResponse({"detail": f"a request has at most {MOST_BODY} octets"}, 413)
    return await answer(request)


def kept_token(file: Path) -> str:
    """The token in this file, readable by its owner only; made where there is none yet. Raises LabFault."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            token = file.read_text(encoding="ascii").strip()
            if not token:
                raise LabFault(f"{file} holds no token", hint="delete it, a new one is made then") from None
            return token
        with os.fdopen(handle, "w", encoding="ascii") as out:
            token = secrets.token_urlsafe(_TOKEN_OCTETS)
            out.write(token + "\n")
        return token
    except (OSError, UnicodeError) as fault:
        raise LabFault(f"the token file {file} cannot be used: {fault}", hint="name another one") from fault


class RestServer:
    """An application on loopback, on the loop of the other servers."""

    def __init__(self, loop: LoopThread, app: FastAPI) -> None:
        self._loop = loop
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            limit_concurrency=MOST_AT_ONCE,
            timeout_keep_alive=15,
        )
        self._server = uvicorn.Server(config)
        self._socket: socket.socket | None = None
        self._serving: asyncio.Task[None] | None = None

    def start(self, port: int = 0) -> int:
        """Listens on 127.0.0.1 and returns the port. Raises LabFault where it is somebody else's."""
        try:
            self._socket = socket.create_server(("127.0.0.1", port))
        except OSError as fault:
            raise LabFault(f"no REST interface at port {port}: {fault}", hint="name another port") from fault
        self._loop.run(self._start(self._socket), _STARTING)
        return int(self._socket.getsockname()[1])

    def stop(self) -> None:
        """Ends it. Stopping twice does nothing."""
        if self._serving is not None:
            self._loop.run(self._stop(self._serving), _STARTING)
            self._serving = None

    async def _start(self, listening: socket.socket) -> None:
        self._serving = asyncio.create_task(self._server.serve([listening]))
        async with asyncio.timeout(_STARTING):
            while not self._server.started:
                if self._serving.done():
                    self._serving.result()
                await asyncio.sleep(0.01)

    async def _stop(self, serving: asyncio.Task[None]) -> None:
        self._server.should_exit = self._server.force_exit = True
        await serving
