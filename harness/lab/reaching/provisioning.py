"""What a device has to be given so that it works with the servers of this lab: roots, TLS anchors, eIM configuration, names.

Rules of this room:
- Only public things leave the lab: certificates and configuration, never a key.
- The eIM configuration asks the eUICC for an association token and begins at counter 0: it is for a card that does not have
  this eIM yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.codec import encode
from harness.lab.file.reach import Names
from harness.lab.parties import eim_identity
from harness.links.tls import pem
from harness.roles.eim.identity import TOKEN_REQUESTED, configuration

if TYPE_CHECKING:
    from harness.lab.file.configuration import Lab, Slot
    from harness.lab.rack import Rack


def kit(rack: Rack, slot: Slot, names: Names) -> Mapping[str, bytes]:
    """The files by name."""
    files: dict[str, bytes] = {}
    for curve in rack.pki.curves:
        root = rack.pki.trust(curve).ci.certificate
        files[f"ci-root-{curve}.der"] = root
        files[f"ci-root-{curve}.pem"] = pem(root)
    files["tls-anchors.pem"] = b"".join(pem(rack.pki.trust(curve).ci.certificate) for curve in rack.pki.curves)
    values = []
    for number, fqdn in enumerate(names.eims):
        value = configuration(eim_identity(rack, number, names=names), association_token=TOKEN_REQUESTED)
        values.append(value)
        stem = f"eim-configuration{'' if number == 0 else f'-{number + 1}'}"
        files[f"{stem}.der"] = encode("EimConfigurationData", value)
        files[f"{stem}.json"] = _json(value | {"eimFqdn": fqdn})
    files["add-initial-eim.der"] = encode("AddInitialEimRequest", {"eimConfigurationDataList": values[:1]})
    files["hosts"] = _hosts(slot, names)
    files["README.txt"] = _readme(rack.lab, slot, names).encode()
    return files


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps({name: _plain(field) for name, field in value.items()}, indent=1).encode() + b"\n"


def _plain(value: Any) -> Any:
    """A value of the codec in JSON: octets in hexadecimal, a CHOICE as an object with its one alternative, NULL as true."""
    if isinstance(value, bytes):
        return value.hex().upper()
    if value is None:
        return True
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        return {value[0]: _plain(value[1])}
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], bytes):
        octets, count = value
        return [number for number in range(count) if octets[number // 8] >> (7 - number % 8) & 1]
    return value


def _hosts(slot: Slot, names: Names) -> bytes:
    """Names and addresses as in /etc/hosts, for the DNS of a private APN."""
    addresses = slot.reach.addresses if slot.reach is not None else ()
    return "".join(f"{address} {host}\n" for address in addresses for host in names.hosts).encode()


def _readme(lab: Lab, slot: Slot, names: Names) -> str:
    second = "eim-configuration-2: the same of the other eIM\n" if len(names.eims) > 1 else ""
    return (
        f"What a device needs for the slot {slot.name} of the lab {lab.name}.\n\n"
        "ci-root-CURVE: the CI certificate, as DER and PEM, for an eUICC or IPA that takes roots\n"
        "tls-anchors.pem: what the TLS certificates of the lab's servers lead to\n"
        "eim-configuration: EimConfigurationData of the eIM, as DER, and as JSON with octets in hexadecimal\n"
        f"{second}"
        "add-initial-eim.der: the same as a request to the eUICC (ES10b.AddInitialEim)\n"
        "hosts: where the names of the servers have to lead\n\n"
        f"eIM {names.eims[0]}, SM-DP+ {names.smdps[0]}, HTTPS at port 443.\n"
        f"Then: sgp32 lab reach {slot.name}\n"
    )
