"""The eUICC under test, as cases see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from harness.errors import DeviceFault, LabFault
from harness.links.apdu import CardLink
from harness.roles.es10 import Es10, Terminal
from harness.roles.es10.client import LARGEST_BLOCK
from harness.roles.es10.identity import CertsAnswer
from harness.roles.es10.ports import APDU_DEADLINE, CardPort
from harness.roles.es10.profiles import ProfileInfo
from harness.roles.es10.versions import DEFAULT

if TYPE_CHECKING:
    from harness.conformance.devices.strictness import Strictness
    from harness.crypto.certificates import Certificate
    from harness.lab.ledger import Ledger
    from harness.profiles import ProfilePackage


class EuiccUnderTest(Es10):
    """All ES10 functions of the card, its identity, and the raw APDUs for what ES10 does not show."""

    strictness: Strictness | None = None
    """Is shown each request and its answer; None where nobody is judged."""
    ledger: Ledger | None = None
    """Counts what is written to a real card; None where nobody counts."""

    ipa_version: str | None = None
    """The SGP.32 version of the IPA before the card; None: the card's own."""

    def __init__(
        self,
        port: CardPort,
        link: CardLink,
        *,
        checked: Callable[[bytes, bytes], Certificate],
        profiles: Mapping[str, ProfilePackage],
        ci_key_id: bytes,
        known_eid: bytes | None = None,
        version: str = DEFAULT,
        block_size: int = LARGEST_BLOCK,
    ) -> None:
        """`ci_key_id` is the CI that our eIMs name to the card (euiccCiPKId).

        `known_eid` is the EID of the card that the lab says is there; None where it leaves that open. `version` is the
        SGP.32 version that it declares. `block_size` is the most octets of data that an APDU may hold.
        """
        super().__init__(port, version=version, block_size=block_size)
        self.link = link
        """The link to the card; `link.name` is what the verdict is filed under."""
        self._checked = checked
        self._profiles = profiles
        self._ci_key_id = ci_key_id
        self._known_eid = known_eid
        self.guard: Callable[[bytes], None] | None = None
        """Looks at each request before the card does, and raises Withheld for what the lab does not let the card do."""

    def call(self, request: bytes, *, deadline: float = APDU_DEADLINE) -> bytes:
        """As Es10 does, past the guard."""
        if self.guard is not None:
            self.guard(request)
        return super().call(request, deadline=deadline)

    def call_once(self, request: bytes, *, deadline: float = APDU_DEADLINE) -> bytes:
        """As `call`, for this one request: nothing is recovered and nothing sent again."""
        if self.guard is not None:
            self.guard(request)
        return self._store(request, deadline)

    @property
    def terminal(self) -> Terminal:
        """The terminal that the harness plays. Raises DeviceFault behind a module, which is its own terminal."""
        if isinstance(self.port, Terminal):
            return self.port
        raise DeviceFault("behind a module the harness is not the terminal", hint="restrict the case's links")

    @property
    def is_terminal(self) -> bool:
        """Whether the harness is the terminal: on memory and PC/SC links."""
        return isinstance(self.port, Terminal)

    @cached_property
    def eid(self) -> bytes:
        """The EID, 16 octets, as GetEID gave it when it was first asked for.

        Raises LabFault where that is not the card of this slot: everything that was prepared is for another one.
        """
        eid = self.get_eid()
        if self._known_eid not in (None, eid):
            raise LabFault(
                f"the card says that it is {eid.hex()}, and was {(self._known_eid or b'').hex()}",
                hint="was it exchanged? EU-007 judges a card that changes its EID",
            )
        return eid

    @cached_property
    def certificate(self) -> Certificate:
        """The certificate that the card signs under for our eIMs, checked up to the lab's CI.

        A card may have more CIs than the lab knows, and prefer one of those. Raises DeviceFault where the chain does not
        hold.
        """
        answer = certificates_for(self, self._ci_key_id)
        if answer.error is not None:
            raise DeviceFault(f"GetCerts answered error {answer.error}")
        return self._checked(answer.euicc, answer.eum)

    def checked(self, euicc: bytes, eum: bytes) -> Certificate:
        """An eUICC certificate, its chain checked up to the lab's CI. Raises DeviceFault where it does not hold."""
        return self._checked(euicc, eum)

    def profile(self, name: str) -> ProfileInfo:
        """What the card says of a fixture profile. An AssertionError where it is not installed."""
        found = self.find_profile(name)
        if found is None:
            raise AssertionError(f"the card does not list the profile {name}")
        return found

    def shown(self, iccid: bytes, tags: Iterable[int]) -> ProfileInfo:
        """What GetProfilesInfo shows of one profile under these tags. An AssertionError where it lists none, or several."""
        found = self.get_profiles_info(tags=tags, iccid=iccid)
        if len(found) != 1:
            raise AssertionError(f"a search for the profile {iccid.hex()} lists {len(found)} profiles")
        return found[0]

    def find_profile(self, name: str) -> ProfileInfo | None:
        """What the card says of a fixture profile; None where it is not installed."""
        iccid = self._profiles[name].iccid
        return next((info for info in self.get_profiles_info() if info.iccid == iccid), None)

    @property
    def enabled_profile(self) -> str | None:
        """The name of the enabled profile, None where none is; the ICCID in hexadecimal for one that is no fixture."""
        for info in self.get_profiles_info():
            if info.is_enabled:
                names = [name for name, package in self._profiles.items() if package.iccid == info.iccid]
                return names[0] if names else (info.iccid or b"").hex()
        return None

    def _store(self, request: bytes, deadline: float) -> bytes:
        if self.ledger is not None:
            self.ledger.note(request)
        answer = super()._store(request, deadline)
        if self.strictness is not None:
            self.strictness.look(request, answer)
        return answer

    def transmit(self, command: bytes, *, deadline: float = APDU_DEADLINE) -> bytes:
        """One command APDU as it is, on whatever channel its class byte says; the response with its status word."""
        if self.ledger is not None:
            self.ledger.note_command(command)
        return self.port.transmit(command, deadline=deadline)


def certificates_for(es10: Es10, ci_key_id: bytes | None) -> CertsAnswer:
    """GetCerts under this CI; under the one that the card prefers where it does not have this one."""
    answer = es10.get_certs(ci_key_id)
    return answer if answer.error is None else es10.get_certs()
