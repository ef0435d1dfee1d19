"""The module's firmware: an IPA over the module's own card and network."""

from __future__ import annotations

from collections.abc import Iterable

from harness.roles.es10 import Es10
from harness.roles.es10.eims import TrustData
from harness.roles.ipa import CONFORMING, HttpPort, HttpReply, Ipa, NoAnswer
from harness.rules import Rules
from harness.simulators.module.modem import Modem


class Firmware:
    """The IPA of a module from one boot to the next. Use it from one thread, which may be another than the modem's."""

    def __init__(self, modem: Modem, http: HttpPort, rules: Rules = CONFORMING) -> None:
        self._es10 = Es10(modem.sim)
        self.ipa = Ipa(self._es10, _OverTheAir(modem, http), _Network(modem), modem.config.ipa, rules)

    def wake(self, now: float) -> float:
        """Does what is due and returns when it is next due, in seconds of the lab's clock."""
        return self.ipa.wake(now)


class _Network:
    """The modem as the IPA sees it."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem

    def connect(self) -> bool:
        return self._modem.has_data_path()

    def registered_plmn(self) -> bytes | None:
        plmn = self._modem.plmn()
        return None if plmn is None else plmn_octets(plmn)

    def has_emergency_call(self) -> bool:
        return self._modem.has_emergency_call


class _OverTheAir:
    """HTTPS over whatever network the enabled profile meets."""

    def __init__(self, modem: Modem, http: HttpPort) -> None:
        self._modem = modem
        self._http = http

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes, *, trust: TrustData | None) -> HttpReply:
        host = url.removeprefix("https://").partition("/")[0]
        if not self._modem.has_data_path():
            raise NoAnswer("there is no data path")
        met = self._modem.network_met()
        if not met.resolves or not met.carries:
            raise NoAnswer(f"{host} is not {'reached' if met.resolves else 'found'} over this network")
        unreachable = met.unreachable
        if host in unreachable or host.partition(":")[0] in unreachable:
            raise NoAnswer(f"{host} does not answer over this network")
        return self._http.post(url, headers, body, trust=trust)


def plmn_octets(plmn: str) -> bytes:
    """MCC and MNC in three octets (TS 24.008 §10.5.1.13): a two-digit MNC has F in the place of its third digit."""
    mcc, mnc = plmn[:3], plmn[3:].ljust(3, "F")
    return bytes.fromhex(mcc[1] + mcc[0] + mnc[2] + mcc[2] + mnc[1] + mnc[0])
