"""Run directories as a real run leaves them, made of hand-built messages: every verdict, every interface, identifiers in
every form that a wire has. Nothing in here comes from the roles or simulators."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.codec import encode, tlv
from harness.evidence.journal import Journal
from harness.evidence.run_directory import RunDirectory
from harness.links.events import Direction, Exchange, Interface

EID = "89049032123451234512345678900012"
ICCID = "8949449999999990049"
IMSI = "001010123456789"
KEY = "00112233445566778899AABBCCDDEEFF"
SWAPPED_ICCID = bytes.fromhex("989444999999990940F9")
ISD_R = bytes.fromhex("A0000005591010FFFFFFFF8900000100")
FCI = bytes.fromhex("6F258410A0000005591010FFFFFFFF8900000100A5049F6501FFE0058203020500E104800206C0")
GET_EID = bytes.fromhex("BF3E035C015A")
EID_ANSWER = bytes.fromhex("BF3E125A10" + EID)
ATR = bytes.fromhex("3B9F96C00A3FC7828031E073F62157574A330581055C")

BLOCK = 255
SIGNATURE = tlv.build(0x5F37, bytes(range(64)))

CERTIFICATE_WITH_EID = tlv.build(
    0x30, tlv.build(0x0C, b"x" * 40), tlv.build(0x13, EID.encode()), tlv.build(0x04, bytes(90))
)


def package(counter: int = 4) -> bytes:
    """An EuiccPackageRequest that enables a profile and lists the profiles."""
    signed = {
        "eimId": "eim.harness.test",
        "eidValue": bytes.fromhex(EID),
        "counterValue": counter,
        "eimTransactionId": bytes.fromhex("00112233445566778899AABBCCDDEE01"),
        "euiccPackage": ("psmoList", [("enable", {"iccid": SWAPPED_ICCID, "rollbackFlag": None})]),
    }
    return encode("EuiccPackageRequest", {"euiccPackageSigned": signed, "eimSignature": bytes(range(64))})


def package_result(result: tuple[str, object] = ("enableResult", 0), counter: int = 4) -> bytes:
    """What a card answers to it."""
    data = {
        "eimId": "eim.harness.test",
        "counterValue": counter,
        "eimTransactionId": bytes.fromhex("00112233445566778899AABBCCDDEE01"),
        "seqNumber": 7,
        "euiccResult": [result],
    }
    signed = {"euiccPackageResultDataSigned": data, "euiccSignEPR": bytes(range(64))}
    return encode("EuiccPackageResult", ("euiccPackageResultSigned", signed))


def replay_error() -> bytes:
    """The signed error that a replayed package must get."""
    data = {"eimId": "eim.harness.test", "counterValue": 4, "euiccPackageErrorCode": 4}
    signed = {"euiccPackageErrorDataSigned": data, "euiccSignEPE": bytes(range(64))}
    return encode("EuiccPackageResult", ("euiccPackageErrorSigned", signed))


def profiles_info() -> bytes:
    """One profile, enabled."""
    info = {
        "iccid": SWAPPED_ICCID,
        "isdpAid": ISD_R[:-2] + b"\x11\x00",
        "profileState": 1,
        "profileName": "operational-a",
    }
    return encode("ProfileInfoListResponse", ("profileInfoListOk", [info]))


class Card:
    """Tells what an exchange with a card looks like on each kind of link."""

    def __init__(self, journal: Journal, link: str) -> None:
        self.journal = journal
        self.link = link
        self._tell = journal.observer(link)

    def apdu(self, command: bytes, response: bytes) -> None:
        if self.link.startswith("at-"):
            self._at(command, response)
            return
        self._tell(Exchange(Interface.APDU, Direction.TO_DEVICE, command))
        self._tell(Exchange(Interface.APDU, Direction.FROM_DEVICE, response))

    def _at(self, command: bytes, response: bytes) -> None:
        name = "AT+CGLA=1," if self.link == "at-cgla" else "AT+CSIM="
        sent = f'{name}{2 * len(command)},"{command.hex().upper()}"\r'
        answer = f'\r\n{name[2:7]}: {2 * len(response)},"{response.hex().upper()}"\r\n\r\nOK\r\n'
        self._tell(Exchange(Interface.AT, Direction.TO_DEVICE, sent.encode()))
        self._tell(Exchange(Interface.AT, Direction.FROM_DEVICE, answer.encode()))

    def command(self, line: str, *answers: str) -> None:
        self._tell(Exchange(Interface.AT, Direction.TO_DEVICE, f"{line}\r".encode()))
        for answer in answers:
            self._tell(Exchange(Interface.AT, Direction.FROM_DEVICE, f"\r\n{answer}\r\n".encode()))

    def select(self) -> None:
        if self.link in ("memory", "pcsc"):
            self._tell(Exchange(Interface.APDU, Direction.FROM_DEVICE, ATR, note={"event": "reset"}))
            self.apdu(bytes.fromhex("80AA00000DA90B8100820101830107840101"), bytes.fromhex("9000"))
        self.apdu(bytes.fromhex("0070000001"), bytes.fromhex("019000"))
        self.apdu(bytes.fromhex("01A4040010") + ISD_R, bytes.fromhex("6127"))
        self.apdu(bytes.fromhex("01C0000027"), FCI + b"\x90\x00")

    def es10(self, request: bytes, response: bytes, *, block: int = BLOCK) -> None:
        """STORE DATA in blocks, then GET RESPONSE in pieces."""
        blocks = [request[at : at + block] for at in range(0, len(request), block)]
        for number, data in enumerate(blocks):
            last = number == len(blocks) - 1
            command = bytes([0x81, 0xE2, 0x91 if last else 0x11, number & 0xFF, len(data)]) + data
            if not last:
                self.apdu(command, b"\x90\x00")
                continue
            pieces = [response[at : at + 255] for at in range(0, len(response), 255)]
            self.apdu(command, bytes([0x61, len(pieces[0])]) if pieces else b"\x90\x00")
            for at, piece in enumerate(pieces):
                status = b"\x90\x00" if at == len(pieces) - 1 else bytes([0x61, len(pieces[at + 1])])
                self.apdu(bytes([0x81, 0xC0, 0, 0, len(piece)]), piece + status)

    def download(self) -> None:
        """A bound profile package: head, keys, metadata and segments, then the installation result."""
        head = tlv.build(0xBF23, tlv.build(0x82, b"\x01"), tlv.build(0x80, bytes(16)), SIGNATURE)
        parts = [b"\xbf\x36\x82\x50\x00" + head, tlv.build(0xA0, tlv.build(0x87, bytes(24)))]
        parts += [tlv.tag_octets(0xA1) + b"\x50", tlv.build(0x88, tlv.build(0x5A, SWAPPED_ICCID), bytes(60))]
        parts += [b"\xa3\x82\x40\x00"] + [tlv.build(0x86, bytes([number]) * 1000) for number in range(8)]
        for part in parts[:-1]:
            self.es10(part, b"")
        metadata = tlv.build(
            0xBF2F, b"\x80\x01\x07", b"\x81\x02\x07\x80", b"\x0c\x04smdp", tlv.build(0x5A, SWAPPED_ICCID)
        )
        final = tlv.build(0xA2, tlv.build(0xA0, tlv.build(0x4F, ISD_R), tlv.build(0x04, b"\x30\x03\x80\x01\x00")))
        data = tlv.build(0xBF27, tlv.build(0x80, bytes(16)), metadata, b"\x06\x03\x88\x37\x0a", final)
        self.es10(parts[-1], tlv.build(0xBF37, data, SIGNATURE))


def esipa(journal: Journal, request: bytes, response: bytes, *, status: int = 200) -> None:
    """One POST that our eIM answered."""
    tell = journal.observer("https")
    tls = {"tls": "TLSv1.3", "suite": "TLS_AES_128_GCM_SHA256", "sni": "eim.harness.test", "connection": "1"}
    headers = "host: eim.harness.test\nuser-agent: gsma-rsp-ipad\ncontent-type: application/x-gsma-rsp-asn1"
    note = {"method": "POST", "target": "/gsma/rsp2/asn1", "headers": headers, **tls}
    tell(Exchange(Interface.ESIPA, Direction.FROM_DEVICE, request, note=note))
    note = {"status": str(status), "headers": "content-type: application/x-gsma-rsp-asn1", "connection": "1"}
    tell(Exchange(Interface.ESIPA, Direction.TO_DEVICE, response, note=note))


def es9(journal: Journal) -> None:
    """An authenticateClient whose base64 holds a certificate with the EID in it."""
    response = tlv.build(
        0xBF38, tlv.build(0xA0, tlv.build(0x30, tlv.build(0x80, bytes(16))), SIGNATURE, CERTIFICATE_WITH_EID)
    )
    body = {"transactionId": "00" * 16, "authenticateServerResponse": base64.b64encode(response).decode()}
    tell = journal.observer("https")
    note = {"method": "POST", "target": "/gsma/rsp2/es9plus/authenticateClient", "headers": "user-agent: gsma-rsp-lpad"}
    tell(Exchange(Interface.ES9P, Direction.FROM_DEVICE, json.dumps(body).replace("/", "\\/").encode(), note=note))
    status = {
        "functionExecutionStatus": {"status": "Failed", "statusCodeData": {"subjectCode": "8.1", "reasonCode": "6.1"}}
    }
    tell(Exchange(Interface.ES9P, Direction.TO_DEVICE, json.dumps({"header": status}).encode(), note={"status": "200"}))


class Cases:
    """Runs imagined cases into a journal, as the conformance engine does."""

    def __init__(self, journal: Journal, link: str) -> None:
        self.journal = journal
        self.link = link
        self.card = Card(journal, link)
        self._steps: list[dict[str, object]] = []

    @contextmanager
    def case(
        self,
        name: str,
        title: str,
        verdict: str = "pass",
        reason: str = "",
        *,
        area: str = "euicc",
        confidence: str = "certain",
    ) -> Iterator[None]:
        about = {"title": title, "clause": "SGP.32 v1.2 §3.3.1", "confidence": confidence, "area": area}
        self._steps = []
        self.journal.case_begins(name, link=self.link, **about)
        yield
        result = {
            "case": name,
            "link": self.link,
            "verdict": verdict,
            "disposition": "",
            "reason": reason,
            "attempt": 1,
        }
        self.journal.case_ends({**result, "duration_s": 0.0123, "steps": self._steps, **about})

    @contextmanager
    def step(
        self,
        text: str,
        expect: str = "",
        *,
        verdict: str = "pass",
        observed: str = "",
        reason: str = "",
        precondition: bool = False,
    ) -> Iterator[None]:
        number = len(self._steps) + 1
        self.journal.step_begins(number, text, expect=expect, precondition=precondition)
        yield
        said = {"verdict": verdict, "observed": observed, "reason": reason}
        self.journal.step_ends(number, **said)
        about = {
            "text": text,
            "expect": expect,
            "precondition": precondition,
            "confidence": "certain",
            "duration_s": 0.004,
        }
        self._steps.append({**about, **said})


def card_cases(cases: Cases, *, rounds: int = 1, defective: bool = False) -> None:
    """Cases on a card: passing ones `rounds` times over, and one of each trouble where the card is defective."""
    card = cases.card
    card.select()
    for number in range(rounds):
        with cases.case(
            f"EU-{7 + number:03d}", "The EID is sixteen octets with valid check digits, stable over resets."
        ):
            card.select()
            with cases.step("the EID is read", "BF3E with 16 octets in 5A", observed=EID):
                card.es10(GET_EID, EID_ANSWER)
            with cases.step("after a reset it is the same"):
                card.select()
                card.es10(GET_EID, EID_ANSWER)
    with cases.case("EU-100", "A bound profile package is installed and its result is signed."):
        card.download()
        with cases.step("the profile is listed", observed=f"{SWAPPED_ICCID!r}"):
            card.es10(bytes.fromhex("BF2D00"), profiles_info())
    answer, said = (package_result(), "fail") if defective else (replay_error(), "pass")
    reason = "assert None == 4\n +  where None = PackageAnswer(kind='result').error_code" if defective else ""
    title = "A package whose counter is not above the stored one is refused with replayError, signed."
    with cases.case("EU-062", title, said, f"the same bytes again: {reason}" if defective else "", area="security"):
        with cases.step("the package executes once", precondition=True):
            card.es10(package(), package_result())
        with cases.step("the same bytes again", "euiccPackageErrorSigned, replayError(4)", verdict=said, reason=reason):
            card.es10(package(), answer)
    if not defective:
        return
    title = "Without a tag list the default tags are listed and no others."
    why = f"assert b'{repr(SWAPPED_ICCID)[2:-1]}' in profiles of {EID}"
    with (
        cases.case("EU-048", title, "deviation", f"the list is read: {why}", confidence="likely"),
        cases.step("the list is read", "5A 4F 9F70 91 92 95", verdict="deviation", reason=why),
    ):
        card.es10(bytes.fromhex("BF2D00"), profiles_info() + b"\x00")
    with (
        cases.case(
            "EU-016", "Addresses of any length are accepted or refused, never a hang.", "recorded", confidence="unsure"
        ),
        cases.step("255 characters", observed="undefinedError (127)"),
    ):
        card.es10(
            encode("SetDefaultDpAddressRequest", {"defaultDpAddress": "a" * 255}),
            bytes.fromhex("BF650380017F"),
        )
    why = "DeviceSilent: the card gave no answer (reset the card)"
    with (
        cases.case(
            "EU-022",
            "AddInitialEim is refused while an eIM is associated.",
            "inconclusive",
            f"an eIM is associated: {why}",
        ),
        cases.step("an eIM is associated", verdict="inconclusive", reason=why, precondition=True),
    ):
        cases.journal.observer(cases.link)(
            Exchange(Interface.APDU, Direction.TO_DEVICE, bytes.fromhex("81E2910003BF5500"))
        )
        cases.journal.note("the device was reset", answered=True)
    with (
        cases.case("EU-032", "GetCerts gives a chain that verifies.", "error", "TypeError: unsupported operand"),
        cases.step("certificates are read", verdict="error", reason="TypeError: unsupported operand"),
    ):
        card.es10(
            bytes.fromhex("BF5600"), tlv.build(0xBF56, tlv.build(0xA0, tlv.build(0xA5, CERTIFICATE_WITH_EID[3:])))
        )


def make_run(path: Path, *, defective: bool = True, finished: bool = True, rounds: int = 3) -> Path:
    """A run over a card in memory, a card behind a module, and an IPA; `defective` gives one result of each trouble."""
    run = RunDirectory(path)
    device = {"form": "simulated", "version": "1.2", "after_enable": "refresh", "eid": EID, "defects": []}
    run.begin(
        lab="simulated",
        seed=1,
        slots={
            "card-memory": {"kind": "euicc", "links": ["memory"], "device": device},
            "module-at": {
                "kind": "module",
                "links": ["at-cgla", "at", "https"],
                "device": {"form": "simulated", "eid": EID},
            },
            "card-pcsc": {"kind": "euicc", "links": ["pcsc"], "device": {"form": "simulated"}},
        },
        command=["sgp32", "run"],
        lab_file="lab-config/simulated.yaml",
        clock="virtual",
        pki="minted",
        cases={"MO-006": {"title": "A module that is reset comes back.", "clause": "TS 27.007 §8.2", "area": "module"}},
    )
    with Journal(run.slot("card-memory")) as journal:
        journal.device({"atr": ATR.hex().upper(), "eid": EID, "firmware": "1.0.0", "iot_version": "1.2.0"})
        card_cases(Cases(journal, "memory"), rounds=rounds, defective=defective)
    with Journal(run.slot("module-at")) as journal:
        journal.plan([{"case": "MO-006", "link": "at"}])
        cases = Cases(journal, "at-cgla")
        card_cases(cases, rounds=rounds)
        at = Cases(journal, "at")
        with at.case("MO-001", "The module says who it is.", area="module"), at.step("identity"):
            at.card.command("AT+CIMI", IMSI, "OK")
            at.card.command("AT+CCID", f"+CCID: {ICCID}", "OK")
            at.card.command("AT+CFUN?", "+CME ERROR: 3")
            journal.observer("at")(Exchange(Interface.AT, Direction.FROM_DEVICE, b"\r\n+CEREG: 1\r\n"))
        https = Cases(journal, "https")
        with https.case("IP-001", "The IPA polls the eIM and executes what it gets.", area="ipa"):
            with https.step("a package is fetched", "GetEimPackage with the EID"):
                poll = encode("GetEimPackageRequest", {"eidValue": bytes.fromhex(EID)})
                esipa(journal, poll, tlv.build(0xBF4F, package()))
            with https.step("its result is delivered"):
                result = tlv.build(0xBF50, tlv.build(0x5A, bytes.fromhex(EID)), package_result())
                esipa(journal, result, bytes.fromhex("BF5006BF5303800107"))
        with (
            https.case("IP-010", "A refused download is reported.", area="ipa"),
            https.step("the SM-DP+ refuses", observed=f"Ki={KEY}"),
        ):
            es9(journal)
        journal.result(
            {
                "case": "IP-038",
                "link": "https",
                "verdict": "not_applicable",
                "area": "ipa",
                "title": "CoAP",
                "reason": "no CoAP declared",
            }
        )
    if finished:
        run.end(exit_status=1, lab_faults={}, absent={"card-pcsc": "no pcscd on this host"}, errors=[])
    return path
