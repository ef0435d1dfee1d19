"""Verdicts: who is to blame when a case does not end well.

The table this room lives by:

    raised                          precondition step, or outside steps     judging step
    AssertionError, DeviceFault,
    DecodeError, CertificateError   inconclusive                            fail, deviation or recorded
    LabFault                        inconclusive                            inconclusive
    Withheld                        not_run                                 not_run
    Unsupported                     not_applicable                          not_applicable
    anything else                   error                                   error
    no judging step asserted        error                                   error

A case reads the octets that a device sent with the codec: what cannot be decoded, or is no certificate where one is due,
is a malformed answer of that device.
Silence is a DeviceFault only when the device answers a known good exchange after a reset; otherwise nobody can say
whose silence it was, and the case is inconclusive.
"""

from __future__ import annotations

from harness.codec.errors import DecodeError
from harness.conformance.case import Confidence
from harness.crypto.errors import CertificateError
from harness.errors import DeviceFault, DeviceSilent, LabFault, Unsupported, Withheld
from harness.evidence.verdicts import Verdict

OF_THE_DEVICE = (AssertionError, DeviceFault, DecodeError, CertificateError)
"""What a step is left by when the device did not do as it should."""

BROKEN_RULE = {
    Confidence.CERTAIN: Verdict.FAIL,
    Confidence.LIKELY: Verdict.DEVIATION,
    Confidence.UNSURE: Verdict.RECORDED,
}
"""What a broken rule is called, by how sure we are of it."""

SEVERITY = (
    Verdict.PASS,
    Verdict.RECORDED,
    Verdict.NOT_APPLICABLE,
    Verdict.NOT_RUN,
    Verdict.INCONCLUSIVE,
    Verdict.DEVIATION,
    Verdict.FAIL,
    Verdict.ERROR,
)
"""From mild to grave. What a case ends with is the gravest thing that happened in it: a device that broke a rule did so
whatever failed afterwards, and a wrong harness proves nothing about anybody."""


def gravest(*verdicts: Verdict) -> Verdict:
    """The gravest of them; `pass` of none."""
    return max(verdicts, key=SEVERITY.index, default=Verdict.PASS)


def blame(
    raised: BaseException, *, judging: bool, confidence: Confidence, answers_after_reset: bool = False
) -> Verdict:
    """The verdict for what a step, or the code outside steps (`judging` False), raised.

    `answers_after_reset` is the outcome of the known good exchange and is looked at for DeviceSilent only.
    """
    if isinstance(raised, LabFault):
        return Verdict.INCONCLUSIVE
    if isinstance(raised, Withheld):
        return Verdict.NOT_RUN
    if isinstance(raised, Unsupported):
        return Verdict.NOT_APPLICABLE
    if not isinstance(raised, OF_THE_DEVICE):
        return Verdict.ERROR
    if not judging or (isinstance(raised, DeviceSilent) and not answers_after_reset):
        return Verdict.INCONCLUSIVE
    return BROKEN_RULE[confidence]
