"""One CI and everybody under it: taken from what was given, or made when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from cryptography.x509 import Name, ObjectIdentifier
from cryptography.x509.oid import NameOID

from harness.crypto import pki_mint
from harness.crypto.ecdsa import Curve, PrivateKey, generate
from harness.crypto.eid import digits_of, octets_of
from harness.crypto.entropy import Entropy
from harness.crypto.errors import PkiError
from harness.crypto.pki_identity import EuiccIdentity, Identity
from harness.crypto.pki_mint import Blueprint
from harness.crypto.roles import FACTS, Role

_NUMBER_SIZE = 15

_TLS_REMAINDER = timedelta(days=2)
"""How long a given TLS certificate must still be valid, so that it does not end in the middle of a run."""

_SAME_OWNER = ((Role.DP_AUTH, Role.DP_PB, Role.DP_TLS), (Role.DS_AUTH, Role.DS_TLS))


class CiSet:
    """One CI and those it certified. Each property raises PkiError for what the set neither has nor can make."""

    def __init__(
        self, curve: Curve, given: Mapping[Role, Identity], secret: Entropy, now: datetime, hosts: Sequence[str]
    ) -> None:
        self.curve: Final = curve
        self._given = dict(given)
        self._identities = {role: identity for role, identity in given.items() if not FACTS[role].is_tls}
        self._secret = secret
        self._now = now
        self._hosts = tuple(hosts)
        self._named: dict[tuple[Role, str], Identity] = {}
        self._euiccs: dict[str, EuiccIdentity] = {}

    @property
    def ci(self) -> Identity:
        return self.identity(Role.CI)

    @property
    def eum(self) -> Identity:
        return self.identity(Role.EUM)

    @property
    def dp_auth(self) -> Identity:
        return self.identity(Role.DP_AUTH)

    @property
    def dp_pb(self) -> Identity:
        return self.identity(Role.DP_PB)

    @property
    def dp_tls(self) -> Identity:
        return self.identity(Role.DP_TLS)

    @property
    def ds_auth(self) -> Identity:
        return self.identity(Role.DS_AUTH)

    @property
    def ds_tls(self) -> Identity:
        return self.identity(Role.DS_TLS)

    @property
    def eim_sign(self) -> Identity:
        return self.identity(Role.EIM_SIGN)

    @property
    def eim_tls(self) -> Identity:
        return self.identity(Role.EIM_TLS)

    @property
    def ci_key_id(self) -> bytes:
        return self.ci.key_id

    def has(self, role: Role | str) -> bool:
        """Whether this set has, or can make, the role's certificate together with its key."""
        try:
            return self.identity(role).has_private_key
        except PkiError:
            return False

    def identity(self, role: Role | str) -> Identity:
        """The one of that role. Raises PkiError; for the role "euicc" ask `euicc_identity`."""
        role = Role(role)
        if role not in self._identities:
            self._identities[role] = self._made(role)
        return self._identities[role]

    def eim(self, eim_id: str) -> Identity:
        """A signing identity for a further eIM, with a key of its own, named in its certificate."""
        wanted = (Role.EIM_SIGN, eim_id)
        if wanted not in self._named:
            self._named[wanted] = self.issue(Role.EIM_SIGN, pki_mint.server(Role.EIM_SIGN, eim_id), label=eim_id)
        return self._named[wanted]

    def blueprint(self, role: Role | str) -> Blueprint:
        """What a right certificate of the role says here: the thing to change one field of."""
        role = Role(role)
        if role is Role.CI:
            return pki_mint.authority(self.curve)
        if role is Role.EUM:
            return pki_mint.manufacturer()
        if role is Role.EUICC:
            raise PkiError("an eUICC's certificate depends on its EID: ask euicc_blueprint")
        owner = self._owner(role)
        if FACTS[role].is_tls:
            return replace(pki_mint.tls(role, self._now, self._hosts), owner=owner)
        return replace(pki_mint.server(role), owner=owner)

    def euicc_blueprint(self, eid: bytes | str) -> Blueprint:
        """What the certificate of the eUICC with this EID says, under this set's EUM."""
        subject = self.eum.view.subject
        return pki_mint.euicc(
            digits_of(eid), _attribute(subject, NameOID.ORGANIZATION_NAME), _attribute(subject, NameOID.COUNTRY_NAME)
        )

    def issue(
        self, role: Role | str, blueprint: Blueprint, *, label: str = "", private_key: PrivateKey | None = None
    ) -> Identity:
        """A certificate made to measure, under the EUM for an eUICC and under the CI for all others.

        The key is `private_key`, or the one that `label` names under this role. Nothing is checked: wrong ones are wanted.
        """
        role = Role(role)
        above = self.eum if role is Role.EUICC else self.ci
        issuer = pki_mint.issuer_of(above.certificate, above.private_key)
        key = private_key or self._key(role, label)
        return Identity(pki_mint.issue(blueprint, key.public_key(), issuer, self._number(role, label)), key)

    def euicc_identity(self, eid: bytes | str) -> EuiccIdentity:
        """The eUICC with this EID: the one that came with the set, or one made under its EUM.

        Raises PkiError where the set has no EUM key, or the EID is outside the EUM's range.
        """
        digits = octets_of(eid).hex()
        if digits not in self._euiccs:
            self._euiccs[digits] = self._euicc(digits)
        return self._euiccs[digits]

    def _euicc(self, digits: str) -> EuiccIdentity:
        given = self._identities.get(Role.EUICC)
        if given is None or given.view.serial_number != digits:
            ranges = self.eum.view.ein_ranges
            if not digits.startswith(ranges):
                raise PkiError(
                    f"the EUM of this set may not issue for EID {digits}",
                    hint=f"use an EID that begins with {' or '.join(ranges)}",
                )
            given = self.issue(Role.EUICC, self.euicc_blueprint(digits), label=digits)
        return EuiccIdentity(
            given.private_key, given.certificate, self.eum.certificate, self.ci.certificate, self.ci_key_id, self.curve
        )

    def _made(self, role: Role) -> Identity:
        if role is Role.CI:
            key = self._key(role, "")
            return Identity(pki_mint.issue_to_itself(self.blueprint(role), key, self._number(role, "")), key)
        if FACTS[role].is_tls:
            return self._tls(role)
        return self.issue(role, self.blueprint(role))

    def _tls(self, role: Role) -> Identity:
        """The certificate that was given while it serves, else a new one on the same key: devices may have pinned it."""
        given = self._given.get(role)
        wanted = self.blueprint(role)
        if given is None or not given.has_private_key:
            return self.issue(role, wanted)
        view = given.view
        if view.not_before <= self._now <= view.not_after - _TLS_REMAINDER and set(wanted.hosts) <= set(view.hosts):
            return given
        return self.issue(role, wanted, label=wanted.not_before.isoformat(), private_key=given.private_key)

    def _owner(self, role: Role) -> str | None:
        """The registered ID of the role's owner: that of its other certificates, where the set came with some."""
        for family in _SAME_OWNER:
            if role in family:
                owners = (self._given[other].view.rid_oid for other in family if other in self._given)
                return next(filter(None, owners), pki_mint.OWNERS[role])
        return pki_mint.OWNERS.get(role)

    def _key(self, role: Role, label: str) -> PrivateKey:
        return generate(self.curve, self._secret.child(f"{self.curve}/{role}/{label}/key"))

    def _number(self, role: Role, label: str) -> int:
        octets = self._secret.child(f"{self.curve}/{role}/{label}/number").bytes(_NUMBER_SIZE)
        return 1 + int.from_bytes(octets, "big")


def _attribute(name: Name, oid: ObjectIdentifier) -> str:
    values = name.get_attributes_for_oid(oid)
    return str(values[0].value) if values else ""
