"""Defects of an eUICC in whom it takes for a server, and in keeping one download from another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.chain import server_chain_faults
from harness.crypto.entropy import Entropy
from harness.crypto.errors import CertificateError
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, all_of, answering, around, with_rule
from harness.simulators.euicc.credentials import Identity
from harness.simulators.euicc.device import Answer, Device, Purpose
from harness.simulators.euicc.download import Download
from harness.simulators.euicc.es10.authentication import (
    NO_SESSION_CONTEXT,
    SERVER_ROLES,
    Server,
    chain_holds,
    has_known_curve,
)
from harness.simulators.euicc.session import Session
from harness.simulators.euicc.state import CardState, Profile

_ECALL_INDICATION, _FALLBACK_ALLOWED = 0x9F7B, 0x9F67
_POLICY_RULES = 0x99
_BINDING = "dp-pb"
_CHECKS_OF_A_KEY = ("server-curve", "server-certificate-role", "server-certificate-chain", "server-signature")


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


def _unless_unreadable(name: str) -> Change:
    """A check that a certificate on another curve is never put to."""

    def check(inner: Any, device: Device, server: Server) -> bool:
        return not has_known_curve(server.certificate) or inner(device, server)

    return around(name, check)


def _any_key_as_its_own(inner: Any, session: Session, wanted: bytes | None) -> tuple[ecdsa.PrivateKey, bytes] | None:
    own: tuple[ecdsa.PrivateKey, bytes] | None = inner(session, wanted)
    return own or (None if wanted is None else (ecdsa.generate("nist", Entropy("for a foreign point")), wanted))


def _always_without_a_session(inner: Any, device: Device, request: Tlv) -> Answer:
    answer: Answer = inner(device, request)
    error = tlv.parse(answer.response).find(0xA1)
    if error is None:
        return answer
    return Answer(tlv.build(0xBF21, tlv.build(0xA1, error.get(0x80).raw, tlv.integer(0x02, NO_SESSION_CONTEXT))))


def _session_goes_on(inner: Any, device: Device, request: Tlv) -> Answer:
    download = device.session.download
    answer: Answer = inner(device, request)
    device.session.download = download
    return answer


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


def _on_one_curve(device: Device) -> ecdsa.PrivateKey:
    return ecdsa.generate("nist", device.entropy)


def _results_on_one_curve(inner: Any, purpose: Purpose, key: ecdsa.PrivateKey, message: bytes) -> bytes:
    if purpose is Purpose.INSTALLATION and ecdsa.curve_of(key) is not ecdsa.Curve.NIST:
        key = ecdsa.generate("nist", Entropy("the key of the first CI"))
    return inner(purpose, key, message)  # type: ignore[no-any-return]


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
        "takes-server-on-another-curve",
        "What the card cannot compute on it does not check: a server whose key is on another curve is taken.",
        all_of(*(_unless_unreadable(name) for name in _CHECKS_OF_A_KEY)),
    ),
    _define(
        "ignores-signature-of-binder",
        "smdpSignature2 is not looked at.",
        answering("binding-signature", True),
    ),
    _define(
        "tells-every-download-error-as-no-session",
        "Whatever keeps a download from being prepared is told as noSessionContext.",
        around("PrepareDownload", _always_without_a_session),
    ),
    _define(
        "keeps-cancelled-session",
        "A session goes on after it was cancelled.",
        around("CancelSession", _session_goes_on),
    ),
    _define(
        "makes-a-new-one-time-key-for-a-retry",
        "The one-time key of an earlier attempt is never used again.",
        answering("own-one-time-key", None),
    ),
    _define(
        "makes-one-time-keys-on-one-curve",
        "One-time keys are on P-256 whatever the curve of the session's CI.",
        with_rule("one-time-key", _on_one_curve),
    ),
    _define(
        "signs-installation-results-on-one-curve",
        "Installation results are signed with a key on P-256 whatever the CI of the session.",
        around("euicc-signature", _results_on_one_curve),
    ),
    _define(
        "answers-with-any-one-time-key",
        "Whichever one-time key an SM-DP+ names, the card calls it its own.",
        around("own-one-time-key", _any_key_as_its_own),
    ),
    _define(
        "forbids-rules-that-its-table-gives",
        "EUICCInfo2 calls every policy rule forbidden, whatever the Rules Authorisation Table says.",
        answering("forbidden-rules", (1, 2)),
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
        "drops-policy-rules",
        "The policy rules of a profile are lost at its installation.",
        _installed_without(_POLICY_RULES),
    ),
    _define(
        "drops-fallback-allowed",
        "That a profile may become the fallback profile is lost at its installation.",
        _installed_without(_FALLBACK_ALLOWED),
    ),
)
