"""ESipa as the IPA speaks it over HTTPS, in either function binding (SGP.32 v1.2 §6.1).

Rules of this room:
- Messages are TLVs here; a binding says how they stand in an HTTP body, and where they go.
- An answer counts only when its status, its Content-Type and its outer tag are right and it is exactly one message.
  Anything else is a BadReply: the IPA keeps what it has and comes back later.
- HandleNotification is answered with success and no body, by 200 or by 204.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from harness.codec import tlv
from harness.roles.es10.eims import EimConfiguration
from harness.roles.ipa import json_binding
from harness.roles.ipa.ports import HttpPort, HttpReply
from harness.roles.ipa.reading import BadReply, one
from harness.roles.ipa.settings import INJECT_HTTPS, RETRIEVE_HTTPS, IpaSettings
from harness.roles.ipa.versions import Forms
from harness.rules import Rules

PATH = "/gsma/rsp2/asn1"
MEDIA_TYPE = "application/x-gsma-rsp-asn1"
LARGEST_REPLY = 1 << 22
_OK = 200
_LATER = (429, 503)


@dataclass(frozen=True)
class Binding:
    """How messages stand in HTTP."""

    media_type: str
    content_type: str
    path_of: Callable[[bytes], str]
    written: Callable[[bytes], bytes]
    read: Callable[[bytes, int], bytes]
    """The answer's TLV from a body, and the tag of the function. Raises BadReply."""


BINDINGS: Mapping[str, Binding] = {
    "asn1": Binding(MEDIA_TYPE, MEDIA_TYPE, lambda message: PATH, lambda message: message, lambda body, function: body),
    "json": Binding(
        json_binding.MEDIA_TYPE,
        json_binding.CONTENT_TYPE,
        json_binding.path_of,
        json_binding.written,
        json_binding.read,
    ),
}


def can_poll(eim: EimConfiguration) -> bool:
    """Whether an eIM is one to poll over HTTPS: it has an address and does not rule the protocol out."""
    return bool(eim.fqdn) and (eim.supported_protocols is None or RETRIEVE_HTTPS in eim.supported_protocols)


def those_that_may_inject(eims: Iterable[EimConfiguration]) -> list[EimConfiguration]:
    """The eIMs that may bring their packages by themselves: what a configuration does not say is not allowed."""
    return [eim for eim in eims if eim.supported_protocols is not None and INJECT_HTTPS in eim.supported_protocols]


@dataclass(frozen=True)
class EsipaClient:
    """One eIM as the IPA reaches it."""

    eim: EimConfiguration
    http: HttpPort
    settings: IpaSettings
    rules: Rules

    @property
    def forms(self) -> Forms:
        """How it is spoken."""
        forms: Forms = self.rules["esipa-forms"](self.settings)
        return forms

    def ask(self, request: bytes) -> tlv.Tlv:
        """Sends one message and returns the answer, whose outer tag is that of the request.

        Raises BadReply for an answer that cannot be used and NoAnswer where none came.
        """
        binding = self._binding(request)
        reply = self._post(request)
        fault = self.rules["answer-fault"](reply, binding.media_type, self.settings)
        if fault is not None:
            later = reply.header("Retry-After") if reply.status in _LATER else None
            raise BadReply(fault, retry_after=later)
        tag = tlv.first(request).tag
        found: tlv.Tlv = self.rules["one-answer"](binding.read(reply.body, tag), tag, "the eIM's answer")
        return found

    def tell(self, message: bytes) -> bool:
        """Sends a HandleNotification; whether it was taken. Raises NoAnswer."""
        reply = self._post(message)
        return bool(self.rules["was-taken"](reply.status))

    def _binding(self, message: bytes) -> Binding:
        return BINDINGS[self.rules["binding-of-message"](self.settings.binding, tlv.first(message).tag)]

    def _post(self, message: bytes) -> HttpReply:
        binding = self._binding(message)
        url = f"https://{self.eim.fqdn}{binding.path_of(message)}"
        trust = self.rules["tls-trust"](self.eim)
        return self.http.post(url, self._headers(binding), binding.written(message), trust=trust)

    def _headers(self, binding: Binding) -> Iterable[tuple[str, str]]:
        user_agent = self.rules["user-agent"](self.settings.user_agent if self.forms.names_itself else None)
        headers = [
            ("Content-Type", self.rules["content-type"](binding.content_type)),
            ("X-Admin-Protocol", self.settings.admin_protocol),
        ]
        return [*headers, ("User-Agent", user_agent)] if user_agent else headers


def binding_of(binding: str, tag: int) -> str:
    """The name of the binding that a message with this outer tag goes in: one for all of them."""
    return binding


def answer_fault(reply: HttpReply, media_type: str, settings: IpaSettings) -> str | None:
    """Why an HTTP answer cannot be used, before its body is looked at; None where it can."""
    if reply.status != _OK:
        return f"the eIM answered HTTP {reply.status}"
    found = (reply.header("Content-Type") or "").partition(";")[0].strip().lower()
    if found != media_type:
        return f"the eIM's answer is {found or 'of no type'}, not {media_type}"
    if settings.needs_admin_protocol and reply.header("X-Admin-Protocol") is None:
        return "the eIM's answer has no X-Admin-Protocol"
    if len(reply.body) > LARGEST_REPLY:
        return f"the eIM's answer has {len(reply.body)} octets"
    return None


def tls_trust(eim: EimConfiguration) -> object:
    """What the eIM's server must prove to be: trustedPublicKeyDataTls, where its configuration has it."""
    return eim.tls_trust


def one_answer(octets: bytes, tag: int, what: str) -> tlv.Tlv:
    """The message of this tag, and nothing else. Raises BadReply."""
    return one(octets, tag, what)
