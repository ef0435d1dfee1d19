"""Certificates and keys as files, named as in the SGP.26 set: CERT_….der and SK_….pem.

Keys and the secret are written for their owner alone, and every file is replaced as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkstemp

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from harness.crypto.certificates import Certificate
from harness.crypto.ecdsa import Curve, PrivateKey, public_key_point
from harness.crypto.errors import CertificateError
from harness.crypto.pki_identity import Identity
from harness.crypto.roles import Role
from harness.errors import ConfigurationError, Fault

SECRET_FILE = "seed.key"

_STEMS: dict[Role, tuple[str, ...]] = {
    Role.CI: ("CI_SIG", "CI_ECDSA"),
    Role.EUM: ("EUM_SIG", "EUM_ECDSA"),
    Role.EUICC: ("EUICC_SIG", "EUICC_ECDSA"),
    Role.DP_AUTH: ("S_SM_DPauth_SIG", "S_SM_DPauth_ECDSA"),
    Role.DP_PB: ("S_SM_DPpb_SIG", "S_SM_DPpb_ECDSA"),
    Role.DP_TLS: ("S_SM_DP_TLS",),
    Role.DS_AUTH: ("S_SM_DSauth_SIG", "S_SM_DSauth_ECDSA"),
    Role.DS_TLS: ("S_SM_DS_TLS",),
    Role.EIM_SIGN: ("S_EIMsign_SIG", "S_EIMsign_ECDSA"),
    Role.EIM_TLS: ("S_EIM_TLS",),
}
"""How the files of a role begin: the newer name of the set first, which is also the one written."""

_SUFFIXES = {Curve.NIST: "NIST", Curve.BRAINPOOL: "BRP"}
_SECRET_SIZE = 32


def read_identities(folder: Path) -> dict[Curve, dict[Role, Identity]]:
    """What the folder holds for each curve. Raises ConfigurationError with every fault.

    A certificate may lack its key; a key that belongs to another certificate is a fault.
    """
    faults: list[Fault] = []
    found = {curve: dict(_identities(folder, curve, faults)) for curve in Curve}
    if faults:
        raise ConfigurationError(faults)
    return found


def write_identity(folder: Path, curve: Curve, role: Role, identity: Identity) -> None:
    """The key first: a certificate on disk always has its key beside it."""
    stem = _STEMS[role][0]
    if identity.has_private_key:
        write_private(folder / _key_file(stem, curve), private_pem(identity))
    write_private(folder / _certificate_file(stem, curve), identity.certificate)


def write_secret(folder: Path, secret: bytes) -> None:
    """Replaces the secret from which a set's keys are derived."""
    write_private(folder / SECRET_FILE, _secret_line(secret))


def found_secret(folder: Path, secret: bytes) -> bool:
    """Writes the secret where there is none yet; whether it did. Of several at once exactly one does."""
    beside = _beside(folder / SECRET_FILE, _secret_line(secret))
    try:
        os.link(beside, folder / SECRET_FILE)
    except FileExistsError:
        return False
    finally:
        beside.unlink()
    return True


def read_secret(folder: Path) -> bytes:
    """Raises ConfigurationError where it is missing or damaged."""
    file = folder / SECRET_FILE
    try:
        secret = bytes.fromhex(file.read_text("ascii").strip())
    except OSError as fault:
        raise ConfigurationError([Fault(str(file), 0, f"cannot be read: {fault.strerror}")]) from fault
    except ValueError as fault:
        raise ConfigurationError([Fault(str(file), 1, "is not hexadecimal")]) from fault
    if len(secret) != _SECRET_SIZE:
        raise ConfigurationError([Fault(str(file), 1, f"holds {len(secret)} octets; the secret has {_SECRET_SIZE}")])
    return secret


def _secret_line(secret: bytes) -> bytes:
    return secret.hex().encode() + b"\n"


def private_pem(identity: Identity) -> bytes:
    """The private key in PKCS #8, not encrypted."""
    return identity.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_private(file: Path, content: bytes) -> None:
    """Replaces the file as a whole; it is its owner's alone from the first moment (mode 0600, folders 0700)."""
    os.replace(_beside(file, content), file)


def _beside(file: Path, content: bytes) -> Path:
    """The content on disk, in the file's folder, under a name of its own."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = mkstemp(prefix=f".{file.name}.", dir=file.parent)
    with open(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    return Path(name)


def _identities(folder: Path, curve: Curve, faults: list[Fault]) -> Iterator[tuple[Role, Identity]]:
    for role, stems in _STEMS.items():
        certificate = _first_there(folder, [_certificate_file(stem, curve) for stem in stems])
        if certificate is None:
            continue
        key = _first_there(folder, [_key_file(stem, curve) for stem in stems])
        try:
            yield role, _identity(certificate, key)
        except ConfigurationError as fault:
            faults.extend(fault.faults)


def _identity(certificate: Path, key: Path | None) -> Identity:
    try:
        view = Certificate(certificate.read_bytes())
    except CertificateError as fault:
        raise ConfigurationError([Fault(str(certificate), 0, str(fault))]) from fault
    private_key = _private_key(key) if key else None
    if private_key and public_key_point(private_key) != public_key_point(view.public_key):
        raise ConfigurationError([Fault(str(key), 0, f"is not the key of {certificate.name}")])
    return Identity(view.raw, private_key)


def _private_key(file: Path) -> PrivateKey:
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise ConfigurationError([Fault(str(file), 0, "is not an unencrypted private key in PEM")]) from fault
    if not isinstance(key, PrivateKey):
        raise ConfigurationError([Fault(str(file), 0, "is not an elliptic curve key")])
    return key


def _first_there(folder: Path, names: list[str]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _certificate_file(stem: str, curve: Curve) -> str:
    return f"CERT_{stem}_{_SUFFIXES[curve]}.der"


def _key_file(stem: str, curve: Curve) -> str:
    return f"SK_{stem}_{_SUFFIXES[curve]}.pem"
