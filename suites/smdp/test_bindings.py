"""One SM-DP+, two bindings. SGP.22 v2.5 §6.5.2 (JSON), §6.6.2 (ASN.1).

The same function has the same effect on an order whichever binding carries it, and a session may go on in the other one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.codec import tlv
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.es9 import SUCCESS, Binding, Es9Download, json_binding
from harness.conformance.servers.es9_asn1 import asn1_binding
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import Order, OrderState, Smdp

BINDINGS: tuple[Binding, Binding] = (json_binding, asn1_binding)
POSTPONED, REJECTED = 1, 0
CODE, WRONG_CODE = "2468", "1357"
UNKNOWN_KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF00112233")


def of_unknown_ci(info1: bytes) -> bytes:
    """The same EUICCInfo1 as if the card signed under no known CI."""
    parsed = tlv.parse(info1)
    signing = tlv.build(0xAA, tlv.build(0x04, UNKNOWN_KEY))
    return tlv.build(0xBF20, parsed.get(0x82).raw, parsed.get(0xA9).raw, signing)


@case(
    "DP-007",
    clause="SGP.22 v2.5 §6.5.2, §6.6.2",
    area="smdp",
    catches=("calls-every-asn1-error-undefined", "tags-asn1-answers-twice"),
)
def test_bindings(
    es9: ServerUnderTest,
    card: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """What a function does to an order, and why it refuses, is the same in JSON and in ASN.1."""

    def session(binding: Binding, order: Order | None) -> Es9Download:
        found = Es9Download(es9, card, smdp.identity.address, order.matching_id if order else "NOBODY")
        found.binding = binding
        return found

    def compared(what: str, expected: str, act: Callable[[Binding], tuple[str, Order | None]]) -> None:
        with step(
            f"{what}, in JSON and in ASN.1", expect=f"{expected}, and the same order state", confidence="likely"
        ) as seen:
            outcomes = [act(binding) for binding in BINDINGS]
            states = [order and smdp.order_now(order).state for _, order in outcomes]
            left = [order and smdp.order_now(order).confirmation_attempts for _, order in outcomes]
            seen.observed(f"{[status for status, _ in outcomes]}, {states}")
            assert " / ".join(status for status, _ in outcomes) == expected
            assert states[0] == states[1]
            assert left[0] == left[1]

    def placed(**order: object) -> Order:
        return smdp.order(profiles["operational-a"], **order)  # type: ignore[arg-type]

    def wrong_address(binding: Binding) -> tuple[str, Order | None]:
        return session(binding, None).initiate(address="somebody-else.example.com").status, None

    def unknown_ci(binding: Binding) -> tuple[str, Order | None]:
        info1 = of_unknown_ci(card.get_euicc_info1().raw)
        return session(binding, None).initiate(euicc_info1=info1).status, None

    def unknown_matching_id(binding: Binding) -> tuple[str, Order | None]:
        return session(binding, None).to_client().status, None

    def wrong_code(binding: Binding) -> tuple[str, Order | None]:
        order = placed(confirmation_code=CODE)
        return session(binding, order).to_package(WRONG_CODE).status, order

    def cancelled(reason: int) -> Callable[[Binding], tuple[str, Order | None]]:
        def act(binding: Binding) -> tuple[str, Order | None]:
            order = placed()
            begun = session(binding, order)
            begun.to_client()
            return begun.cancel(reason).status, order

        return act

    def cancelled_unknown(binding: Binding) -> tuple[str, Order | None]:
        lost = session(binding, None)
        lost.transaction_id = bytes(16)
        return lost.cancel_with(tlv.build(0xBF41, tlv.integer(0x81, 5))).status, None

    def downloaded(binding: Binding) -> tuple[str, Order | None]:
        order = placed()
        return session(binding, order).to_package().status, order

    compared("another address", "8.8.1/3.8 / 1", wrong_address)
    compared("an eUICC whose CI is not known", "8.8.2/3.1 / 3", unknown_ci)
    compared("an unknown matchingId", "8.2.6/3.8 / 6", unknown_matching_id)
    compared("a wrong confirmation code", "8.2.7/3.8 / 3", wrong_code)
    compared("a cancellation of an unknown session", "8.10.1/3.9 / 1", cancelled_unknown)
    compared("a postponed download", f"{SUCCESS} / {SUCCESS}", cancelled(POSTPONED))
    compared("a rejected download", f"{SUCCESS} / {SUCCESS}", cancelled(REJECTED))
    compared("a bound package", f"{SUCCESS} / {SUCCESS}", downloaded)
    crossings: tuple[tuple[str, str, Binding, Binding], ...] = (
        ("operational-a", "begun in JSON and ended in ASN.1", json_binding, asn1_binding),
        ("operational-b", "begun in ASN.1 and ended in JSON", asn1_binding, json_binding),
    )
    for name, way, begun_in, ended_in in crossings:
        with step(
            f"a download {way}, and its result",
            expect="the profile is installed, and the order is done",
            confidence="likely",
        ) as seen:
            order = smdp.order(profiles[name])
            crossing = session(begun_in, order)
            crossing.to_client()
            crossing.binding = ended_in
            crossing.prepare_download()
            answer = crossing.get_package()
            assert answer.status == SUCCESS
            result = card.load_bound_profile_package(answer.octets("boundProfilePackage"))
            crossing.notify(result.raw)
            seen.observed(
                f"{answer.status}, installed: {result.is_success}, the order is {smdp.order_now(order).state}"
            )
            assert result.is_success
            assert smdp.order_now(order).state is OrderState.INSTALLED
