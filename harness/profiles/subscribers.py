"""What a core network has to know of our profiles, so that a device can attach with one of them.

Only fixture profiles that say `networks: [simulator]`: their keys are in the open.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from harness.profiles.package import ProfilePackage

AMF = bytes.fromhex("8000")
"""The authentication management field: the separation bit alone, as EPS and 5G ask (TS 33.102 annex H)."""
FIRST_SQN = bytes(6)
"""Our packages leave sqnInit at its default, so that a USIM has seen no sequence number yet."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One subscription as a core network knows it. Keys in hexadecimal."""

    profile: str
    imsi: str
    iccid: str
    plmn: str
    apn: str
    algorithm: str
    """`milenage` (TS 35.206) or `usim-test-algorithm` (TS 34.108 §8.1.2)."""
    k: str
    opc: str
    amf: str
    sqn: str
    """The sequence number that the USIM begins with, 6 octets."""


def subscribers_of(profiles: Mapping[str, ProfilePackage]) -> tuple[Subscriber, ...]:
    """Those of the profiles that are built from a subscription and attach to a simulator."""
    found = []
    for name, profile in profiles.items():
        described = profile.description
        if described is None or described.subscription is None or "simulator" not in described.networks:
            continue
        one = described.subscription
        keys = one.authentication
        found.append(
            Subscriber(
                profile=name,
                imsi=one.imsi,
                iccid=profile.iccid_digits,
                plmn=one.plmn,
                apn=one.apn,
                algorithm=keys.algorithm,
                k=keys.key.hex(),
                opc=keys.opc.hex(),
                amf=AMF.hex(),
                sqn=FIRST_SQN.hex(),
            )
        )
    return tuple(found)


def as_csv(subscribers: Iterable[Subscriber]) -> str:
    """A header line and a line each, as RFC 4180 has it."""
    out = io.StringIO()
    names = [field.name for field in fields(Subscriber)]
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([getattr(one, name) for name in names] for one in subscribers)
    return out.getvalue()


def as_open5gs(subscribers: Iterable[Subscriber]) -> str:
    """A JSON array of documents of the collection `subscribers` (its schema version 1).

    Those with the USIM test algorithm are left out: the database knows Milenage only.
    """
    return json.dumps([_document(one) for one in subscribers if one.algorithm == "milenage"], indent=1) + "\n"


_MBIT, _IPV4V6 = 2, 3
_RATE = {"downlink": {"value": 100, "unit": _MBIT}, "uplink": {"value": 100, "unit": _MBIT}}
_DEFAULT_BEARER = {
    "index": 9,
    "arp": {"priority_level": 8, "pre_emption_capability": 1, "pre_emption_vulnerability": 1},
}


def _document(one: Subscriber) -> dict[str, Any]:
    session = {"name": one.apn or "internet", "type": _IPV4V6, "ambr": _RATE, "qos": _DEFAULT_BEARER, "pcc_rule": []}
    return {
        "schema_version": 1,
        "imsi": one.imsi,
        "msisdn": [],
        "security": {"k": one.k, "op": None, "opc": one.opc, "amf": one.amf, "sqn": int(one.sqn, 16)},
        "ambr": _RATE,
        "slice": [{"sst": 1, "default_indicator": True, "session": [session]}],
        "access_restriction_data": 32,
        "subscriber_status": 0,
        "network_access_mode": 0,
        "subscribed_rau_tau_timer": 12,
    }
