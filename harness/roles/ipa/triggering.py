"""A profile download that an eIM triggers, from the trigger to its report (SGP.32 v1.2 §3.2.3, §3.4.4, §3.9).

Rules of this room:
- Every trigger is answered: with the card's installation result, with the error of the download, or with why the trigger
  cannot be used.
- After an installation the card is asked to enable the profile at once; it does so only where that was configured.
"""

from __future__ import annotations

from harness.codec import tlv
from harness.errors import DeviceFault
from harness.roles.es10 import Es10
from harness.roles.ipa.activation import DownloadTarget, TriggerRefused
from harness.roles.ipa.delivering import Correspondence
from harness.roles.ipa.download import DownloadFailed, Server, Work, discover, download
from harness.roles.ipa.indirect import IndirectServer
from harness.roles.ipa.reading import optional
from harness.roles.ipa.settings import DIRECT, INDIRECT

TRIGGER = 0xBF54
_OK = 0


def serve(trigger: tlv.Tlv, correspondence: Correspondence) -> bool:
    """Downloads what the trigger asks for and reports it. Whether the new profile was enabled at once.

    Raises BadReply and NoAnswer where the report does not get through.
    """
    device = correspondence.device
    rules = device.rules
    transaction = rules["echoed-transaction-id"](optional(trigger, 0x82))
    numbers: frozenset[int] = frozenset()
    is_enabled = False
    try:
        target = rules["download-target"](trigger, device.settings)
        work = Work(device.card, device.settings, rules)
        if target.contacts_smds:
            smds = _smds_address(target, correspondence)
            event = discover(work, _server(smds, correspondence, trigger), DownloadTarget(smds))
            target = rules["target-of-an-event"](event)
        address = _smdp_address(target, correspondence)
        server = _server(address, correspondence, trigger)
        installed = download(work, server, target)
        if isinstance(server, IndirectServer):
            device.note_relayed(correspondence.eim.eim_id, installed.transaction_id)
        result = rules["download-result"](installed.raw)
        numbers = frozenset({installed.sequence_number})
        is_enabled = installed.is_success and rules["enables-at-once"](device.card)
    except TriggerRefused as refusal:
        answer = rules["refusal-of-a-trigger"](device.forms.result_error(transaction, refusal.code))
        if answer:
            correspondence.deliver(answer, frozenset())
        return False
    except DownloadFailed as failure:
        result = rules["download-error"](device.forms.download_error(failure.response))
    except DeviceFault:
        result = rules["download-error"](device.forms.download_error(b""))
    if is_enabled:
        device.reconnects()
    echo = b"" if transaction is None else tlv.build(0x82, transaction)
    if result:
        correspondence.deliver(tlv.build(TRIGGER, echo, result), numbers)
    return is_enabled


def enables_at_once(card: Es10) -> bool:
    """ES10b.ImmediateEnable of the profile just installed; whether the card did it."""
    return card.immediate_enable(refresh_flag=True) == _OK


def _smds_address(target: DownloadTarget, correspondence: Correspondence) -> str:
    if target.address is not None:
        return target.address
    return correspondence.device.card.get_configured_addresses().root_ds_address


def _smdp_address(target: DownloadTarget, correspondence: Correspondence) -> str | None:
    if target.uses_default_address:
        return correspondence.device.card.get_configured_addresses().default_dp_address
    return target.address


def _server(address: str | None, correspondence: Correspondence, trigger: tlv.Tlv) -> Server:
    """The way to an SM-DP+ or SM-DS: through the eIM where both sides allow it, else direct. Raises TriggerRefused."""
    device, eim = correspondence.device, correspondence.eim
    features = device.settings.features
    if device.forms.may_download_through(eim) and INDIRECT in features:
        told = device.told.get(eim.eim_id, frozenset())
        return IndirectServer(correspondence.esipa, address, optional(trigger, 0x82), told)
    if DIRECT not in features or not address:
        raise TriggerRefused("no SM-DP+ address to go to directly")
    return correspondence.smdp(address)
