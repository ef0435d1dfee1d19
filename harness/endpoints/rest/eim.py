"""The operator's side of the reference eIM as a REST interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from harness.codec import encode
from harness.crypto.certificates import Certificate
from harness.crypto.errors import CertificateError
from harness.endpoints.eim_database import EimDatabase
from harness.endpoints.plain import plain
from harness.endpoints.rest.commands import Eid, Hex, PackageCommand
from harness.endpoints.rest.injections import add_injections
from harness.endpoints.rest.service import MOST_NUMBER, service
from harness.roles.eim import TOKEN_REQUESTED, Eim
from harness.roles.eim.data_requests import EVERYTHING, tags_of
from harness.roles.eim.state import Device, Operation

DESCRIPTION = """Queue operations for devices, cancel them, look them up, read what happened.

An operation is accepted when its answer comes (201): from then on it survives a crash of the server. Its `number` is the
eimTransactionId. EIDs are 32 digits, octets are hexadecimal, times are seconds since 1970 UTC.
"""

Version = Literal["1.0.1", "1.2", "1.3"]
Number = Annotated[str, Path(pattern=r"^([0-9A-Fa-f]{2}){1,16}$", description="An eimTransactionId.")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Association(_Model):
    """What eIM and eUICC agreed on. What is left out stays as it is, or is learnt from the device."""

    counter: int | None = Field(None, ge=0, le=0x7FFFFFFF, description="Of the last package that the eUICC took.")
    association_token: int | None = Field(None, ge=0, description="0 where the eUICC has none.")
    euicc_certificate: Hex | None = Field(None, description="DER. Results are believed only when it is known.")
    eum_certificate: Hex | None = None
    version: Version | None = Field(None, description="Of SGP.32, the eUICC's.")
    ipa_version: Version | None = Field(None, description="Of SGP.32, the IPA's; the eUICC's until one is told.")


class DeviceView(BaseModel):
    """One device."""

    eid: str
    counter: int
    association_token: int
    version: str = Field(description="Of SGP.32, the eUICC's.")
    ipa_version: str = Field(description="Of SGP.32, which ESipa is spoken in.")
    has_certificate: bool
    euicc_certificate: str | None = Field(description="DER. Results are believed only when it is known.")
    profiles: Mapping[str, bool] = Field(
        description="ICCIDs as on the wire; whether each is enabled, as far as is known."
    )
    default_smdp_address: str | None = Field(description="As the IPA told last.")
    ipa_features: list[str] = Field(description="Of its IpaCapabilities, as the IPA told last.")
    registered_plmn: str | None = Field(
        description="The network that a poll told of last; three octets as on the wire."
    )
    is_stale: bool = Field(description="The IPA told of a change, and its fresh data has not come yet.")
    last_seen: float | None
    queue: list[str] = Field(description="Numbers of the operations that wait for it or for its answer, in order.")


class OperationView(BaseModel):
    """One operation."""

    number: str
    eid: str
    kind: str
    state: str = Field(description="queued, delivered, done, failed, cancelled or expired.")
    counter: int | None
    deliveries: int
    results: list[Any] = Field(description="EuiccResultData in the card's order, as [name, value].")
    error_code: int | None
    answer: str
    expires_at: float | None


class _Order(_Model):
    expires_in: float | None = Field(None, gt=0, le=31_536_000, description="Seconds in which it may be delivered.")


class PackageOrder(_Order):
    """An eUICC Package."""

    kind: Literal["package"]
    commands: list[PackageCommand] = Field(min_length=1, max_length=100)


class DataOrder(_Order):
    """A request for IpaEuiccData."""

    kind: Literal["data"]
    tag_list: Hex | None = Field(None, description="Tags of v1.2 in a row, as in 5C; everything where absent.")


class DownloadOrder(_Order):
    """A profile download by exactly one of: activation code, the eUICC's default SM-DP+, an SM-DS."""

    kind: Literal["download"]
    activation_code: str | None = Field(
        None, max_length=255, pattern=r"^1\$[^$]+\$[^$]*(\$[0-9.]*(\$1?)?)?$", examples=["1$smdp.example$MATCHING-ID"]
    )
    default_smdp: bool = False
    smds: str | bool = Field(False, description="An SM-DS address, or true for the eUICC's root SM-DS.")
    confirmation_code: str | None = Field(None, max_length=64)
    keep_here: bool = Field(False, description="Send an empty trigger, for an IPA with eimDownloadDataHandling.")


Order = Annotated[PackageOrder | DataOrder | DownloadOrder, Field(discriminator="kind")]


class EventView(BaseModel):
    """Something that happened."""

    number: int
    at: float
    eid: str | None
    kind: str
    value: Mapping[str, Any]


class EimView(BaseModel):
    """Who the eIM is, and how a card is told."""

    eim_id: str
    fqdn: str | None
    configuration: str = Field(description="EimConfigurationData in DER: asks for a token, counter 0.")
    add_initial_eim: str = Field(description="The same as a request to the eUICC.")
    devices: int


def eim_service(
    eim: Eim, database: EimDatabase, token: str, now: Callable[[], float], roots: Sequence[bytes] = ()
) -> FastAPI:
    """The interface of one eIM. `now` is the clock that the eIM serves by.

    `roots` are the CAs that devices may prove themselves under when the eIM goes to them.
    """
    app = service("Reference eIM", DESCRIPTION, token)
    add_devices(app, eim)
    add_operations(app, eim, now)
    add_injections(app, eim, now, roots)

    @app.get("/v1/eim")
    def this_eim() -> EimView:
        """Who this eIM is."""
        value = eim.configuration(association_token=TOKEN_REQUESTED)
        return EimView(
            eim_id=eim.identity.eim_id,
            fqdn=eim.identity.fqdn,
            configuration=encode("EimConfigurationData", value).hex(),
            add_initial_eim=encode("AddInitialEimRequest", {"eimConfigurationDataList": [value]}).hex(),
            devices=len(eim.state.devices),
        )

    @app.get("/v1/events")
    def events(
        after: Annotated[int, Query(ge=0, le=MOST_NUMBER, description="The last number that is known already.")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        eid: Annotated[str | None, Query(pattern=r"^[0-9]{32}$")] = None,
    ) -> list[EventView]:
        """What happened, oldest first."""
        of_device = None if eid is None else bytes.fromhex(eid)
        found = database.events(eim.identity.eim_id, after, limit, of_device)
        return [EventView(number=one.number, at=one.at, eid=one.eid, kind=one.kind, value=one.value) for one in found]

    return app


def add_devices(app: FastAPI, eim: Eim) -> None:
    """The routes about devices."""

    @app.get("/v1/devices")
    def devices(
        after: Annotated[str, Query(pattern=r"^[0-9]{0,32}$", description="The last EID that is known already.")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> list[DeviceView]:
        """The associated devices in the order of their EIDs."""
        known = eim.state.devices
        following = sorted(eid for eid in known if eid.hex() > after)[:limit]
        return [_device(known[eid]) for eid in following]

    @app.get("/v1/devices/{eid}")
    def device(eid: Eid) -> DeviceView:
        """One device."""
        return _device(eim.device(bytes.fromhex(eid)))

    @app.put("/v1/devices/{eid}")
    def associate(eid: Eid, association: Association) -> DeviceView:
        """Makes a device known, or changes what is known of it."""
        return _device(
            eim.associate(
                bytes.fromhex(eid),
                euicc_certificate=_certificate("euicc_certificate", association.euicc_certificate),
                eum_certificate=_certificate("eum_certificate", association.eum_certificate),
                association_token=association.association_token,
                counter=association.counter,
                version=association.version,
                ipa_version=association.ipa_version,
            )
        )

    @app.delete("/v1/devices/{eid}", status_code=204)
    def dissociate(eid: Eid) -> None:
        """Forgets a device. Its counter is kept: the eUICC does not forget either."""
        eim.dissociate(bytes.fromhex(eid))


def add_operations(app: FastAPI, eim: Eim, now: Callable[[], float]) -> None:
    """The routes about operations."""

    @app.post("/v1/devices/{eid}/operations", status_code=201)
    def queue(eid: Eid, order: Order) -> OperationView:
        """Queues an operation."""
        expires_at = None if order.expires_in is None else now() + order.expires_in
        return _operation(eim.operation(_queued(eim, bytes.fromhex(eid), order, expires_at)))

    @app.get("/v1/devices/{eid}/operations")
    def waiting(eid: Eid) -> list[OperationView]:
        """What waits for a device or for its answer, in order."""
        return [_operation(one) for one in eim.queue(bytes.fromhex(eid))]

    @app.get("/v1/operations/{number}")
    def operation(number: Number) -> OperationView:
        """One operation."""
        return _operation(eim.operation(bytes.fromhex(number)))

    @app.delete("/v1/operations/{number}")
    def cancel(number: Number) -> OperationView:
        """Takes an operation back. One that is over stays as it is; one that was delivered may still be answered."""
        return _operation(eim.cancel(bytes.fromhex(number), now()))


def _queued(eim: Eim, eid: bytes, order: PackageOrder | DataOrder | DownloadOrder, expires_at: float | None) -> bytes:
    if isinstance(order, PackageOrder):
        return eim.queue_package(eid, *(command.made() for command in order.commands), expires_at=expires_at)
    if isinstance(order, DataOrder):
        tags = EVERYTHING if order.tag_list is None else tags_of(bytes.fromhex(order.tag_list))
        return eim.queue_data_request(eid, tags, expires_at=expires_at)
    return eim.queue_download(
        eid,
        activation_code=order.activation_code,
        default_smdp=order.default_smdp,
        smds=order.smds,
        confirmation_code=order.confirmation_code,
        is_told=not order.keep_here,
        expires_at=expires_at,
    )


def _certificate(name: str, octets: str | None) -> bytes | None:
    if octets is None:
        return None
    try:
        return Certificate(bytes.fromhex(octets)).raw
    except CertificateError as fault:
        raise ValueError(f"{name}: {fault}") from fault


def _device(one: Device) -> DeviceView:
    return DeviceView(
        eid=one.eid.hex(),
        counter=one.association.counter,
        association_token=one.association.token,
        version=one.version,
        ipa_version=one.esipa_version,
        has_certificate=one.euicc_certificate is not None,
        euicc_certificate=None if one.euicc_certificate is None else one.euicc_certificate.hex(),
        profiles={iccid.hex().upper(): enabled for iccid, enabled in one.profiles.items()},
        default_smdp_address=None if one.data is None else one.data.fields.get("defaultSmdpAddress"),
        ipa_features=[] if one.data is None else sorted(one.data.features),
        registered_plmn=None if one.registered_plmn is None else one.registered_plmn.hex(),
        is_stale=one.is_stale,
        last_seen=one.last_seen,
        queue=[number.hex() for number in one.queue],
    )


def _operation(one: Operation) -> OperationView:
    return OperationView(
        number=one.transaction_id.hex(),
        eid=one.eid.hex(),
        kind=one.kind,
        state=one.state,
        counter=one.counter,
        deliveries=one.deliveries,
        results=plain(one.results),
        error_code=one.error_code,
        answer=one.answer.hex(),
        expires_at=one.expires_at,
    )
