"""The parties of one case, and a card prepared with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from harness.conformance.case import State
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.downloading import direct_download, download_by_code
from harness.conformance.ours.states import Prepared, reach
from harness.crypto.errors import PkiError
from harness.crypto.pki import load_sgp26
from harness.errors import DeviceFault, Withheld
from harness.lab.benches.cards import conforming_card, port_of
from harness.lab.file.accounts import AccountPool
from harness.lab.file.reach import OUR_NAMES, Names
from harness.lab.file.trust import OWN_CARD, CardTrust, certificate
from harness.lab.in_process import InProcessSmdp
from harness.lab.parties import new_eim, new_other_smdp, new_smdp, new_smds
from harness.links.at_card import AtCard
from harness.links.events import Interface
from harness.links.https_client import HttpsClient
from harness.links.memory import MemoryLink
from harness.links.tls import Trust
from harness.profiles.addressing import addressed
from harness.roles.es10.client import LARGEST_BLOCK
from harness.roles.es10.versions import DEFAULT

if TYPE_CHECKING:
    from harness.crypto.certificates import Certificate
    from harness.lab.rack import Rack
    from harness.links.apdu import CardLink
    from harness.links.events import Observer
    from harness.roles.eim import Eim
    from harness.roles.eim.ports import HttpPort
    from harness.roles.es10.download import InstallationAnswer
    from harness.roles.smdp import Smdp
    from harness.roles.smds import Smds
    from harness.simulators.euicc import CardConfig

_VERIFY = "name that CI's certificate as `trust: verify:` of the slot"


class Parties:
    """The harness's own parties of one case."""

    def __init__(
        self,
        rack: Rack,
        label: str,
        needs: State,
        *,
        device: str = "",
        observers: Sequence[Observer] = (),
        http: HttpPort | None = None,
        trust: CardTrust = OWN_CARD,
        names: Names = OUR_NAMES,
    ) -> None:
        """`device` is what the lab's memory calls the card; `observers` are told what crosses no other link.

        `http` is the eIMs' way to the SM-DP+; None: in this process. `trust` is what the lab may do with the card, `names`
        what the device calls us.
        """
        self.rack = rack
        self._entropy = rack.entropy.child(label)
        self._needs = needs
        self._device = device
        self._observers = observers
        self._http = http
        self._trust = trust
        self._names = names
        profiles = rack.profiles
        for described, address in zip(OUR_NAMES.smdps, names.smdps, strict=False):
            profiles = addressed(profiles, described, address)
        self.profiles = dict(profiles)
        """The fixture profiles by name, or what stands for one on a card that keeps its own."""

    @cached_property
    def eims(self) -> tuple[Eim, Eim]:
        """The case's eIM and its other one."""
        first, second = (
            new_eim(
                self.rack,
                self._entropy,
                number,
                device=self._device,
                offers_indirect_download=self._needs.offers_indirect_download,
                http=self._http or self._to_smdp(),
                names=self._names,
            )
            for number in (0, 1)
        )
        return first, second

    @cached_property
    def smdp(self) -> Smdp:
        """The SM-DP+, with the keys that the card believes."""
        folder = self._trust.smdp
        pki = None if folder is None else load_sgp26(folder, self.rack.clock.utc())
        return new_smdp(self.rack, self._entropy, pki=pki, address=self._names.smdps[0])

    @cached_property
    def other_smdp(self) -> Smdp:
        """The SM-DP+ of another operator. Raises Withheld where nobody can certify one that the card believes."""
        folder = self._trust.smdp
        pki = None if folder is None else load_sgp26(folder, self.rack.clock.utc())
        try:
            return new_other_smdp(self.rack, self._entropy, self._names.smdps[1], pki=pki)
        except PkiError as problem:
            raise Withheld(f"there is no second SM-DP+ under the card's CI: {problem}") from problem

    @cached_property
    def smds(self) -> Smds:
        """The SM-DS. Raises Withheld where there are no certificates for one that the card believes."""
        folder = self._trust.smdp
        pki = None if folder is None else load_sgp26(folder, self.rack.clock.utc())
        smds = new_smds(self.rack, self._entropy, pki=pki, address=self._names.smds)
        if not smds.identity.credentials:
            raise Withheld("there is no SM-DS under the card's CI: its certificates have none for DSauth")
        return smds

    def _to_smdp(self) -> InProcessSmdp:
        return InProcessSmdp(self.smdp, self.rack.clock, self._observers)

    def download_to(self, euicc: EuiccUnderTest) -> Callable[[str], InstallationAnswer]:
        """Installs a fixture profile on that card."""

        def download(name: str) -> InstallationAnswer:
            return direct_download(euicc, self.smdp, self._to_smdp(), self.profiles[name])

        return download

    def download_by_account(
        self, euicc: EuiccUnderTest, case: str, observers: Sequence[Observer]
    ) -> InstallationAnswer:
        """Installs what waits at an SM-DP+ that the lab has an account at; the account is used up by it.

        Raises Withheld where there is none left, LabFault where the download does not come to an installation.
        """
        lab = self.rack.lab
        account = AccountPool(lab.accounts, lab.state).take(self._device, case, datetime.now(UTC))
        cis = [self.rack.pki.trust(curve).ci.certificate for curve in self.rack.pki.curves]
        given = [certificate(path) for path in (*account.tls, *self._trust.verify)]
        client = HttpsClient(Trust((*cis, *given)), interface=Interface.ES9P, observers=observers)
        try:
            return download_by_code(euicc, account.code, client)
        finally:
            client.close()

    def checked(self, euicc: bytes, eum: bytes) -> Certificate:
        """An eUICC's certificate, its chain checked up to one of the lab's CIs. Raises DeviceFault where none holds.

        Raises Withheld where the card belongs to somebody else and the lab has no certificate of its CI.
        """
        from harness.crypto.certificates import Certificate
        from harness.crypto.chain import ChainRefusal, verify_euicc_chain
        from harness.crypto.errors import CertificateError

        cis = [self.rack.pki.trust(curve).ci.view for curve in self.rack.pki.curves]
        cis += [Certificate(certificate(path)) for path in self._trust.verify]
        refusals = []
        for ci in cis:
            try:
                leaf, manufacturer = Certificate(euicc), Certificate(eum)
                verify_euicc_chain(ci, manufacturer, leaf)
                return leaf
            except (ChainRefusal, CertificateError) as refusal:
                refusals.append(str(refusal))
        if self._trust.keeps_card and _issuer(eum) not in [ci.subject_key_id for ci in cis]:
            raise Withheld("the lab has no certificate of the CI that the card's own leads to", hint=_VERIFY)
        raise DeviceFault("the eUICC's certificate leads to no CI of this lab: " + "; ".join(refusals))


def _issuer(eum: bytes) -> bytes | None:
    """The key identifier of the CI over an EUM certificate; None where it cannot be read."""
    from harness.crypto.certificates import Certificate
    from harness.crypto.errors import CertificateError

    try:
        return Certificate(eum).authority_key_id
    except CertificateError:
        return None


def prepared_card(rack: Rack, config: CardConfig, needs: State) -> Prepared:
    """The snapshot of a card like this in the state that the case needs; made once in a rack."""
    needs = replace(needs, exact=False)  # a fresh card has nothing else on it
    key = (config, needs)
    found = rack.kept.get(key)
    if not isinstance(found, Prepared):
        card = conforming_card(rack, config)
        parties = Parties(rack, f"prepared/{config.eid.hex()}/{needs}", needs)
        euicc = euicc_over(MemoryLink(card), parties, version=config.version)
        reach(needs, euicc, parties.eims, rack.profiles, parties.download_to(euicc))
        associations = tuple(eim.device().association for eim in parties.eims[: needs.eims])
        found = rack.kept[key] = Prepared(card.snapshot(), associations)
    return found


def make_known(
    eims: Sequence[Eim], config: CardConfig, prepared: Prepared, rack: Rack, ipa_version: str | None = None
) -> None:
    """Tells the eIMs what the eUICC in that state knows of them, and the version of the IPA before it."""
    identity = rack.pki.euicc_identity("nist", config.eid)
    for eim, association in zip(eims, prepared.associations, strict=False):
        eim.associate(
            config.eid,
            euicc_certificate=identity.certificate,
            eum_certificate=identity.eum_certificate,
            association_token=association.token,
            counter=association.counter,
            version=config.version,
            ipa_version=ipa_version,
        )


def euicc_over(
    link: CardLink, parties: Parties, known_eid: bytes | None = None, version: str = DEFAULT
) -> EuiccUnderTest:
    """The card at the other end of a link, with the harness as its terminal where the link shows one."""
    return EuiccUnderTest(
        port_of(link),
        link,
        checked=parties.checked,
        profiles=parties.profiles,
        ci_key_id=parties.rack.pki.trust("nist").ci_key_id,
        known_eid=known_eid,
        version=version,
        block_size=link.block_size if isinstance(link, AtCard) else LARGEST_BLOCK,
    )
