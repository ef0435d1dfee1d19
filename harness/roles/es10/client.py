"""ES10 functions, each one request TLV and a small frozen answer that keeps the octets received.

Rules of this room:
- A function sends exactly one request. What came back is kept whole in `.raw`; signatures are checked on its slices.
- A reset closes the logical channel, so it is opened at first use and again after each reset.
- Some eUICCs answer 6985 to everything between a state change and the next reset. Such a command was not executed: the
  card is reset and the command sent once more, and the terminal keeps a record of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from harness.codec import encode, named_bits, tlv
from harness.errors import ChannelLost, MalformedAnswer
from harness.roles.es10.channel import Channel, open_channel
from harness.roles.es10.download import (
    AuthenticateAnswer,
    CancelSessionAnswer,
    InstallationAnswer,
    PrepareAnswer,
    segments,
)
from harness.roles.es10.eims import AddInitialEimAnswer, EimConfiguration, MemoryResetAnswer, configurations
from harness.roles.es10.identity import CertsAnswer, ConfiguredAddresses, EuiccInfo1, EuiccInfo2
from harness.roles.es10.notifications import (
    NotificationMetadata,
    NotificationsAnswer,
    notification_list,
    removal_status,
)
from harness.roles.es10.packages import PackageAnswer, RollbackAnswer, SentPackages, package_answer
from harness.roles.es10.ports import APDU_DEADLINE, INSTALLATION_DEADLINE, CardPort, SessionPort
from harness.roles.es10.profiles import ProfileInfo, profiles
from harness.roles.es10.reading import decoded
from harness.roles.es10.status import CHANNEL_GONE, CONDITIONS_NOT_SATISFIED, StatusWordFault
from harness.roles.es10.terminal import Terminal
from harness.roles.es10.versions import DEFAULT, DIALECTS, version_named

LARGEST_BLOCK = 255


class Es10:
    """The ES10 functions of one card. Raises StatusWordFault, MalformedAnswer, and what the port raises."""

    def __init__(
        self, port: CardPort, *, block_size: int = LARGEST_BLOCK, recover: bool = True, version: str = DEFAULT
    ) -> None:
        """`block_size` is the most octets of one STORE DATA; `recover=False` leaves 6985 and lost channels as they are.

        `version` is the card's SGP.32 version, one of DIALECTS; `learn_version` asks the card.
        """
        if not 1 <= block_size <= LARGEST_BLOCK:
            raise ValueError(f"a STORE DATA block holds 1 to {LARGEST_BLOCK} octets, not {block_size}")
        self._port = port
        self._block_size = block_size
        self._recover = recover
        self.dialect = DIALECTS[version]
        """How to speak with the card."""
        self._sent = SentPackages()
        self._channel: Channel | None = None
        if isinstance(port, SessionPort):
            port.on_reset(self._forget_channel)

    @property
    def port(self) -> CardPort:
        return self._port

    def open(self) -> bytes:
        """Opens the channel where it is not open; returns the answer to SELECT as far as the port shows it."""
        return self._opened().selected

    def close(self) -> None:
        """Closes the channel where it is open. A card that already lost it is left alone."""
        channel, self._channel = self._channel, None
        if channel is not None:
            try:
                channel.close()
            except StatusWordFault as fault:
                if fault.sw not in CHANNEL_GONE:
                    raise

    def reset(self) -> bytes:
        """Resets the card and returns its ATR."""
        self._forget_channel()
        return self._port.reset()

    def call(self, request: bytes, *, deadline: float = APDU_DEADLINE) -> bytes:
        """Sends one request TLV and returns the response TLV's octets; empty where the card sent none."""
        try:
            return self._store(request, deadline)
        except StatusWordFault as fault:
            if not self._recover:
                raise
            if fault.sw == CONDITIONS_NOT_SATISFIED:
                if isinstance(self._port, Terminal):
                    self._port.note_recovery(fault.command, fault.sw)
                self.reset()
            elif fault.sw in CHANNEL_GONE:
                self._forget_channel()
            else:
                raise
        except ChannelLost:
            if not self._recover:
                raise
            self._forget_channel()
        return self._store(request, deadline)

    def learn_version(self) -> EuiccInfo2:
        """EUICCInfo2; from now on the SGP.32 version that it announces is spoken."""
        info = self.get_euicc_info2()
        self.dialect = DIALECTS[version_named(info.iot_versions)]
        return info

    def _encoded(self, type_name: str, value: Any) -> bytes:
        """A request as the card's version has it; fields that it does not have are left out."""
        return encode(self.dialect.type_named(type_name), value, version=self.dialect.schema)

    # identity

    def get_eid(self) -> bytes:
        """The EID, 16 octets."""
        return bytes(decoded("GetEuiccDataResponse", self.call(bytes.fromhex("BF3E035C015A")))["eidValue"])

    def get_euicc_info1(self) -> EuiccInfo1:
        """Version and CI lists (BF20)."""
        return EuiccInfo1.of(self.call(bytes.fromhex("BF2000")))

    def get_euicc_info2(self) -> EuiccInfo2:
        """Everything the eUICC says of its abilities (BF22)."""
        return EuiccInfo2.of(self.call(bytes.fromhex("BF2200")))

    def get_euicc_challenge(self) -> bytes:
        """A fresh challenge, 16 octets. It begins a new session: an earlier one is no longer valid."""
        return bytes(decoded("GetEuiccChallengeResponse", self.call(bytes.fromhex("BF2E00")))["euiccChallenge"])

    def get_configured_addresses(self) -> ConfiguredAddresses:
        """The default SM-DP+ address and the root SM-DS address (BF3C)."""
        return ConfiguredAddresses.of(self.call(bytes.fromhex("BF3C00")))

    def set_default_dp_address(self, address: str | bytes) -> int:
        """SGP.32's BF65, or SGP.22's BF3F on a card of v1.0.

        Octets are sent as they are, so that a case may send what is not UTF-8.
        """
        octets = address.encode() if isinstance(address, str) else address
        answer = self.call(tlv.build(self.dialect.default_dp_address, tlv.build(0x80, octets)))
        return int(decoded("SetDefaultDpAddressResponse", answer, self.dialect)["setDefaultDpAddressResult"])

    def get_certs(self, ci_id: bytes | None = None) -> CertsAnswer:
        """The EUM's and the eUICC's certificate under the CI of this subject key identifier, else under the preferred one."""
        criteria = b"" if ci_id is None else tlv.build(0x80, ci_id)
        return CertsAnswer.of(self.call(tlv.build(0xBF56, criteria)))

    # eIMs

    def get_eim_configuration(self, eim_id: str | None = None) -> tuple[EimConfiguration, ...]:
        """What is configured of one eIM, or of all; empty where there is none."""
        criteria = b"" if eim_id is None else tlv.build(0xA0, tlv.build(0x80, eim_id.encode()))
        return configurations(self.call(tlv.build(0xBF55, criteria)))

    def add_initial_eim(self, configs: Sequence[dict[str, Any]]) -> AddInitialEimAnswer:
        """`configs` are EimConfigurationData values of the codec."""
        request = self._encoded("AddInitialEimRequest", {"eimConfigurationDataList": list(configs)})
        return AddInitialEimAnswer.of(self.call(request))

    def memory_reset(self, *bits: int) -> MemoryResetAnswer:
        """Bits of resetOptions.

        0 operational, 1 field-loaded test, 2 default SM-DP+ address, 3 pre-loaded test, 4 provisioning, 5 eIM
        configuration, 6 immediate-enable configuration.
        """
        request = self._encoded("EuiccMemoryResetRequest", {"resetOptions": named_bits(bits)})
        return MemoryResetAnswer.of(self.call(request), self.dialect)

    # packages and profiles

    def load_package(self, bf51: bytes) -> PackageAnswer:
        """ES10b.LoadEuiccPackage with the package as it came from the eIM."""
        self._sent.note(bf51)
        return package_answer(self.call(bf51), self.dialect, self._sent)

    def profile_rollback(self, refresh_flag: bool = True) -> RollbackAnswer:
        """Back to the profile before the last enable; `refresh_flag` asks for a REFRESH afterwards."""
        answer = self.call(encode("ProfileRollbackRequest", {"refreshFlag": refresh_flag}))
        return RollbackAnswer.of(answer, self.dialect, self._sent)

    def immediate_enable(self, refresh_flag: bool = True) -> int:
        """ES10b.ImmediateEnable of the profile just installed: 0 ok, 1 not available, 4 no session context, 5, 127."""
        return self._change("ImmediateEnable", refresh_flag)

    def execute_fallback(self, refresh_flag: bool = True) -> int:
        """To the fallback profile: 0 ok, 2 it is enabled, 5 busy, 6 there is none, 7 no profile is enabled, 104, 127."""
        return self._change("ExecuteFallbackMechanism", refresh_flag)

    def return_from_fallback(self, refresh_flag: bool = True) -> int:
        """Back from the fallback profile: 0 ok, 5 busy, 6 there was no fallback, 7, 127."""
        return self._change("ReturnFromFallback", refresh_flag)

    def enable_emergency_profile(self, refresh_flag: bool = True) -> int:
        """To the emergency profile: 0 ok, 2 it is enabled, 5 busy, 8 there is none, 127."""
        return self._change("EnableEmergencyProfile", refresh_flag)

    def disable_emergency_profile(self, refresh_flag: bool = True) -> int:
        """Back from the emergency profile: 0 ok, 2 it is not enabled, 5 busy, 127."""
        return self._change("DisableEmergencyProfile", refresh_flag)

    def _change(self, function: str, refresh_flag: bool) -> int:
        """One of the IPA's own changes of profile; its result code."""
        answer = self.call(self._encoded(f"{function}Request", {"refreshFlag": refresh_flag}))
        return int(decoded(f"{function}Response", answer, self.dialect)[f"{function[0].lower()}{function[1:]}Result"])

    def get_profiles_info(
        self,
        tags: Iterable[int] | None = None,
        iccid: bytes | None = None,
        isdp_aid: bytes | None = None,
        profile_class: int | None = None,
    ) -> tuple[ProfileInfo, ...]:
        """At most one search criterion; `tags` as integers (0x5A, 0x9F70). Raises ProfilesInfoError for an error answer."""
        criteria = b""
        for tag, value in ((0x5A, iccid), (0x4F, isdp_aid)):
            if value is not None:
                criteria += tlv.build(tag, value)
        if profile_class is not None:
            criteria += tlv.integer(0x95, profile_class)
        request = tlv.build(0xA0, criteria) if criteria else b""
        if tags is not None:
            request += tlv.build(0x5C, *(tlv.tag_octets(tag) for tag in tags))
        return profiles(self.call(tlv.build(0xBF2D, request)))

    # notifications

    def list_notifications(self, event: int | None = None) -> tuple[NotificationMetadata, ...]:
        """What the card keeps to tell; `event` is a bit of NotificationEvent: 0 install, 1 enable, 2 disable, 3 delete."""
        value = {} if event is None else {"profileManagementOperation": named_bits([event])}
        return notification_list(self.call(encode("ListNotificationRequest", value)))

    def retrieve_notifications(
        self, seq: int | None = None, event: int | None = None, results: bool = False
    ) -> NotificationsAnswer:
        """At most one criterion: a sequence number, an event bit, or `results=True` for the stored package results."""
        criteria: tuple[str, Any] | None = None
        if seq is not None:
            criteria = ("seqNumber", seq)
        elif event is not None:
            criteria = ("profileManagementOperation", named_bits([event]))
        elif results:
            criteria = ("euiccPackageResults", None)
        value = {} if criteria is None else {"searchCriteria": criteria}
        return NotificationsAnswer.of(
            self.call(encode("RetrieveNotificationsListRequest", value)), self.dialect, self._sent
        )

    def remove_notification(self, seq: int) -> int:
        """0 removed, 1 nothing to delete, 127. Removes stored package results too."""
        return removal_status(self.call(encode("NotificationSentRequest", {"seqNumber": seq})))

    # download

    def authenticate_server(self, request: bytes) -> AuthenticateAnswer:
        """`request` is a whole BF38, sent as it is."""
        return AuthenticateAnswer.of(self.call(request))

    def prepare_download(self, request: bytes) -> PrepareAnswer:
        """`request` is a whole BF21, sent as it is."""
        return PrepareAnswer.of(self.call(request))

    def load_bound_profile_package(self, bpp: bytes) -> InstallationAnswer:
        """Sends the package segment by segment and stops at the first answer that is not empty.

        Raises DecodeError where the package is not a row of TLVs, before anything of the faulty part is sent.
        """
        sent = 0
        for sent, segment in enumerate(tuple(segments(bpp)), 1):
            answer = self.call(segment, deadline=INSTALLATION_DEADLINE) if sent == 1 else self._continue(segment)
            if answer:
                return InstallationAnswer.of(answer, sent)
        raise MalformedAnswer(f"no ProfileInstallationResult after {sent} segments")

    def cancel_session(self, transaction_id: bytes, reason: int) -> CancelSessionAnswer:
        """Ends a download; `reason` is a CancelSessionReason."""
        request = encode("CancelSessionRequest", {"transactionId": transaction_id, "reason": reason})
        return CancelSessionAnswer.of(self.call(request))

    # transport

    def _continue(self, segment: bytes) -> bytes:
        """A later segment: never sent again after a reset, since the session it belongs to is gone with the channel."""
        return self._store(segment, INSTALLATION_DEADLINE)

    def _store(self, request: bytes, deadline: float) -> bytes:
        return self._opened().store_data(request, block_size=self._block_size, deadline=deadline)

    def _opened(self) -> Channel:
        if self._channel is None:
            self._channel = open_channel(self._port)
        return self._channel

    def _forget_channel(self) -> None:
        self._channel = None
