"""One card behind a private PC/SC daemon: what the harness adds to an APDU, and how long a profile's whole life takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import resources
from harness.conformance.case import State
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.own_ipa import OwnIpa
from harness.conformance.ours.parties import Parties, euicc_over
from harness.evidence.journal import Journal
from harness.lab.benches.card_bench import CardBench
from harness.lab.file.configuration import read_lab
from harness.lab.rack import Rack
from harness.links.pcsc import PcscLink
from harness.profiles import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import Command, delete, disable, enable
from tests.bench.figures import Figure, median_of, seconds

SLOT = "card-pcsc"
GET_EID = bytes.fromhex("81E2910006BF3E035C015A00")
"""STORE DATA on channel 1: a command that the card answers with data, and that changes nothing."""
_IN_A_ROW = 20


@dataclass(frozen=True)
class Scene:
    """The card, our eIM and our SM-DP+ behind HTTPS, our IPA between them, everything recorded."""

    link: PcscLink
    euicc: EuiccUnderTest
    eim: Eim
    ipa: OwnIpa
    activation_code: Callable[[ProfilePackage], str]
    profiles: Mapping[str, ProfilePackage]


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Opens the simulated lab's card behind PC/SC, as a slot's process does. Raises LabFault where PC/SC is missing."""
    lab = read_lab(resources.path("lab-config/simulated.yaml"))
    with Rack(lab, seed=1) as rack, Journal(folder, slot=SLOT) as journal:
        bench = CardBench(rack, lab.slots[SLOT], SLOT, None, journal.observer)
        bench.open()
        try:
            parties = Parties(rack, "bench", State(eims=1), observers=[journal.observer("in-process")])
            assert isinstance(bench.link, PcscLink)
            euicc = euicc_over(bench.link, parties)
            eim = parties.eims[0]
            ipa = OwnIpa(rack, euicc, eim, (parties.smdp,), [journal.observer("https")])
            _associate(euicc, eim)
            yield Scene(
                bench.link,
                euicc,
                eim,
                ipa,
                lambda profile: parties.smdp.order(profile).activation_code,
                rack.profiles,
            )
            ipa.close()
        finally:
            bench.close()


def _associate(euicc: EuiccUnderTest, eim: Eim) -> None:
    added = euicc.add_initial_eim([eim.configuration()])
    assert added.error is None
    certificates = euicc.get_certs()
    eim.associate(euicc.eid, euicc_certificate=certificates.euicc, eum_certificate=certificates.eum, counter=0)


def apdu_ratio(card: Scene, repetitions: int) -> Figure:
    """The same APDU through the harness, recorded, and through bare pyscard; by turns, on the same card.

    Bare is pyscard's lowest call, SCardTransmit, over a second connection: what the quickest program could do.
    """
    card.euicc.get_eid()  # channel 1 is open, the ISD-R selected
    through, bare = [], []
    with _bare(card.link.reader) as transmit:
        assert transmit(GET_EID) == card.euicc.transmit(GET_EID)
        for _ in range(repetitions):
            through.append(_per_call(lambda: card.euicc.transmit(GET_EID)))
            bare.append(_per_call(lambda: transmit(GET_EID)))
    ratio = statistics.median(through) / statistics.median(bare)
    how = (
        f"medians of {repetitions} × {_IN_A_ROW}: {statistics.median(through) * 1e6:.0f} µs "
        f"against {statistics.median(bare) * 1e6:.0f} µs"
    )
    return Figure("an APDU over PC/SC, recorded, to bare pyscard", ratio, 1.5, "times", how)


def _per_call(call: Callable[[], object]) -> float:
    before = time.perf_counter()
    for _ in range(_IN_A_ROW):
        call()
    return (time.perf_counter() - before) / _IN_A_ROW


@contextmanager
def _bare(reader: str) -> Iterator[Callable[[bytes], bytes]]:
    """pyscard without us: a connection of its own to the same card."""
    from smartcard import scard

    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    result, handle, protocol = scard.SCardConnect(
        context, reader, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    )
    assert result == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(result)
    header = scard.SCARD_PCI_T1 if protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0

    def transmit(command: bytes) -> bytes:
        _, response = scard.SCardTransmit(handle, header, list(command))
        return bytes(response)

    try:
        yield transmit
    finally:
        scard.SCardDisconnect(handle, scard.SCARD_LEAVE_CARD)
        scard.SCardReleaseContext(context)


def profile_life(card: Scene, repetitions: int) -> Figure:
    """Download, enable, disable and delete, each ordered at the eIM and fetched by a poll; every message over TLS."""
    profile = card.profiles["operational-a"]
    life(card, profile)
    samples = [seconds(lambda: life(card, profile)) for _ in range(repetitions)]
    return median_of("download, enable, disable, delete over PC/SC with TLS", samples, 0.5, "s")


def life(card: Scene, profile: ProfilePackage) -> None:
    """One profile from its order to its deletion. An AssertionError where any of it did not come about."""
    download = card.eim.queue_download(card.euicc.eid, activation_code=card.activation_code(profile))
    card.ipa.poll()
    assert card.eim.operation(download).state == "done"
    for command, result in (
        (enable(profile.iccid), "enableResult"),
        (disable(profile.iccid), "disableResult"),
        (delete(profile.iccid), "deleteResult"),
    ):
        assert _carried_out(card, command) == ((result, 0),)


def _carried_out(card: Scene, command: Command) -> tuple[tuple[str, object], ...]:
    transaction = card.eim.queue_package(card.euicc.eid, command)
    card.ipa.poll()
    return card.eim.operation(transaction).results
