"""A download under way, from the server that authenticated itself to the profile that was installed."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

from harness.crypto.scp03t import Scp03tReceiver
from harness.simulators.euicc.bpp import Cutter
from harness.simulators.euicc.credentials import Identity
from harness.simulators.euicc.elements import Elements


@dataclass(frozen=True, slots=True)
class Prepared:
    """What PrepareDownload added to a download session."""

    one_time_key: EllipticCurvePrivateKey
    one_time_point: bytes
    binding_key: EllipticCurvePublicKey
    """The key of CERT.DPpb."""


@dataclass(frozen=True, slots=True)
class Download:
    """A server that AuthenticateServer took, until the profile is installed or the session is cancelled."""

    transaction_id: bytes
    identity: Identity
    server_oid: str
    server_address: str
    signature1: bytes
    """euiccSignature1 as a TLV (5F37): smdpSignature2 covers it."""
    prepared: Prepared | None = None


@dataclass(slots=True)
class Installation:
    """A bound profile package on its way in."""

    download: Download
    cutter: Cutter = field(default_factory=Cutter)
    receiver: Scp03tReceiver | None = None
    plaintext: bytes = b""
    """What the segments of the present container carried."""
    dp_proprietary_data: bytes = b""
    """The B8 of ConfigureISDP; empty where it has none."""
    metadata: bytes = b""
    iccid: bytes = b""
    elements: Elements = field(default_factory=Elements)


@dataclass(frozen=True, slots=True)
class Installed:
    """The last profile installed in this session, for ImmediateEnable."""

    iccid: bytes
    server_oid: str
    server_address: str
