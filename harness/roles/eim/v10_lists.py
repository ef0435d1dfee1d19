"""The list of notifications and stored results as v1.0 carries it: the eUICC's own answer, BF2B, with a CHOICE inside.

Some software leaves the CHOICE out and puts the row of notifications right under BF2B: both are read.
"""

from __future__ import annotations

from harness.codec.tlv import Tlv

_NOTIFICATIONS, _ERROR, _RESULTS, _BOTH, _RESULTS_OF_BOTH = 0xA0, 0x81, 0xA2, 0xA3, 0xA1
_SIGNATURE = 0x5F37

Rows = tuple[tuple[Tlv, ...], tuple[Tlv, ...]]


def rows_of(item: Tlv) -> Rows:
    """Notifications and results; neither where the eUICC had an error instead.

    Raises DerError where the contents are no row of TLVs.
    """
    children = item.children
    choice = children[0] if len(children) == 1 else None
    if choice is not None and choice.tag == _BOTH:
        return _row(choice.find(_NOTIFICATIONS)), _row(choice.find(_RESULTS_OF_BOTH))
    if choice is not None and choice.tag == _RESULTS:
        return (), choice.children
    if choice is not None and choice.tag == _ERROR:
        return (), ()
    # A compact notification has the tag of the list too, but its signature stands right inside it.
    if choice is not None and choice.tag == _NOTIFICATIONS and choice.find(_SIGNATURE) is None:
        return choice.children, ()
    return children, ()


def _row(item: Tlv | None) -> tuple[Tlv, ...]:
    return () if item is None else item.children
