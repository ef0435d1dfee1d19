"""What an eUICC answers to a signed package (SGP.32 v1.2 §2.11.2.1, §5.9.1, §5.9.16).

Rules of this room:
- The signature covers the data SEQUENCE as received, followed by the association token as a TLV, `84 01 00` where the
  eUICC has none. The token itself is never in the message.
- Production eUICCs wrap the alternatives in A0, A1, A2. An answer without the wrapper is read too; `is_wrapped` tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.codec import DecodeError, tlv
from harness.errors import MalformedAnswer
from harness.roles.es10.reading import SIGNATURE, Verifier, decoded, inside, parsed, part, signed_by
from harness.roles.es10.versions import V1_2, Dialect

_KINDS = {0xA0: "result", 0xA1: "error-signed", 0xA2: "error-unsigned"}
_ASSOCIATION_TOKEN = 0x84


@dataclass(frozen=True, slots=True)
class PackageAnswer:
    """One EuiccPackageResult, BF51."""

    raw: bytes
    kind: str
    """result, error-signed or error-unsigned."""
    is_wrapped: bool
    """Whether the alternative carried its automatic tag."""
    eim_id: str
    counter: int | None
    transaction_id: bytes | None
    sequence_number: int | None
    results: tuple[tuple[str, Any], ...]
    """EuiccResultData in order, as (name, value); empty for errors."""
    error_code: int | None
    association_token: int | None
    """Only in an unsigned error that names one."""
    eim_signatures: tuple[bytes, ...] = ()
    """Of packages with this eimId and counter, where the card's version may have signed one in place of the token."""

    @property
    def is_result(self) -> bool:
        return self.kind == "result"

    def result(self, name: str) -> Any:
        """The value of the first result of this name, e.g. `enableResult`. Raises MalformedAnswer where there is none."""
        for found, value in self.results:
            if found == name:
                return value
        raise MalformedAnswer(f"the package result has no {name}; it has {[found for found, _ in self.results]}")

    @property
    def data_signed(self) -> bytes:
        """The data SEQUENCE that the signature covers, as received. Raises MalformedAnswer for an unsigned error."""
        return part(self._body(), 0x30).raw

    @property
    def signature(self) -> bytes:
        """The octets under 5F37. Raises MalformedAnswer for an unsigned error."""
        return part(self._body(), SIGNATURE).value

    def signature_is_valid(self, verifier: Verifier, association_token: int = 0) -> bool:
        """Whether the eUICC signed these octets with this token. An unsigned error is never valid.

        Cards of v1.0 are seen to sign the token, and the eimSignature of the package in its place: both are taken.
        """
        return bool(self.signed_with(verifier, association_token))

    def signed_with(self, verifier: Verifier, association_token: int = 0) -> str:
        """What the eUICC signed behind the data: `associationToken` or `eimSignature`; empty where nothing fits."""
        if self.kind == "error-unsigned":
            return ""
        endings = [("associationToken", tlv.integer(_ASSOCIATION_TOKEN, association_token))]
        endings += [("eimSignature", tlv.build(SIGNATURE, signature)) for signature in self.eim_signatures]
        fitting = (name for name, end in endings if signed_by(verifier, self.signature, self.data_signed, end))
        return next(fitting, "")

    def _body(self) -> tlv.Tlv:
        outer = parsed(self.raw, 0xBF51)
        return inside(outer)[0] if self.is_wrapped else outer


class SentPackages:
    """The eimSignatures of packages that went to one card, for the results of versions that sign them."""

    def __init__(self) -> None:
        self._signatures: dict[tuple[str, int], tuple[bytes, ...]] = {}

    def note(self, package: bytes) -> None:
        """Remembers a BF51; what is no package is passed over."""
        try:
            outer = tlv.parse(package)
            signed = outer.get(0x30)
            key = signed.get(0x80).value.decode(), int.from_bytes(signed.get(0x81).value, "big", signed=True)
            self._signatures[key] = (*self._signatures.get(key, ()), outer.get(SIGNATURE).value)
        except (DecodeError, UnicodeDecodeError):
            return

    def of(self, eim_id: str, counter: int | None) -> tuple[bytes, ...]:
        """The signatures of packages that a result may be for; none where none was seen."""
        return () if counter is None else self._signatures.get((eim_id, counter), ())


def package_answer(raw: bytes, dialect: Dialect = V1_2, sent: SentPackages | None = None) -> PackageAnswer:
    """Reads one EuiccPackageResult. Raises MalformedAnswer."""
    outer = parsed(raw, 0xBF51)
    within = inside(outer)
    if not within:
        raise MalformedAnswer("an empty package result")
    is_wrapped = within[0].tag in _KINDS
    tag = within[0].tag if is_wrapped else _bare_kind(outer)
    _, value = decoded(
        "EuiccPackageResult", raw if is_wrapped else tlv.build(0xBF51, tlv.build(tag, outer.value)), dialect
    )
    data = value if tag == 0xA2 else value.get("euiccPackageResultDataSigned", value.get("euiccPackageErrorDataSigned"))
    return PackageAnswer(
        raw=raw,
        kind=_KINDS[tag],
        is_wrapped=is_wrapped,
        eim_id=data["eimId"],
        counter=data.get("counterValue"),
        transaction_id=data.get("eimTransactionId"),
        sequence_number=data.get("seqNumber"),
        results=tuple(data.get("euiccResult", ())),
        error_code=data.get("euiccPackageErrorCode"),
        association_token=data.get("associationToken"),
        eim_signatures=sent.of(data["eimId"], data.get("counterValue"))
        if sent is not None and dialect.signs_eim_signature
        else (),
    )


def _bare_kind(outer: tlv.Tlv) -> int:
    """Which alternative an unwrapped BF51 holds, told by what is inside."""
    if outer.find(SIGNATURE) is None:
        return 0xA2
    return 0xA0 if part(outer, 0x30).find(0x30) is not None else 0xA1


@dataclass(frozen=True, slots=True)
class RollbackAnswer:
    """ES10b.ProfileRollback, BF58."""

    raw: bytes
    cmd_result: int
    package_answer: PackageAnswer | None

    @classmethod
    def of(cls, raw: bytes, dialect: Dialect = V1_2, sent: SentPackages | None = None) -> RollbackAnswer:
        outer = parsed(raw, 0xBF58)
        value = decoded("ProfileRollbackResponse", raw, dialect)
        package = outer.find(0xBF51)
        return cls(raw, value["cmdResult"], None if package is None else package_answer(package.raw, dialect, sent))
