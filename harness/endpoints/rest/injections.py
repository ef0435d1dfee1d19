"""Packages that the eIM brings to a device by itself, at its operator's word.

Rules of this room:
- Where the device listens its operator says, as a host name with perhaps a port: what is asked there is always the
  function's path, over HTTPS, and no redirection is followed.
- How a device proves itself to its eIM is not known to us: by the TLS key that the operator names, else under the lab's CI.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from harness.endpoints.injecting import ListeningDevice, bring
from harness.endpoints.rest.commands import Eid, Hex
from harness.endpoints.rest.service import Problem
from harness.errors import DeviceFault, LabFault
from harness.links.events import Interface
from harness.links.https_client import HttpsClient
from harness.links.tls import Trust
from harness.roles.eim import Eim

_HOST = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$"
_DEADLINE = 30.0
_RESPONSES: dict[int | str, dict[str, Any]] = {
    502: {"model": Problem, "description": "The device was not reached, or gave no answer. The package still waits."}
}


class _Reached(ListeningDevice):
    """A device whose faults, and those of the way to it, are not taken for ours."""

    def transfer(self, message: bytes) -> bytes:
        try:
            return super().transfer(message)
        except LabFault as fault:
            raise HTTPException(502, str(fault)) from fault


class Injection(BaseModel):
    """Where a device listens for its eIM."""

    model_config = ConfigDict(extra="forbid")

    address: str = Field(
        max_length=255,
        pattern=_HOST,
        description="A host name, perhaps with a port; always HTTPS.",
        examples=["device.example:8443"],
    )
    binding: Literal["asn1", "json"] = "asn1"
    tls_key: Hex | None = Field(
        None,
        description="SubjectPublicKeyInfo of the device's TLS certificate, DER. Without it the certificate has to name the "
        "host, under the lab's CI.",
    )


class InjectionView(BaseModel):
    """What a device answered."""

    answers: list[str] = Field(
        description="TransferEimPackageResponses: to the package, to the acknowledgements; none where nothing waited."
    )


def add_injections(app: FastAPI, eim: Eim, now: Callable[[], float], roots: Sequence[bytes]) -> None:
    """The route by which the eIM goes to a device. `roots` are certificates that a device's may lead to."""

    @app.post("/v1/devices/{eid}/injections", responses=_RESPONSES)
    def inject(eid: Eid, injection: Injection) -> InjectionView:
        """Brings a device the next package that waits for it, and acknowledges what comes back."""
        trust = _trust(injection.tls_key, roots)
        client = HttpsClient(trust, interface=Interface.ESIPA, deadline=_DEADLINE)
        with closing(client):
            device = _Reached(client, injection.address, injection.binding)
            try:
                answers = bring(eim, bytes.fromhex(eid), device, now)
            except DeviceFault as fault:
                raise HTTPException(502, str(fault)) from fault
        return InjectionView(answers=[answer.hex() for answer in answers])


def _trust(key: str | None, roots: Sequence[bytes]) -> Trust:
    if key is None:
        return Trust(tuple(roots))
    octets = bytes.fromhex(key)
    try:
        load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm) as fault:
        raise ValueError(f"tls_key is no SubjectPublicKeyInfo: {fault}") from fault
    return Trust(pinned_keys=(octets,))
