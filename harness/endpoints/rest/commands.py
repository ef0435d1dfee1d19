"""The commands of an eUICC Package as JSON, a model each, and the role's command behind each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from harness.codec import DecodeError, decode
from harness.roles.eim import commands
from harness.roles.eim.commands import Command

Iccid = Annotated[
    str, Field(pattern=r"^[0-9]{18,20}$", description="As it is printed.", examples=["89001010000000000018"])
]
Eid = Annotated[str, Path(pattern=r"^[0-9]{32}$", description="32 digits.")]
Hex = Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2})*$", description="Octets in hexadecimal.")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Enable(_Model):
    """Enable a profile."""

    command: Literal["enable"]
    iccid: Iccid
    rollback: bool = Field(False, description="Whether the IPA may go back when the new profile does not connect.")

    def made(self) -> Command:
        """The role's command."""
        return commands.enable(self.iccid, self.rollback)


class Disable(_Model):
    """Disable a profile."""

    command: Literal["disable"]
    iccid: Iccid

    def made(self) -> Command:
        """The role's command."""
        return commands.disable(self.iccid)


class Delete(_Model):
    """Delete a disabled profile."""

    command: Literal["delete"]
    iccid: Iccid

    def made(self) -> Command:
        """The role's command."""
        return commands.delete(self.iccid)


class ListProfileInfo(_Model):
    """List profiles: all, or the one with an ICCID."""

    command: Literal["listProfileInfo"]
    iccid: Iccid | None = None
    tag_list: Hex | None = Field(None, description="Tags in a row, as in 5C; the eUICC's default where absent.")

    def made(self) -> Command:
        """The role's command."""
        return commands.list_profile_info(None if self.tag_list is None else bytes.fromhex(self.tag_list), self.iccid)


class GetRat(_Model):
    """Read the Rules Authorisation Table."""

    command: Literal["getRAT"]

    def made(self) -> Command:
        """The role's command."""
        return commands.get_rat()


class ConfigureImmediateEnable(_Model):
    """Allow, or not, that a profile of this SM-DP+ is enabled right after its installation."""

    command: Literal["configureImmediateEnable"]
    enabled: bool = True
    smdp_oid: str | None = None
    smdp_address: str | None = None

    def made(self) -> Command:
        """The role's command."""
        return commands.configure_immediate_enable(
            enabled=self.enabled, smdp_oid=self.smdp_oid, smdp_address=self.smdp_address
        )


class SetFallbackAttribute(_Model):
    """Give the Fallback Attribute to a profile."""

    command: Literal["setFallbackAttribute"]
    iccid: Iccid

    def made(self) -> Command:
        """The role's command."""
        return commands.set_fallback(self.iccid)


class UnsetFallbackAttribute(_Model):
    """Take the Fallback Attribute away."""

    command: Literal["unsetFallbackAttribute"]

    def made(self) -> Command:
        """The role's command."""
        return commands.unset_fallback()


class SetDefaultDpAddress(_Model):
    """Set the default SM-DP+ address."""

    command: Literal["setDefaultDpAddress"]
    address: str = Field(max_length=255)

    def made(self) -> Command:
        """The role's command."""
        return commands.set_default_dp_address(self.address)


def _configuration(octets: str) -> dict[str, Any]:
    """Raises ValueError for what is no EimConfigurationData."""
    try:
        found = decode("EimConfigurationData", bytes.fromhex(octets))
    except DecodeError as fault:
        raise ValueError(f"configuration: no EimConfigurationData: {fault}") from fault
    return dict(found)


class AddEim(_Model):
    """Associate another eIM."""

    command: Literal["addEim"]
    configuration: Hex = Field(description="EimConfigurationData in DER, hexadecimal.")

    def made(self) -> Command:
        """The role's command."""
        return commands.add_eim(_configuration(self.configuration))


class UpdateEim(_Model):
    """Change an associated eIM's configuration; fields that are absent stay."""

    command: Literal["updateEim"]
    configuration: Hex = Field(description="EimConfigurationData in DER, hexadecimal.")

    def made(self) -> Command:
        """The role's command."""
        return commands.update_eim(_configuration(self.configuration))


class DeleteEim(_Model):
    """Remove an associated eIM."""

    command: Literal["deleteEim"]
    eim_id: str = Field(min_length=1, max_length=128)

    def made(self) -> Command:
        """The role's command."""
        return commands.delete_eim(self.eim_id)


class ListEim(_Model):
    """List the associated eIMs."""

    command: Literal["listEim"]

    def made(self) -> Command:
        """The role's command."""
        return commands.list_eim()


PackageCommand = Annotated[
    Enable
    | Disable
    | Delete
    | ListProfileInfo
    | GetRat
    | ConfigureImmediateEnable
    | SetFallbackAttribute
    | UnsetFallbackAttribute
    | SetDefaultDpAddress
    | AddEim
    | UpdateEim
    | DeleteEim
    | ListEim,
    Field(discriminator="command"),
]
"""A PSMO or an eCO; a package has one kind only."""
