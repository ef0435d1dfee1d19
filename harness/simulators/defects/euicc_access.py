"""Defects of an eUICC in what it says of itself and how it is reached: ATR, selection, ES10 transport, information."""

from __future__ import annotations

from typing import Any

from harness.codec import tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, answering, around, with_rule
from harness.simulators.euicc.apdu import Command, Refused
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.credentials import Identity
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.session import Channel
from harness.simulators.euicc.state import CardState, bit_string

_AID_PREFIX = bytes.fromhex("A0000005")
_OLD_SVN = bytes.fromhex("020200")
_ENABLED_PROFILE = 1
_SHORT = 255
_DEAD = 0x6F00


def _wrong_check_octet(atr: bytes) -> bytes:
    return atr + b"\x00"


def _without_iot_template(inner: Any, device: Device) -> bytes:
    fci = tlv.parse(inner(device))
    return tlv.build(fci.tag, *(part.raw for part in fci.children if part.tag != 0xE1))


def _by_prefix(aid: bytes) -> bool:
    return len(aid) == 16 and aid.startswith(_AID_PREFIX)


def _wrong_check_digits(device: Device) -> bytes:
    eid = device.config.eid
    return eid[:-1] + bytes([eid[-1] ^ 0x01])


def _older_info1(inner: Any, device: Device) -> dict[str, Any]:
    return {**inner(device), "svn": _OLD_SVN}


def _without_iot_info(inner: Any, device: Device) -> dict[str, Any]:
    return {name: value for name, value in inner(device).items() if name != "iotSpecificInfo"}


def _unused_bits_set(inner: Any, device: Device) -> bytes:
    info = tlv.parse(inner(device))
    return tlv.build(info.tag, *(_with_a_bit(part) if part.tag == 0x85 else part.raw for part in info.children))


def _with_a_bit(bits: tlv.Tlv) -> bytes:
    """The same BIT STRING with one more unused bit counted than there is, and set."""
    value = bits.value
    return tlv.build(bits.tag, bytes([max(1, value[0])]) + value[1:-1] + bytes([value[-1] | 0x01]))


def _another_eid(inner: Any, identity: Identity) -> tuple[bytes, bytes]:
    eum, euicc = inner(identity)
    at = next(at for at in range(len(euicc)) if euicc[at : at + 32].isdigit())
    last = at + 31
    return eum, euicc[:last] + (b"0" if euicc[last : last + 1] != b"0" else b"1") + euicc[last + 1 :]


def _factory_address(inner: Any, device: Device) -> dict[str, Any]:
    return {"defaultDpAddress": "factory.example.com", **inner(device)}


def _says_ok_only(inner: Any, state: CardState, request: tlv.Tlv) -> tuple[int, CardState]:
    return inner(state, request)[0], state


def _ignores_empty(inner: Any, state: CardState, request: tlv.Tlv) -> tuple[int, CardState]:
    result, changed = inner(state, request)
    return result, changed if changed.default_smdp_address else state


def _dies_of_bad_text(inner: Any, state: CardState, request: tlv.Tlv) -> tuple[int, CardState]:
    try:
        request.value.decode()
    except UnicodeDecodeError:
        raise Refused(_DEAD) from None
    return inner(state, request)  # type: ignore[no-any-return]


def _each_block(_config: CardConfig, _channel: Channel, command: Command) -> bytes:
    return command.data


def _any_order(inner: Any, config: CardConfig, channel: Channel, command: Command) -> bytes | None:
    channel.next_block = command.p2
    return inner(config, channel, command)  # type: ignore[no-any-return]


def _cut_short(data: bytes) -> bytes:
    return data[:_SHORT]


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "sends-wrong-atr-check-octet",
        "The check octet TCK of the ATR does not fit.",
        with_rule("answer-to-reset", _wrong_check_octet),
    ),
    _define(
        "omits-iot-template",
        "The answer to SELECT ISD-R lacks the template E1.",
        around("isdr-fci", _without_iot_template),
    ),
    _define(
        "never-shows-enabled-profile",
        "euiccConfiguration says that no profile is enabled, whatever is.",
        answering("euicc-configuration", b"\x00"),
    ),
    _define(
        "always-shows-enabled-profile",
        "euiccConfiguration says that a profile is enabled, whether or not one is.",
        answering("euicc-configuration", bit_string([_ENABLED_PROFILE])),
    ),
    _define(
        "selects-isdr-by-wrong-aid",
        "Any AID of 16 octets that begins like the ISD-R's selects it.",
        with_rule("aid-names-isdr", _by_prefix),
    ),
    _define(
        "serves-es10-without-terminal-capability",
        "ES10 works in a terminal that declared no eUICC support.",
        answering("terminal-is-ready", True),
    ),
    _define(
        "reports-ipae-to-an-ipad",
        "ipaMode is ipae in a terminal that declared its own IPA.",
        answering("ipa-mode", 1),
    ),
    _define(
        "reports-eid-with-wrong-check-digits",
        "GetEID answers an EID whose check digits are wrong.",
        with_rule("eid", _wrong_check_digits),
    ),
    _define(
        "differs-between-info1-and-info2",
        "EUICCInfo1 names an older SGP.22 version than EUICCInfo2.",
        around("euicc-info1", _older_info1),
    ),
    _define(
        "omits-iot-specific-info",
        "EUICCInfo2 lacks iotSpecificInfo.",
        around("euicc-info2-fields", _without_iot_info),
    ),
    _define(
        "leaves-unused-bits-set",
        "An unused bit of uiccCapability is set.",
        around("euicc-info2", _unused_bits_set),
    ),
    _define(
        "repeats-its-challenge",
        "GetEuiccChallenge answers the same octets each time.",
        answering("challenge", b"\x5a" * 16),
    ),
    _define(
        "ships-with-default-smdp-address",
        "A virgin card names a default SM-DP+.",
        around("configured-addresses", _factory_address),
    ),
    _define(
        "forgets-default-smdp-address",
        "SetDefaultDpAddress answers ok and stores nothing.",
        around("default-address-set", _says_ok_only),
    ),
    _define(
        "keeps-address-when-cleared",
        "An empty default SM-DP+ address is answered with ok and ignored.",
        around("default-address-set", _ignores_empty),
    ),
    _define(
        "dies-of-invalid-utf8-address",
        "An address that is not UTF-8 ends in 6F00.",
        around("default-address-set", _dies_of_bad_text),
    ),
    _define(
        "returns-certificate-of-another-eid",
        "GetCerts gives an eUICC certificate for another EID.",
        around("certificates", _another_eid),
    ),
    _define(
        "executes-each-block-of-a-chain",
        "Every block of STORE DATA is executed by itself.",
        with_rule("store-data-chain", _each_block),
    ),
    _define(
        "accepts-blocks-out-of-order",
        "The block numbers of STORE DATA are not looked at.",
        around("store-data-chain", _any_order),
    ),
    _define(
        "cuts-long-answers-short",
        f"No answer is longer than {_SHORT} octets.",
        with_rule("long-response", _cut_short),
    ),
)
