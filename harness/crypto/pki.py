"""The test PKI of a lab: for each curve one CI and everybody under it.

Rules of this room:
- What a set was given (files) is used; what it lacks is made from its secret and its CI key when somebody asks. The same
  secret makes the same keys and certificates in whatever order; only TLS certificates depend on the time.
- A saved set keeps its secret, so that a key made later is still on disk before a device learns it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from harness.crypto import pki_files
from harness.crypto.ecdsa import Curve
from harness.crypto.entropy import Entropy
from harness.crypto.errors import PkiError
from harness.crypto.pki_identity import EuiccIdentity, Identity
from harness.crypto.pki_mint import Blueprint
from harness.crypto.pki_set import CiSet
from harness.crypto.roles import Role
from harness.errors import ConfigurationError, Fault

__all__ = ["Blueprint", "CiSet", "EuiccIdentity", "Identity", "Role", "TestPki", "kept", "load", "load_sgp26", "mint"]

_SECRET_SIZE = 32


class TestPki:
    """The credentials of a whole lab."""

    __test__ = False  # pytest: a product class, whatever its name begins with

    def __init__(self, sets: Mapping[Curve, CiSet], secret: bytes) -> None:
        self._sets = dict(sets)
        self._secret = secret

    @property
    def curves(self) -> tuple[Curve, ...]:
        return tuple(self._sets)

    def trust(self, curve: Curve | str) -> CiSet:
        """Everything under the CI of one curve. Raises PkiError where there is none."""
        found = self._sets.get(Curve(curve))
        if found is None:
            raise PkiError(f"this set of credentials has no CI on {curve}")
        return found

    def euicc_identity(self, curve: Curve | str, eid: bytes | str) -> EuiccIdentity:
        """See `CiSet.euicc_identity`."""
        return self.trust(curve).euicc_identity(eid)

    def euicc_identities(self, eid: bytes | str) -> tuple[EuiccIdentity, ...]:
        """The identity of one eUICC on every curve whose EUM can issue."""
        return tuple(ci_set.euicc_identity(eid) for ci_set in self._sets.values() if ci_set.has(Role.EUM))

    def save(self, folder: Path) -> None:
        """Writes the secret and every certificate and key into `folder`, readable by their owner only.

        The files are named as in SGP.26; each is replaced as a whole. The secret goes first, so that whatever is there
        after a kill belongs together.
        """
        pki_files.write_secret(folder, self._secret)
        for ci_set in self._sets.values():
            for role in Role:
                if role is not Role.EUICC and ci_set.has(role):
                    pki_files.write_identity(folder, ci_set.curve, role, ci_set.identity(role))


def mint(entropy: Entropy, now: datetime, *, hosts: Sequence[str] = ()) -> TestPki:
    """A PKI on both curves, made when asked for. Draws one secret from `entropy`; everything follows from it.

    `now` is real time, for TLS validity; `hosts` are further names and addresses for the TLS certificates.
    """
    secret = entropy.bytes(_SECRET_SIZE)
    return TestPki({curve: CiSet(curve, {}, Entropy(secret), now, hosts) for curve in Curve}, secret)


def kept(folder: Path, entropy: Entropy, now: datetime, *, hosts: Sequence[str] = ()) -> TestPki:
    """The set that is kept in `folder`; where there is none yet, a new one is made and saved there first.

    Safe to be called by several processes at once: the first secret to be there is everybody's.
    """
    if pki_files.found_secret(folder, entropy.bytes(_SECRET_SIZE)):
        load(folder, now, hosts=hosts).save(folder)
    return load(folder, now, hosts=hosts)


def load(folder: Path, now: datetime, *, hosts: Sequence[str] = ()) -> TestPki:
    """A set that `save` wrote. What is missing is made again from the secret.

    A TLS certificate that is not valid at `now`, or lacks one of the hosts, is made anew on its key. Raises
    ConfigurationError with every fault of the files.
    """
    secret = pki_files.read_secret(folder)
    return _assembled(pki_files.read_identities(folder), secret, now, hosts)


def load_sgp26(folder: Path, now: datetime, *, hosts: Sequence[str] = ()) -> TestPki:
    """A folder of certificates and keys named as in SGP.26. What it lacks is made where it has the CI key.

    Made keys follow from the CI's or EUM's private key, so that the same folder always gives the same ones. Raises
    ConfigurationError with every fault of the files.
    """
    found = pki_files.read_identities(folder)
    given = {curve: identities for curve, identities in found.items() if Role.CI in identities}
    if not given:
        hint = "name a folder that has CERT_CI_SIG_NIST.der, SK_CI_SIG_NIST.pem and the like"
        raise ConfigurationError([Fault(str(folder), 0, "holds no CI certificate", hint)])
    keys = [
        pki_files.private_pem(identities[role])
        for identities in given.values()
        for role in (Role.CI, Role.EUM)
        if role in identities and identities[role].has_private_key
    ]
    return _assembled(given, sha256(b"".join(keys)).digest(), now, hosts)


def _assembled(
    given: Mapping[Curve, Mapping[Role, Identity]], secret: bytes, now: datetime, hosts: Sequence[str]
) -> TestPki:
    sets = {curve: CiSet(curve, identities, Entropy(secret), now, hosts) for curve, identities in given.items()}
    return TestPki(sets, secret)
