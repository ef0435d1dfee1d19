"""Profile descriptions from YAML, every mistake reported with its line.

A file describes one profile and is named for it. It has the keys of the metadata, and either those of a subscription or
`package`, the name of a ready-made package beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from harness.codec import DecodeError
from harness.errors import ConfigurationError, Fault
from harness.nodes import Value, read
from harness.profiles.description import (
    ALGORITHMS,
    CLASSES,
    EVENTS,
    ICONS,
    NETWORKS,
    POLICY_RULES,
    Authentication,
    Codes,
    Metadata,
    OtaKeys,
    Owner,
    ProfileDescription,
    Receiver,
    ServiceData,
    Subscription,
)
from harness.profiles.numbers import is_luhn_valid, luhn_digit
from harness.profiles.package import ProfilePackage, build

_METADATA_KEYS = (
    "service-provider",
    "profile-name",
    "class",
    "owner",
    "notifications",
    "icon",
    "service-data",
    "policy-rules",
    "fallback-allowed",
    "ecall",
)
_SUBSCRIPTION_KEYS = (
    "iccid",
    "imsi",
    "home-network",
    "authentication",
    "codes",
    "ota-keys",
    "apn",
    "rfm-tar",
)
_REQUIRED = ("iccid", "imsi", "home-network", "authentication", "ota-keys")
_PIN_KEYS, _PUK_KEYS = ("pin1", "pin2"), ("puk1", "puk2", "adm1")
_MOST_ICON_OCTETS = 1024
_Mapping = Mapping[str, Value]


def load_profile(path: Path) -> ProfilePackage:
    """The profile that this file describes. Raises ConfigurationError with every fault of it."""
    document = read(path)
    description = _description(document, path)
    if document.faults:
        raise ConfigurationError(document.faults)
    try:
        return build(description)
    except (OSError, DecodeError) as problem:
        raise ConfigurationError([Fault(str(path), document.line, f"package: {problem}")]) from problem


def load_profiles(folder: Path) -> Mapping[str, ProfilePackage]:
    """All profiles described in a folder, by name. Raises ConfigurationError with the faults of all its files."""
    found: dict[str, ProfilePackage] = {}
    faults: list[Fault] = []
    holders: dict[bytes, Path] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            profile = load_profile(path)
        except ConfigurationError as error:
            faults += error.faults
            continue
        holder = holders.setdefault(profile.iccid, path)
        if holder != path:
            faults.append(Fault(str(path), 0, f"ICCID {profile.iccid_digits} is that of {holder.name} too"))
        found[profile.name] = profile
    if faults:
        raise ConfigurationError(faults)
    if not found:
        raise ConfigurationError([Fault(str(folder), 0, "holds no profile description", "they end in .yaml")])
    return found


def _description(document: Value, path: Path) -> ProfileDescription:
    keys = document.mapping((*_METADATA_KEYS, *_SUBSCRIPTION_KEYS, "package", "networks"))
    metadata = _metadata(document, keys, path.parent)
    if "package" in keys:
        for key in _SUBSCRIPTION_KEYS:
            if key in keys:
                keys[key].fault("a ready-made package has its own", "leave out either this key or `package`")
        package = path.parent / (keys["package"].text() or "")
        return ProfileDescription(path.stem, "", metadata, None, package, _networks(keys))
    for key in _REQUIRED:
        _required(document, keys, key)
    iccid = _iccid(keys["iccid"]) if "iccid" in keys else ""
    return ProfileDescription(path.stem, iccid, metadata, _subscription(keys), networks=_networks(keys))


def _networks(keys: _Mapping) -> tuple[str, ...]:
    if "networks" not in keys:
        return NETWORKS[:1]
    return tuple(word for item in keys["networks"].items() if (word := item.choice(*NETWORKS)) is not None)


def _metadata(document: Value, keys: _Mapping, folder: Path) -> Metadata:
    rules = keys["policy-rules"].items() if "policy-rules" in keys else ()
    vendors = keys["service-data"].items() if "service-data" in keys else ()
    receivers = keys["notifications"].items() if "notifications" in keys else ()
    return Metadata(
        service_provider=_text(document, keys, "service-provider", 32),
        profile_name=_text(document, keys, "profile-name", 64),
        profile_class=(keys["class"].choice(*CLASSES) if "class" in keys else None) or "operational",
        owner=_owner(keys["owner"]) if "owner" in keys else None,
        receivers=tuple(_receiver(item) for item in receivers),
        icon=_icon(keys["icon"], folder) if "icon" in keys else b"",
        service_data=tuple(_service_data(item) for item in vendors),
        policy_rules=tuple(rule.choice(*POLICY_RULES) or "" for rule in rules),
        fallback_allowed=keys["fallback-allowed"].boolean() if "fallback-allowed" in keys else None,
        ecall=keys["ecall"].boolean() if "ecall" in keys else None,
    )


def _subscription(keys: _Mapping) -> Subscription:
    home = _digits(keys["home-network"], 5, 6) if "home-network" in keys else ""
    imsi = _digits(keys["imsi"], 6, 15) if "imsi" in keys else ""
    if home and imsi and not imsi.startswith(home):
        keys["imsi"].fault(f"{imsi} does not begin with the home network {home}")
    return Subscription(
        imsi=imsi,
        plmn=home,
        authentication=_authentication(keys["authentication"])
        if "authentication" in keys
        else Authentication("", b"", b""),
        codes=_codes(keys["codes"]) if "codes" in keys else Codes(),
        ota=_ota_keys(keys["ota-keys"]) if "ota-keys" in keys else OtaKeys(0, b"", b"", b""),
        apn=_apn(keys["apn"]) if "apn" in keys else "",
        rfm_tar=_octets(keys["rfm-tar"], 3) if "rfm-tar" in keys else b"",
    )


def _owner(value: Value) -> Owner:
    keys = value.mapping(("plmn", "gid1", "gid2"))
    _required(value, keys, "plmn")
    return Owner(
        plmn=_digits(keys["plmn"], 5, 6) if "plmn" in keys else "",
        gid1=_octets(keys["gid1"]) if "gid1" in keys else b"",
        gid2=_octets(keys["gid2"]) if "gid2" in keys else b"",
    )


def _receiver(value: Value) -> Receiver:
    keys = value.mapping(("address", "events"))
    events = keys["events"].items() if "events" in keys else ()
    if not events:
        value.fault("events is missing", f"some of {', '.join(EVENTS)}")
    return Receiver(_text(value, keys, "address", 255), tuple(event.choice(*EVENTS) or "install" for event in events))


def _icon(value: Value, folder: Path) -> bytes:
    """The octets of an image beside the description; on a fault none."""
    name = value.text()
    if name is None:
        return b""
    try:
        octets = (folder / name).read_bytes()
    except OSError as problem:
        value.fault(f"{name!r} cannot be read: {problem.strerror}", "an icon is a file beside the description")
        return b""
    if not octets.startswith(ICONS) or len(octets) > _MOST_ICON_OCTETS:
        value.fault(f"{name!r} is no JPEG or PNG of at most {_MOST_ICON_OCTETS} octets")
        return b""
    return octets


def _service_data(value: Value) -> ServiceData:
    keys = value.mapping(("vendor", "data", "stored"))
    for key in ("vendor", "data"):
        _required(value, keys, key)
    stored = keys["stored"].boolean() if "stored" in keys else True
    return ServiceData(
        vendor=_object_identifier(keys["vendor"]) if "vendor" in keys else "",
        octets=_octets(keys["data"]) if "data" in keys else b"",
        stored=stored is not False,
    )


def _object_identifier(value: Value) -> str:
    """Arcs with dots between; on a fault an empty text."""
    word = value.text() or ""
    if re.fullmatch(r"([01]\.[1-3]?\d|2\.(0|[1-9]\d*))(\.(0|[1-9]\d*))*", word):
        return word
    value.fault(f"{word!r} is no object identifier", 'write it in quotation marks: "2.999.1"')
    return ""


def _authentication(value: Value) -> Authentication:
    keys = value.mapping(("algorithm", "key", "opc"))
    for key in ("algorithm", "key", "opc"):
        _required(value, keys, key)
    return Authentication(
        algorithm=(keys["algorithm"].choice(*ALGORITHMS) if "algorithm" in keys else None) or "",
        key=_octets(keys["key"], 16) if "key" in keys else b"",
        opc=_octets(keys["opc"], 16) if "opc" in keys else b"",
    )


def _codes(value: Value) -> Codes:
    keys = value.mapping((*_PIN_KEYS, *_PUK_KEYS))
    given = {key: _digits(keys[key], 4, 8) for key in _PIN_KEYS if key in keys}
    given |= {key: _digits(keys[key], 8, 8) for key in _PUK_KEYS if key in keys}
    return Codes(**given)


def _ota_keys(value: Value) -> OtaKeys:
    names = ("encryption", "authentication", "key-encryption")
    keys = value.mapping(("version", *names))
    for key in ("version", *names):
        _required(value, keys, key)
    octets = [_octets(keys[name], 16) if name in keys else b"" for name in names]
    return OtaKeys((keys["version"].integer(1, 15) if "version" in keys else None) or 0, *octets)


def _iccid(value: Value) -> str:
    digits = _digits(value, 18, 20)
    if digits and not is_luhn_valid(digits):
        hint = f"behind {digits[:-1]} it is {luhn_digit(digits[:-1])}"
        value.fault(f"{digits} has a wrong check digit", hint)
    return digits


def _apn(value: Value) -> str:
    name = value.text() or ""
    if not all(0 < len(label) < 64 and label.isascii() for label in name.split(".")):
        value.fault(f"{name!r} is no access point name", "labels of 1 to 63 characters with dots between")
    return name


def _required(parent: Value, keys: _Mapping, key: str) -> None:
    if key not in keys:
        parent.fault(f"{key} is missing")


def _text(parent: Value, keys: _Mapping, key: str, most: int) -> str:
    _required(parent, keys, key)
    text = (keys[key].text() if key in keys else None) or ""
    if len(text.encode()) > most:
        keys[key].fault(f"longer than {most} octets")
    return text


def _digits(value: Value, least: int, most: int) -> str:
    """So many decimal digits; on a fault an empty text."""
    word = value.text()
    if word is None:
        return ""
    if word.isascii() and word.isdecimal() and least <= len(word) <= most:
        return word
    count = str(least) if least == most else f"{least} to {most}"
    value.fault(f"{word!r} is not {count} digits", "put it in quotes, so that leading zeros stay")
    return ""


def _octets(value: Value, count: int = 0) -> bytes:
    """Hexadecimal octets, any number where `count` is 0; on a fault none."""
    word = value.text()
    if word is None:
        return b""
    try:
        octets = bytes.fromhex(word)
    except ValueError:
        octets = b""
    if not octets or (count and len(octets) != count):
        value.fault(f"{word!r} is not {f'{count} ' if count else ''}octets in hexadecimal")
        return b""
    return octets
