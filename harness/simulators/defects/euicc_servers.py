"""Defects of an eUICC in whom it takes for a server, and in keeping one download from another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.chain import server_chain_faults
from harness.crypto.entropy import Entropy
from harness.crypto.errors import CertificateError
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, all_of, answering, around, with_rule
from harness.simulators.euicc.credentials import Identity
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.download import Download
from harness.simulators.euicc.es10.authentication import SERVER_ROLES, Server, chain_holds
from harness.simulators.euicc.state import CardState, Profile

_ECALL_INDICATION, _FALLBACK_ALLOWED = 0x9F7B, 0x9F67
_BINDING = "dp-pb"


def _holds_but_for(ignored: frozenset[str], identity: Identity | None, certificate: bytes, role: str) -> bool:
    """Whether a chain breaks no other rules than these."""
    if identity is None:
        return False
    try:
        faults = server_chain_faults(Certificate(identity.ci_certificate), Certificate(certificate), role)
    except CertificateError:
        return False
    return {fault.rule for fault in faults} <= ignored


def _servers_but_for(*rules: str) -> Change:
    ignored = frozenset(rules)

    def check(_device: Device, server: Server) -> bool:
        return any(_holds_but_for(ignored, server.identity, server.certificate, role) for role in SERVER_ROLES)

    return with_rule("server-certificate-chain", check)


def _binder_of_any(download: Download, certificate: bytes) -> bool:
    return chain_holds(download.identity, certificate, _BINDING)


def _binder_of_any_role(download: Download, certificate: bytes) -> bool:
    return _holds_but_for(frozenset({"policy"}), download.identity, certificate, _BINDING)


def _begins_so(ours: bytes, named: bytes) -> bool:
    return ours.startswith(named)


def _same_every_time(device: Device) -> ecdsa.PrivateKey:
    download = device.session.download
    identity = device.identities[0] if download is None else download.identity
    return ecdsa.generate(ecdsa.curve_of(identity.private_key), Entropy("one key for all times"))


def _installed_without(tag: int) -> Change:
    """One field of a profile's metadata is lost on the way."""

    def installed(inner: Any, state: CardState, profile: Profile) -> CardState:
        whole = tlv.parse(profile.metadata)
        left = tlv.build(whole.tag, *(field.raw for field in whole.children if field.tag != tag))
        return inner(state, replace(profile, metadata=left))  # type: ignore[no-any-return]

    return around("profile-installed", installed)


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "ignores-signature-of-server-certificate",
        "Of a server's certificate everything is looked at but its issuer's signature.",
        _servers_but_for("issuer-signature"),
    ),
    _define(
        "takes-any-role-of-server",
        "A server is taken whatever its certificate is for.",
        _servers_but_for("policy"),
    ),
    _define(
        "takes-server-of-any-ci",
        "A server is taken whoever certified it.",
        _servers_but_for("issuer-name", "aki-ski", "issuer-signature"),
    ),
    _define(
        "takes-binder-of-another-server",
        "CERT.DPpb may be that of another SM-DP+ than the one that authenticated itself.",
        with_rule("binding-certificate", _binder_of_any),
    ),
    _define(
        "takes-any-role-of-binder",
        "Where CERT.DPpb is due, any certificate of the SM-DP+ is taken.",
        with_rule("binding-certificate", _binder_of_any_role),
    ),
    _define(
        "matches-ci-by-its-beginning",
        "A CI is found by the first octets of its key identifier.",
        with_rule("ci-key-matches", _begins_so),
    ),
    _define(
        "takes-any-transaction-id",
        "In a download the transactionId is not looked at.",
        answering("transaction-is-open", True),
    ),
    _define(
        "installs-bound-package-again",
        "One one-time key serves every download, and a package is good for any of them.",
        all_of(
            with_rule("one-time-key", _same_every_time),
            answering("transaction-is-open", True),
        ),
    ),
    _define(
        "prepares-without-confirmation-code",
        "A download that asks for a Confirmation Code is prepared without one.",
        answering("confirmation-code-is-there", True),
    ),
    _define(
        "drops-hash-of-confirmation-code",
        "euiccSigned2 leaves the hash of the Confirmation Code out.",
        answering("hash-cc-signed", b""),
    ),
    _define(
        "drops-ecall-indication",
        "That a profile is for emergency calls is lost at its installation.",
        _installed_without(_ECALL_INDICATION),
    ),
    _define(
        "drops-fallback-allowed",
        "That a profile may become the fallback profile is lost at its installation.",
        _installed_without(_FALLBACK_ALLOWED),
    ),
)
