"""What a card says of itself, asked without changing anything in it.

Rules of this room:
- Every question stands alone: what a card refuses is noted with the reason, and the next one is asked. Only a card that
  does not even tell its EID is not inspected.
- Nothing is concluded from silence: a feature that the card does not speak of is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from harness.codec import tlv
from harness.codec.errors import DecodeError
from harness.crypto.certificates import Certificate
from harness.crypto.chain import ChainRefusal, verify_euicc_chain
from harness.crypto.errors import CertificateError
from harness.errors import DeviceFault
from harness.lab.file import features
from harness.roles.es10.versions import version_named

if TYPE_CHECKING:
    from harness.crypto.pki import TestPki
    from harness.roles.es10 import Es10
    from harness.roles.es10.eims import EimConfiguration
    from harness.roles.es10.identity import ConfiguredAddresses, EuiccInfo2
    from harness.roles.es10.profiles import ProfileInfo

Answer = TypeVar("Answer")

SGP32, SGP22, UNKNOWN = "SGP.32", "SGP.22 only", "unknown"
_RESOURCES = {0x81: "installed_applications", 0x82: "free_non_volatile", 0x83: "free_volatile"}
_IPAE_SUPPORTED = 0x80


@dataclass(frozen=True, slots=True)
class CiKey:
    """One CI public key that the card names in its EUICCInfo2."""

    key_id: str
    """Hexadecimal."""
    verifies: bool
    """Whether the card believes servers under it."""
    signs: bool
    """Whether the card has a certificate under it."""
    ours: str
    """The curve of the lab's CI that it is; empty where the lab does not have it."""


@dataclass(slots=True)
class Inspection:
    """A card, as it was found. A field is None or empty where `refused` names the question behind it."""

    eid: str
    atr: str = ""
    """Hexadecimal; empty behind a module."""
    info: EuiccInfo2 | None = None
    selected: bytes = b""
    eims: tuple[EimConfiguration, ...] | None = None
    profiles: tuple[ProfileInfo, ...] | None = None
    addresses: ConfiguredAddresses | None = None
    ci_keys: tuple[CiKey, ...] = ()
    chain: str = ""
    """Why the card's certificate is not believed; empty where it is."""
    curve: str = ""
    """The curve of the lab's CI that the certificate leads to."""
    refused: dict[str, str] = field(default_factory=dict)
    """Questions that the card did not answer, with the reason."""

    @property
    def kind(self) -> str:
        """SGP32, or SGP22 for a card that has neither iotSpecificInfo nor a function of SGP.32."""
        if self.info is None:
            return UNKNOWN
        has_functions = self.eims is not None or "GetCerts" not in self.refused
        return SGP32 if self.info.iot_versions is not None or has_functions else SGP22

    @property
    def memory(self) -> Mapping[str, int]:
        """extCardResource: applications, and octets of memory that are free."""
        if self.info is None:
            return {}
        try:
            parts = tlv.parse_all(self.info.ext_card_resource)
        except DecodeError:
            return {}
        return {_RESOURCES[part.tag]: int.from_bytes(part.value, "big") for part in parts if part.tag in _RESOURCES}

    @property
    def features(self) -> Mapping[str, bool | None]:
        """Each feature of a card that a case may require; None where the card does not speak of it."""
        found: dict[str, bool | None] = {name: None for name in features.FEATURES if name not in features.OF_IPA}
        if self.info is None:
            return found
        if self.info.iot_versions is not None:
            found |= dict.fromkeys(features.LACKING_IN[version_named(self.info.iot_versions)], False)
            found |= {name: found[name] is None for name in ("since-1.2", "since-1.3")}
            if self.info.fallback_allowed_update_supported:
                found["fallback-allowed-update"] = True
            found |= {"fallback": self.info.fallback_supported, "ecall": self.info.ecall_supported}
        found["ppr"] = not self.info.forbidden_profile_policy_rules >= {1, 2}
        brainpool = {key.signs for key in self.ci_keys if key.ours == "brainpool"}
        found["brainpool"] = True if True in brainpool else None
        found["ipae"] = _ipae(self.selected)
        return found


def inspect(es10: Es10, pki: TestPki, *, atr: bytes = b"") -> Inspection:
    """Asks a card everything that it tells anybody. Raises DeviceFault where it does not even tell its EID."""
    found = Inspection(es10.get_eid().hex(), atr.hex().upper())
    found.selected = _asked(found, "SELECT of the ISD-R", es10.open) or b""
    found.info = _asked(found, "GetEUICCInfo2", es10.get_euicc_info2)
    found.eims = _asked(found, "GetEimConfigurationData", es10.get_eim_configuration)
    found.profiles = _asked(found, "GetProfilesInfo", es10.get_profiles_info)
    found.addresses = _asked(found, "GetEuiccConfiguredAddresses", es10.get_configured_addresses)
    if found.info is not None:
        found.ci_keys = _ci_keys(found.info, pki)
    _check_chain(found, es10, pki)
    return found


def _asked(found: Inspection, question: str, ask: Callable[[], Answer]) -> Answer | None:
    try:
        return ask()
    except (DeviceFault, DecodeError) as fault:
        found.refused[question] = str(fault)
        return None


def _ci_keys(info: EuiccInfo2, pki: TestPki) -> tuple[CiKey, ...]:
    ours = {pki.trust(curve).ci_key_id: str(curve) for curve in pki.curves}
    verifies, signs = info.ci_ids_for_verification, info.ci_ids_for_signing
    return tuple(
        CiKey(key.hex().upper(), key in verifies, key in signs, ours.get(key, ""))
        for key in dict.fromkeys((*verifies, *signs))
    )


def _check_chain(found: Inspection, es10: Es10, pki: TestPki) -> None:
    """Under each CI of the lab that the card may sign under; under the one that it prefers where there is none."""
    wanted = [curve for curve in pki.curves if any(key.ours == curve and key.signs for key in found.ci_keys)]
    ids: list[bytes | None] = [pki.trust(curve).ci_key_id for curve in wanted]
    reasons = []
    for key_id in ids or [None]:
        answer = _asked(found, "GetCerts", partial(es10.get_certs, key_id))
        if answer is None or answer.error is not None:
            reasons.append(found.refused.get("GetCerts") or f"GetCerts answered error {answer and answer.error}")
            continue
        for curve in pki.curves:
            try:
                verify_euicc_chain(pki.trust(curve).ci.view, Certificate(answer.eum), Certificate(answer.euicc))
            except (ChainRefusal, CertificateError) as refusal:
                reasons.append(f"not under the lab's CI on {curve}: {refusal}")
            else:
                found.curve = str(curve)
                return
    found.chain = "; ".join(dict.fromkeys(reasons))


def _ipae(selected: bytes) -> bool | None:
    """The flag ipaeSupported of the answer to SELECT (SGP.32 v1.2 §5.9); None where the answer was not to be seen."""
    try:
        templates = [piece for piece in tlv.parse(selected).walk() if piece.tag == 0xE1] if selected else []
        flags = templates[0].get(0x80).value if templates else b""
    except DecodeError:
        return None
    return bool(flags[1] & _IPAE_SUPPORTED) if len(flags) > 1 else None
