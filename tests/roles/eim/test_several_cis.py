"""A card under several CIs: which of its certificates the eIM believes results by. SGP.32 v1.2 §2.11.1.1.1 (euiccCiPKId)."""

from __future__ import annotations

from dataclasses import replace

from harness.codec.tlv import build as t
from harness.codec.tlv import parse
from harness.crypto import ecdsa
from harness.crypto.entropy import Entropy
from harness.crypto.pki import EuiccIdentity
from harness.roles.eim import Eim, EimIdentity
from harness.roles.eim.commands import enable
from tests.roles.eim.support import EID, ICCID, deliver, minted_pki, poll, result_data, signed_result

NIST, BRAINPOOL = (minted_pki().euicc_identity(curve, EID) for curve in ("nist", "brainpool"))


def eim_under(ci_key_id: bytes | None) -> Eim:
    """An eIM that named this CI to the card, and trusts both."""
    key = ecdsa.generate("nist", Entropy("key"))
    identity = replace(EimIdentity("eim.harness.test", key), ci_key_id=ci_key_id)
    trusted = [minted_pki().trust(curve).ci.certificate for curve in ("nist", "brainpool")]
    eim = Eim(identity, Entropy("ids"), trusted_ci=trusted)
    eim.associate(EID)
    return eim


def told(eim: Eim, identity: EuiccIdentity) -> bytes | None:
    """The eIM hears of this certificate; the one it believes by then."""
    body = t(0xA5, parse(identity.eum_certificate).value) + t(0xA6, parse(identity.certificate).value)
    deliver(eim, t(0xBF52, t(0xA0, body)))
    return eim.device().euicc_certificate


def test_a_certificate_under_another_ci_takes_no_ones_place():
    eim = eim_under(NIST.ci_key_id)
    assert told(eim, NIST) == NIST.certificate
    assert told(eim, BRAINPOOL) == NIST.certificate
    transaction = eim.queue_package(EID, enable(ICCID))
    deliver(eim, signed_result(result_data(poll(eim)), key=NIST.private_key))
    assert eim.operation(transaction).state == "done"


def test_the_certificate_under_the_named_ci_takes_its_place():
    eim = eim_under(NIST.ci_key_id)
    assert told(eim, BRAINPOOL) == BRAINPOOL.certificate, "better than none"
    assert told(eim, NIST) == NIST.certificate


def test_an_eim_that_named_no_ci_believes_the_newest():
    eim = eim_under(None)
    assert told(eim, NIST) == NIST.certificate
    assert told(eim, BRAINPOOL) == BRAINPOOL.certificate
