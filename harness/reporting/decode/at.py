"""AT lines (3GPP TS 27.007) in words, and the APDUs that travel inside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

COMMANDS: Mapping[str, str] = {
    "+CCHO": "open a logical channel",
    "+CGLA": "APDU on a logical channel",
    "+CCHC": "close a logical channel",
    "+CSIM": "APDU",
    "+CRSM": "restricted SIM access",
    "+CFUN": "level of functionality",
    "+CPIN": "PIN state",
    "+CREG": "network registration",
    "+CGREG": "packet domain registration",
    "+CEREG": "EPS registration",
    "+CGATT": "packet domain attach",
    "+CGDCONT": "PDP context definition",
    "+CGACT": "PDP context activation",
    "+CGPADDR": "PDP address",
    "+CGCONTRDP": "PDP context in use",
    "+UDNSRN": "name resolution",
    "+USOCR": "new socket",
    "+USOCO": "connect a socket",
    "+USOWR": "write to a socket",
    "+USORD": "read from a socket",
    "+USOCL": "close a socket",
    "+UPSD": "PSD profile",
    "+UPSDA": "PSD profile activation",
    "+UPSND": "PSD profile in use",
    "+UUPSDA": "PSD profile is active",
    "+UUSORD": "data came for a socket",
    "+QIACT": "context of the module's sockets",
    "+QIDEACT": "context of the module's sockets",
    "+QIDNSGIP": "name resolution",
    "+QIOPEN": "connect a socket",
    "+QISEND": "write to a socket",
    "+QISENDEX": "write to a socket",
    "+QIRD": "read from a socket",
    "+QICLOSE": "close a socket",
    "+QIURC": "news of the module's sockets",
    "+NETOPEN": "start of the module's sockets",
    "+NETCLOSE": "end of the module's sockets",
    "+CDNSGIP": "name resolution",
    "+CIPOPEN": "connect a socket",
    "+CIPSEND": "write to a socket",
    "+CIPRXGET": "read from a socket",
    "+CIPCLOSE": "close a socket",
    "+CNACT": "network of the module's sockets",
    "+CAOPEN": "connect a socket",
    "+CASEND": "write to a socket",
    "+CARECV": "read from a socket",
    "+CACLOSE": "close a socket",
    "+CADATAIND": "data came for a socket",
    "#XGETADDRINFO": "name resolution",
    "#XSOCKET": "open or close a socket",
    "#XCONNECT": "connect a socket",
    "#XSEND": "write to a socket",
    "#XRECV": "read from a socket",
    "+CCLK": "clock",
    "+CIMI": "IMSI",
    "+CCID": "ICCID",
    "+ICCID": "ICCID",
    "+QCCID": "ICCID",
    "+CGSN": "IMEI",
    "+CGMI": "manufacturer",
    "+CGMM": "model",
    "+CGMR": "firmware",
    "+CMEE": "error reporting",
    "+COPS": "operator",
    "+CSQ": "signal quality",
    "E0": "echo off",
    "E1": "echo on",
    "I": "identification",
}

_CARRIER = re.compile(r"\+(CSIM|CGLA)\s*[:=]\s*(?:(\d+)\s*,\s*)?(\d+)\s*,\s*\"?([0-9A-Fa-f]*)\"?")
_NAME = re.compile(r"AT([+#][A-Z0-9]+|[A-Z]\d*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Carried:
    """An APDU inside an AT line."""

    by: str
    """ "+CSIM" or "+CGLA"."""
    session: str
    apdu: bytes


def lines(octets: bytes) -> list[str]:
    """The lines of a piece of serial traffic, control octets made visible."""
    text = octets.decode("utf-8", errors="backslashreplace")
    return [line for line in re.split(r"[\r\n]+", text) if line.strip()]


@lru_cache(4096)
def carried(octets: bytes) -> Carried | None:
    """The APDU in a +CSIM or +CGLA command or answer, whole or None."""
    found = _CARRIER.search(octets.decode("latin-1"))
    if found is None or len(found[4]) % 2 or int(found[3]) != len(found[4]):
        return None
    return Carried(f"+{found[1]}", found[2] or "", bytes.fromhex(found[4]))


def in_words(octets: bytes) -> str:
    """What a command asks for; empty for what is no known command."""
    found = _NAME.match(octets.decode("latin-1").strip())
    return COMMANDS.get(found[1].upper(), "") if found else ""
