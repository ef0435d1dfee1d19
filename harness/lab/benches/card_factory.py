"""Birth of a simulated card in a process of its own: what it is told, and how it is made from that.

The child never sees the lab: it is given its keys, its seed and its memory file, and knows nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from harness.crypto.ecdsa import Curve
from harness.crypto.entropy import Entropy
from harness.crypto.pki import EuiccIdentity
from harness.simulators.defects import broken
from harness.simulators.euicc import CONFORMING, AuthorisationRule, CardConfig, FileMemory, SimulatedEuicc

if TYPE_CHECKING:
    from harness.lab.rack import Rack

FACTORY = "harness.lab.benches.card_factory:make"
_SEED_SIZE = 32


def arguments_for(rack: Rack, config: CardConfig, memory: Path, label: str) -> dict[str, Any]:
    """What `make` needs, as JSON values."""
    return {
        "config": {key: _plain(value) for key, value in asdict(config).items()},
        "identities": [_identity_out(identity) for identity in rack.pki.euicc_identities(config.eid)],
        "seed": rack.entropy.child(label).bytes(_SEED_SIZE).hex(),
        "memory": str(memory),
    }


def make(arguments: Mapping[str, Any], defects: Sequence[str]) -> SimulatedEuicc:
    """The card. Its memory is a file, so that it survives the death of its process."""
    config = dict(arguments["config"])
    for key in ("eid", "atr", "http_parameters"):
        config[key] = bytes.fromhex(config[key])
    config["authorisation"] = tuple(
        AuthorisationRule(tuple(rule["rules"]), bytes.fromhex(rule["mcc_mnc"]), rule["consent_required"])
        for rule in config["authorisation"]
    )
    return SimulatedEuicc(
        CardConfig(**config),
        tuple(_identity_in(identity) for identity in arguments["identities"]),
        FileMemory(Path(arguments["memory"])),
        Entropy(bytes.fromhex(arguments["seed"])),
        broken(CONFORMING, "euicc", defects),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [_plain(member) for member in value]
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    return value


def _identity_out(identity: EuiccIdentity) -> dict[str, str]:
    key = identity.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {
        "key": key.hex(),
        "certificate": identity.certificate.hex(),
        "eum": identity.eum_certificate.hex(),
        "ci": identity.ci_certificate.hex(),
        "ci_key_id": identity.ci_key_id.hex(),
        "curve": str(identity.curve),
    }


def _identity_in(value: Mapping[str, str]) -> EuiccIdentity:
    key = load_der_private_key(bytes.fromhex(value["key"]), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return EuiccIdentity(
        key,
        bytes.fromhex(value["certificate"]),
        bytes.fromhex(value["eum"]),
        bytes.fromhex(value["ci"]),
        bytes.fromhex(value["ci_key_id"]),
        Curve(value["curve"]),
    )
