"""How simulated modules speak: 27.007 leaves much open, and each maker fills it in its own way.

Rules of this room:
- A dialect is data. What the commands do is the same for all of them and stands in the rule table.
- A dialect that bears a maker's name has what is public about that maker's modules; where nothing is known it does as
  27.007 says. It is shaped like such a module and imitates no particular firmware.
- The others have habits that modules of several makers share, or that a lab wants to rehearse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class SocketCommands:
    """A maker's commands for sockets of the module itself."""

    names: frozenset[str] = frozenset()
    want_start: bool = False
    """Whether the module's own TCP/IP must be brought up before, once for each profile."""
    arrival: str = ""
    """What announces data, with `socket` and how many `octets`; empty where reading waits for them."""
    looks_up_behind_ok: bool = False
    """Whether the outcome of +CDNSGIP comes after its OK."""


_U_BLOX = frozenset({"+UDNSRN", "+USOCR", "+USOCO", "+USOWR", "+USORD", "+USOCL"})
_U_BLOX_PROFILES = frozenset({"+UPSD", "+UPSDA", "+UPSND"})
_NORDIC = frozenset({"#XGETADDRINFO", "#XSOCKET", "#XCONNECT", "#XSEND", "#XRECV"})
_QUECTEL = frozenset({"+QIACT", "+QIDEACT", "+QIDNSGIP", "+QIOPEN", "+QISEND", "+QISENDEX", "+QIRD", "+QICLOSE"})
_SIMCOM_LTE = frozenset({"+NETOPEN", "+NETCLOSE", "+CDNSGIP", "+CIPOPEN", "+CIPSEND", "+CIPRXGET", "+CIPCLOSE"})
_SIMCOM_LPWA = frozenset({"+CNACT", "+CDNSGIP", "+CAOPEN", "+CASEND", "+CARECV", "+CACLOSE"})
SOCKET_COMMANDS = _U_BLOX | _U_BLOX_PROFILES | _NORDIC | _QUECTEL | _SIMCOM_LTE | _SIMCOM_LPWA

_ONE_CONTEXT_SOCKETS = SocketCommands(_U_BLOX, arrival="+UUSORD: {socket},{octets}")
"""Those of u-blox where no profile has to be activated."""
_U_BLOX_SOCKETS = SocketCommands(_U_BLOX | _U_BLOX_PROFILES, True, "+UUSORD: {socket},{octets}")
_NORDIC_SOCKETS = SocketCommands(_NORDIC)
_QUECTEL_SOCKETS = SocketCommands(_QUECTEL, True, '+QIURC: "recv",{socket}')
_SIMCOM_LTE_SOCKETS = SocketCommands(_SIMCOM_LTE, True, "+CIPRXGET: 1,{socket}")
_SIMCOM_LPWA_SOCKETS = SocketCommands(_SIMCOM_LPWA, True, "+CADATAIND: {socket}", looks_up_behind_ok=True)

_ICCID = {"+CCID": "+CCID: ", "+ICCID": "+ICCID: "}
_OPEN, _CLOSE, _ACCESS, _CSIM = "+CCHO", "+CCHC", "+CGLA", "+CSIM"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one kind of module makes of 27.007."""

    manufacturer: str = "SGP.32 Harness"
    model: str = "SIM-MODULE-1"
    revision: str = "SIMMOD1R01A01"
    boot_announcements: tuple[str, ...] = ("RDY",)
    """Unsolicited result codes of a boot, in order."""
    announces_sim: bool = True
    """Whether +CPIN comes unsolicited when the SIM is reset or loses its power."""
    boots_at: int = 1
    """The level of +CFUN after a boot."""
    iccid_commands: Mapping[str, str] = field(default_factory=lambda: dict(_ICCID))
    """The maker's commands that tell the ICCID, each with what stands before the digits."""
    session_prefix: str = ""
    """What stands before the session id in the answer to +CCHO: nothing in 27.007 §8.45."""
    close_answer: tuple[str, ...] = ("+CCHC",)
    """The lines of the answer to +CCHC (27.007 §8.46)."""
    missing: frozenset[str] = frozenset()
    """Commands that are answered with ERROR in every form."""
    refuses_test: frozenset[str] = frozenset()
    """Commands whose form `=?` is answered with ERROR although they work."""
    apdus_when: Literal["always", "registered", "flight"] = "always"
    """When +CSIM and +CCHO reach the card: always, while registered in a network, or with +CFUN=4 only."""
    passes_channels: bool = True
    """Whether +CSIM carries APDUs on other channels than the basic one."""
    fetches_responses: bool = False
    """Whether the module sends GET RESPONSE by itself after 61xx."""
    longest_apdu: int = 4096
    """In octets; a longer one is refused."""
    latency: float = 0.0
    """Seconds until an answer comes."""
    chatter: tuple[str, ...] = ()
    """Unsolicited result codes that come with every answer."""
    vanishes_for: float = 0.0
    """Seconds for which the port is gone after a reboot by command, as that of a USB module."""
    sockets: SocketCommands = SocketCommands()
    ipa_command: bool = False
    """Whether the maker's `%IPA` is there: =0 pauses the IPA, =1 lets it work, =2 makes it poll."""


DIALECTS: Mapping[str, Dialect] = {
    "harness": Dialect(ipa_command=True, sockets=_ONE_CONTEXT_SOCKETS),
    "3gpp": Dialect(model="SIM-MODULE-PLAIN"),
    "quectel": Dialect(
        manufacturer="Quectel",
        model="EG25",
        revision="SIMULATED-EG25",
        boot_announcements=("RDY", "+CFUN: 1", "+QIND: SMS DONE", "+QIND: PB DONE"),
        iccid_commands={"+QCCID": "+QCCID: ", "+CCID": "+CCID: "},
        session_prefix="+CCHO: ",
        close_answer=(),
        refuses_test=frozenset({_OPEN, _CLOSE, _ACCESS}),
        passes_channels=False,
        sockets=_QUECTEL_SOCKETS,
    ),
    "telit": Dialect(
        manufacturer="Telit",
        model="ME910G1",
        revision="SIMULATED-ME910G1",
        boot_announcements=(),
        announces_sim=False,
        iccid_commands={"#CCID": "#CCID: "},
        session_prefix="+CCHO: ",
        close_answer=(),
    ),
    "u-blox": Dialect(
        manufacturer="u-blox",
        model="SARA-R5",
        revision="SIMULATED-SARA-R5",
        boot_announcements=(),
        announces_sim=False,
        iccid_commands={"+CCID": "+CCID: "},
        sockets=_U_BLOX_SOCKETS,
    ),
    "simcom": Dialect(
        manufacturer="SIMCOM INCORPORATED",
        model="SIM7600",
        revision="SIMULATED-SIM7600",
        boot_announcements=("RDY", "SMS DONE", "PB DONE"),
        iccid_commands={"+CICCID": "+ICCID: "},
        sockets=_SIMCOM_LTE_SOCKETS,
    ),
    "simcom-lpwa": Dialect(
        manufacturer="SIMCOM_Ltd",
        model="SIMCOM_SIM7080",
        revision="SIMULATED-SIM7080",
        boot_announcements=("RDY", "+CFUN: 1", "SMS Ready"),
        iccid_commands={"+CCID": ""},
        sockets=_SIMCOM_LPWA_SOCKETS,
    ),
    "nordic": Dialect(
        manufacturer="Nordic Semiconductor ASA",
        model="nRF93M1",
        revision="SIMULATED-NRF93M1",
        boot_announcements=(),
        announces_sim=False,
        boots_at=0,
        iccid_commands={"%XICCID": "%XICCID: "},
        sockets=_NORDIC_SOCKETS,
    ),
    "sealed": Dialect(model="SIM-MODULE-SEALED", missing=frozenset({_CSIM, _OPEN, _CLOSE, _ACCESS}), ipa_command=True),
    "flight-mode": Dialect(model="SIM-MODULE-FLIGHT", apdus_when="flight"),
    "registered": Dialect(model="SIM-MODULE-REGISTERED", apdus_when="registered"),
    "helpful": Dialect(
        model="SIM-MODULE-HELPFUL",
        fetches_responses=True,
        longest_apdu=133,
        missing=frozenset({_CLOSE, _CSIM}),
    ),
    "restless": Dialect(
        model="SIM-MODULE-RESTLESS",
        latency=0.02,
        chatter=("+CSQ: 17,99", '+QIND: "csq",17,99', "^RSSI: 17", "SMS DONE") * 5,
        vanishes_for=0.3,
    ),
}
"""Dialects by name. `harness` is 27.007 with commands of our own for the IPA and the sockets of an older u-blox;
`3gpp` is 27.007 and nothing else."""
