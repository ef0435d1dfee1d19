"""What a lab may do with a card that is not its own: the three kinds of trust, as the lab file declares them.

    trust:
      verify: ci/                 # further CI certificates (DER or PEM), a file or a folder
      smdp: false                 # no SM-DP+ keys that the card believes; or the folder of a certificate set that has them
      eim: {join: import, eim_id: eim.example, key: eim.pem, counter: 41, token: 7, search: 100000}

Without `trust` the card is the lab's own: its eIMs and profiles are cleared before each case (`join: reset`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.nodes import Value

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

RESET, INITIAL, IMPORT, EXPORT, WATCH = "reset", "initial", "import", "export", "watch"
_KEYS = {
    RESET: (),
    IMPORT: ("eim_id", "key", "counter", "token", "search"),
    INITIAL: (),
    EXPORT: ("eim_id", "counter", "token", "search"),
    WATCH: (),
}
MOST_COUNTER = 0x7FFFFF
MOST_TOKEN = 2**63 - 1
DEFAULT_SEARCH = 100_000


@dataclass(frozen=True, slots=True)
class Joining:
    """How the lab comes to be an eIM of the card."""

    way: str = RESET
    """RESET: the card's eIMs are cleared; INITIAL: it has none, and one of ours is added for the run; IMPORT: an eIM of the
    card is acted as with its key; EXPORT: its owner added ours; WATCH: never."""
    eim_id: str = ""
    key: Path | None = None
    """The private signing key of that eIM, PEM."""
    counter: int = 0
    """The last counter that is known to have been used."""
    token: int | None = None
    """The association token; None: as the lab's state knows, or none."""
    search: int = DEFAULT_SEARCH
    """How far above the known counter a lost one is looked for."""


@dataclass(frozen=True, slots=True)
class CardTrust:
    """The trust between a lab and one card."""

    verify: tuple[Path, ...] = ()
    """Certificates of CIs, beside the lab's own."""
    has_smdp_keys: bool = True
    smdp: Path | None = None
    """A certificate set to act as SM-DP+ with, in place of the lab's own."""
    eim: Joining = Joining()

    @property
    def keeps_card(self) -> bool:
        """Whether what is on the card belongs to somebody else and stays."""
        return self.eim.way != RESET

    @property
    def in_words(self) -> str:
        """What a report says of it."""
        ways = {
            RESET: "its eIMs and profiles are cleared for each case",
            INITIAL: "joined by an eIM of the lab that is added for the run",
            IMPORT: f"joined by the imported key of the eIM {self.eim.eim_id}",
            EXPORT: "joined by an eIM of the lab that its owner added",
            WATCH: "watched only: nothing in it is changed",
        }
        keys = "the lab's SM-DP+ keys" if self.smdp is None else f"the SM-DP+ keys in {self.smdp}"
        downloads = f"downloads with {keys}" if self.has_smdp_keys else "no SM-DP+ keys that it believes: no downloads"
        further = f"; verified also by {len(self.verify)} further CI certificates" if self.verify else ""
        return f"{ways[self.eim.way]}; {downloads}{further}"


OWN_CARD = CardTrust()
"""The trust with a card that is the lab's own."""


def read_trust(value: Value, folder: Path) -> CardTrust:
    """What a slot's `trust` says; paths are relative to `folder`. Faults are noted."""
    keys = value.mapping(("verify", "smdp", "eim"))
    verify = read_certificates(keys["verify"], folder) if "verify" in keys else ()
    has_keys, smdp = _smdp(keys["smdp"], folder) if "smdp" in keys else (True, None)
    return CardTrust(verify, has_keys, smdp, _joining(keys["eim"], folder) if "eim" in keys else Joining())


def signing_key(path: Path) -> EllipticCurvePrivateKey:
    """The private key in a PEM file. Raises OSError, or ValueError where it holds no unencrypted key on a curve."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except TypeError as encrypted:
        raise ValueError("the key is encrypted") from encrypted
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the key is not on an elliptic curve")
    return key


def certificate(path: Path) -> bytes:
    """The DER of a certificate file in either form. Raises OSError, or ValueError where it holds none."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    octets = path.read_bytes()
    read = x509.load_pem_x509_certificate if octets.startswith(b"-----BEGIN") else x509.load_der_x509_certificate
    return read(octets).public_bytes(Encoding.DER)


def read_certificates(value: Value, folder: Path) -> tuple[Path, ...]:
    """The certificate files that a file or folder name stands for. Faults are noted."""
    place = _path(value, folder)
    if place is None:
        return ()
    files = sorted(file for file in place.iterdir() if file.is_file()) if place.is_dir() else [place]
    if not files:
        value.fault(f"{str(place)!r} is empty", "put the CI certificates there, DER or PEM")
    for file in files:
        try:
            certificate(file)
        except (OSError, ValueError) as problem:
            value.fault(f"{str(file)!r} is no certificate: {problem}", "name a file or folder of CI certificates")
    return tuple(files)


def _smdp(value: Value, folder: Path) -> tuple[bool, Path | None]:
    if value.is_text and value.text() in ("false", "true"):
        return value.text() == "true", None
    place = _path(value, folder)
    if place is not None and not place.is_dir():
        value.fault(f"{str(place)!r} is not a folder", "write `false`, `true`, or the folder of a certificate set")
    return True, place


def _joining(value: Value, folder: Path) -> Joining:
    whole = value.mapping()
    if not value.is_mapping:
        return Joining()
    if "join" not in whole:
        value.fault("'join' is missing", f"known: {', '.join(_KEYS)}")
        return Joining()
    way = whole["join"].choice(*_KEYS)
    if way not in _KEYS:
        return Joining()
    keys = value.mapping(("join", *_KEYS[way]))
    for name in ("eim_id", "key") if way == IMPORT else ():
        if name not in keys:
            value.fault(f"{name!r} is missing", "joining by import needs the eIM's name and its private key")
    return Joining(
        way,
        (keys["eim_id"].text() if "eim_id" in keys else None) or "",
        _key(keys["key"], folder) if "key" in keys else None,
        (keys["counter"].integer(0, MOST_COUNTER) if "counter" in keys else None) or 0,
        keys["token"].integer(0, MOST_TOKEN) if "token" in keys else None,
        (keys["search"].integer(1, MOST_COUNTER) if "search" in keys else None) or DEFAULT_SEARCH,
    )


def _key(value: Value, folder: Path) -> Path | None:
    path = _path(value, folder)
    if path is not None:
        try:
            signing_key(path)
        except (OSError, ValueError) as problem:
            value.fault(f"{str(path)!r} holds no signing key: {problem}", "name an unencrypted PEM file")
    return path


def _path(value: Value, folder: Path) -> Path | None:
    word = value.text()
    if word is None:
        return None
    path = (folder / word).expanduser()
    if not path.exists():
        value.fault(f"{str(path)!r} does not exist", "paths are relative to the lab file")
        return None
    return path
