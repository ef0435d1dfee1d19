"""The operator's side of the reference SM-DP+ as a REST interface: profiles, orders, what happened.

ES2+ is served beside it, for who scripts an operator by the standard's own functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from harness.endpoints.plain import plain
from harness.endpoints.rest.service import MOST_NUMBER, service
from harness.profiles import ProfilePackage
from harness.roles.smdp import Smdp
from harness.roles.smdp.orders import Order

DESCRIPTION = """Order profiles, look orders up, read what happened.

Orders live as long as the server does. EIDs are 32 digits, octets are hexadecimal.
"""


class ProfileView(BaseModel):
    """A profile that can be ordered."""

    name: str
    iccid: str
    profile_name: str
    service_provider: str
    octets: int = Field(description="Length of the unprotected profile package.")


class NewOrder(BaseModel):
    """What is ordered, and for whom."""

    model_config = ConfigDict(extra="forbid")

    profile: str = Field(description="Its name.")
    eid: str | None = Field(None, pattern=r"^[0-9]{32}$", description="The only eUICC that may have it.")
    matching_id: str | None = Field(None, max_length=255, description="Made up where absent.")
    confirmation_code: str = Field("", max_length=64)
    default: bool = Field(False, description="For a client that names no matchingId.")
    expires_in: float | None = Field(None, gt=0, le=31_536_000)


class OrderView(BaseModel):
    """One order."""

    number: int
    profile: str
    iccid: str
    state: str
    matching_id: str
    activation_code: str
    eid: str | None
    needs_confirmation_code: bool
    download_attempts: int = Field(description="How often it may still be asked for.")


class EventView(BaseModel):
    """Something that happened."""

    number: int
    kind: str
    value: Mapping[str, Any]


def smdp_service(smdp: Smdp, profiles: Mapping[str, ProfilePackage], token: str) -> FastAPI:
    """The interface of one SM-DP+ with these profiles."""
    app = service("Reference SM-DP+", DESCRIPTION, token)

    @app.get("/v1/profiles")
    def offered() -> list[ProfileView]:
        """The profiles that can be ordered."""
        return [
            ProfileView(
                name=name,
                iccid=profile.iccid_digits,
                profile_name=profile.metadata["profileName"],
                service_provider=profile.metadata["serviceProviderName"],
                octets=len(profile.der),
            )
            for name, profile in profiles.items()
        ]

    @app.post("/v1/orders", status_code=201)
    def order(wanted: NewOrder) -> OrderView:
        """Orders a profile; the activation code is in the answer."""
        if wanted.profile not in profiles:
            raise ValueError(f"profile: {wanted.profile!r} is none of {', '.join(profiles)}")
        expires = None if wanted.expires_in is None else datetime.now(UTC).timestamp() + wanted.expires_in
        made = smdp.order(
            profiles[wanted.profile],
            matching_id=wanted.matching_id,
            eid=None if wanted.eid is None else bytes.fromhex(wanted.eid),
            confirmation_code=wanted.confirmation_code,
            default=wanted.default,
            expires=None if expires is None else datetime.fromtimestamp(expires, UTC),
        )
        return _order(made)

    @app.get("/v1/orders")
    def orders() -> list[OrderView]:
        """All orders, oldest first."""
        return [_order(one) for one in smdp.orders]

    @app.get("/v1/orders/{number}")
    def one_order(number: Annotated[int, Path(ge=1, le=MOST_NUMBER)]) -> OrderView:
        """One order."""
        return _order(smdp.state.orders[number])

    @app.get("/v1/events")
    def events(
        after: Annotated[int, Query(ge=0, le=MOST_NUMBER, description="The last number that is known already.")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> list[EventView]:
        """What happened, oldest first."""
        found = list(enumerate(smdp.events, 1))[after : after + limit]
        return [EventView(number=number, kind=type(one).__name__, value=plain(one)) for number, one in found]

    return app


def _order(one: Order) -> OrderView:
    return OrderView(
        number=one.number,
        profile=one.profile.name,
        iccid=one.profile.iccid_digits,
        state=one.state,
        matching_id=one.matching_id,
        activation_code=one.activation_code,
        eid=None if one.eid is None else one.eid.hex(),
        needs_confirmation_code=bool(one.confirmation_code),
        download_attempts=one.download_attempts,
    )
