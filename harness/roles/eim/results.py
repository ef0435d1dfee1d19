"""eUICC Package Results: what a card answered, read from the octets it signed (SGP.32 v1.2 §2.11.2.1).

Rules of this room:
- `signed` and `signature` are slices of what was received; a signature is checked over them and never over a re-encoding.
- The automatic tags A0, A1, A2 under BF51 may be missing (some software writes the bare SEQUENCE): the kind is then told
  by the fields, and a finding is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from harness.codec import DecodeError, decode, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa
from harness.roles.eim import reading
from harness.roles.eim.versions import DEFAULT, VERSIONS, DeviceVersion

RESULT, ERROR_SIGNED, ERROR_UNSIGNED = "result", "error-signed", "error-unsigned"
_KINDS = {0xA0: RESULT, 0xA1: ERROR_SIGNED, 0xA2: ERROR_UNSIGNED}
_BARE = "the choice under BF51 carries no A0, A1 or A2"

_SUCCESSES = {"deleteEimResult": (0, 2)}
"""deleteEim 2, lastEimDeleted, is a success with a warning."""


@dataclass(frozen=True, slots=True)
class PackageResult:
    """One EuiccPackageResult."""

    raw: bytes
    kind: str
    """RESULT, ERROR_SIGNED or ERROR_UNSIGNED."""
    eim_id: str
    transaction_id: bytes | None
    signed: bytes = b""
    signature: bytes = b""
    counter: int | None = None
    sequence_number: int | None = None
    results: tuple[tuple[str, Any], ...] = ()
    error_code: int | None = None
    findings: tuple[str, ...] = ()
    eim_signature: bytes | None = None
    """Of the package, where the card's version may sign it in place of the association token, and where it is known."""

    @property
    def is_success(self) -> bool:
        """A result in which every command succeeded and nothing was rolled back."""
        return self.kind == RESULT and all(succeeded(name, value) for name, value in self.results)


def succeeded(name: str, value: Any) -> bool:
    """Whether one EuiccResultData reports success. A rollback that worked still undid what was asked for."""
    if name in ("rollbackResult", "processingTerminated", UNKNOWN):
        return False
    if isinstance(value, int):
        return value in _SUCCESSES.get(name, (0,))
    if name == "setDefaultDpAddressResult":
        return bool(value["setDefaultDpAddressResult"] == 0)
    if isinstance(value, tuple) and len(value) == 2:
        choice, inner = value
        if choice in ("profileInfoListError", "listEimError"):
            return False
        return choice != "addEimResultCode" or bool(inner == 0)
    return True


UNKNOWN = "unknown"
"""The name of a result that no schema knows; its value is the TLV's octets."""


def read_result(request: Tlv, version: DeviceVersion = VERSIONS[DEFAULT]) -> PackageResult:
    """An EuiccPackageResult from its BF51, names as in v1.2. Raises DecodeError where it cannot be told what it is."""
    kind, body, findings = _body(request)
    if kind == ERROR_UNSIGNED:
        return PackageResult(
            request.raw, kind, reading.text(body.get(0x80)), reading.octets(body, 0x82), findings=findings
        )
    data = body.get(0x30)
    signature = body.get(0x5F37).value
    results: tuple[tuple[str, Any], ...] = ()
    sequence_number = error_code = None
    if kind == RESULT:
        sequence_number = reading.integer(data.get(0x83))
        results = tuple(_result(item, version) for item in data.get(0x30).children)
        findings += tuple("an unknown EuiccResultData" for name, _ in results if name == UNKNOWN)
    else:
        error_code = reading.integer(data.get(0x02))
    return PackageResult(
        request.raw,
        kind,
        reading.text(data.get(0x80)),
        reading.octets(data, 0x82),
        data.raw,
        signature,
        reading.integer(data.get(0x81)),
        sequence_number,
        results,
        error_code,
        findings,
    )


def _body(request: Tlv) -> tuple[str, Tlv, tuple[str, ...]]:
    """The kind of a result and the TLV that holds its fields."""
    children = request.children
    if len(children) == 1 and children[0].tag in _KINDS:
        return _KINDS[children[0].tag], children[0], ()
    body = request
    if len(children) == 1 and children[0].tag == 0x30 and children[0].find(0x30) is not None:
        body = children[0]
    data = body.find(0x30)
    if data is None:
        body = body if body.find(0x80) is not None else reading.only_child(body)
        return ERROR_UNSIGNED, body, (_BARE,)
    if body.find(0x5F37) is None:
        return ERROR_UNSIGNED, data, (_BARE,)
    return ERROR_SIGNED if data.find(0x02) is not None else RESULT, body, (_BARE,)


def _result(item: Tlv, version: DeviceVersion) -> tuple[str, Any]:
    try:
        name, value = decode("EuiccResultData", item.raw, version=version.schema)
    except DecodeError:
        return UNKNOWN, item.raw
    return version.result_names.get(name, name), value


def signature_holds(result: PackageResult, key: EllipticCurvePublicKey, token: int) -> bool:
    """Whether euiccSignEPR or euiccSignEPE is the card's, over the received octets and the associationToken TLV."""
    return ecdsa.verify(key, result.signature, result.signed + tlv.integer(0x84, token))


def eim_signature_signed(result: PackageResult, key: EllipticCurvePublicKey) -> bool:
    """Whether the signature is the card's over the data and the eimSignature of the package, as v1.0 has it."""
    if result.eim_signature is None:
        return False
    return ecdsa.verify(key, result.signature, result.signed + tlv.build(0x5F37, result.eim_signature))
