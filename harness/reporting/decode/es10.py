"""ES10 functions by the tag of their request, and the names of what a card answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the card: its name and the types of its two messages."""

    name: str
    request: str
    response: str


def _same(interface: str, name: str, stem: str = "") -> Function:
    stem = stem or name
    return Function(f"{interface}.{name}", f"{stem}Request", f"{stem}Response")


FUNCTIONS: Mapping[int, Function] = {
    0xBF20: Function("ES10b.GetEUICCInfo (EUICCInfo1)", "GetEuiccInfo1Request", "EUICCInfo1"),
    0xBF21: _same("ES10b", "PrepareDownload"),
    0xBF22: Function("ES10b.GetEUICCInfo (EUICCInfo2)", "GetEuiccInfo2Request", "EUICCInfo2"),
    0xBF23: Function(
        "ES10b.LoadBoundProfilePackage (InitialiseSecureChannel)",
        "InitialiseSecureChannelRequest",
        "ProfileInstallationResult",
    ),
    0xBF28: _same("ES10b", "ListNotification"),
    0xBF29: _same("ES10c", "SetNickname"),
    0xBF2B: _same("ES10b", "RetrieveNotificationsList"),
    0xBF2D: _same("ES10b", "GetProfilesInfo", "ProfileInfoList"),
    0xBF2E: _same("ES10b", "GetEuiccChallenge"),
    0xBF30: _same("ES10b", "RemoveNotificationFromList", "NotificationSent"),
    0xBF31: _same("ES10c", "EnableProfile"),
    0xBF32: _same("ES10c", "DisableProfile"),
    0xBF33: _same("ES10c", "DeleteProfile"),
    0xBF35: _same("ES10b", "LoadCRL"),
    0xBF36: Function("ES10b.LoadBoundProfilePackage", "BoundProfilePackage", "ProfileInstallationResult"),
    0xBF38: _same("ES10b", "AuthenticateServer"),
    0xBF3C: _same("ES10b", "GetEuiccConfiguredAddresses", "EuiccConfiguredAddresses"),
    0xBF3E: _same("ES10b", "GetEID", "GetEuiccData"),
    0xBF41: _same("ES10b", "CancelSession"),
    0xBF42: _same("ES10b", "IpaeActivation"),
    0xBF43: _same("ES10b", "GetRAT", "GetRat"),
    0xBF51: Function("ES10b.LoadEuiccPackage", "EuiccPackageRequest", "EuiccPackageResult"),
    0xBF55: _same("ES10b", "GetEimConfigurationData"),
    0xBF56: _same("ES10b", "GetCerts"),
    0xBF57: _same("ES10b", "AddInitialEim"),
    0xBF58: _same("ES10b", "ProfileRollback"),
    0xBF59: _same("ES10b", "ConfigureImmediateProfileEnabling"),
    0xBF5A: _same("ES10b", "ImmediateEnable"),
    0xBF5B: _same("ES10b", "EnableEmergencyProfile"),
    0xBF5C: _same("ES10b", "DisableEmergencyProfile"),
    0xBF5D: _same("ES10b", "ExecuteFallbackMechanism"),
    0xBF5E: _same("ES10b", "ReturnFromFallback"),
    0xBF5F: _same("ES10b", "GetConnectivityParameters"),
    0xBF64: _same("ES10b", "eUICCMemoryReset", "EuiccMemoryReset"),
    0xBF65: _same("ES10b", "SetDefaultDpAddress"),
}

SEGMENTS: Mapping[int, str] = {
    0xA0: "ES10b.LoadBoundProfilePackage (ConfigureISDP)",
    0xA1: "ES10b.LoadBoundProfilePackage (StoreMetadata)",
    0x88: "ES10b.LoadBoundProfilePackage (StoreMetadata segment)",
    0xA2: "ES10b.LoadBoundProfilePackage (ReplaceSessionKeys)",
    0xA3: "ES10b.LoadBoundProfilePackage (profile elements)",
    0x86: "ES10b.LoadBoundProfilePackage (profile element segment)",
    0x87: "ES10b.LoadBoundProfilePackage (segment)",
}
"""Parts of a bound profile package, each of which is a STORE DATA chain of its own (SGP.22 §2.5.5)."""
