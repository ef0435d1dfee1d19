"""A reader with a stub card in it, as a program: what tests run as another user, in namespaces, or to be killed.

Prints one JSON line when everything is up, then waits for its standard input to end.
"""

from __future__ import annotations

import json
import sys

from harness.endpoints.card_process import CardProcess
from harness.endpoints.pcscd import PrivatePcscd
from harness.errors import LabFault
from harness.links.pcsc import PcscLink

CARD = "tests.endpoints.stub_card:create"


def main() -> int:
    pcscd = PrivatePcscd()
    try:
        with pcscd, CardProcess(pcscd, CARD, {}) as card:
            link = PcscLink(card.reader)
            link.reset()
            answer = link.transmit(bytes.fromhex("8001000000")).hex()
            pids = [pcscd.pid, card.pid, pcscd._warden.pid if pcscd._warden else 0]
            told = {"private": pcscd.private, "pids": pids, "answer": answer, "folder": pcscd._folder}
            print(json.dumps(told), flush=True)
            sys.stdin.read()
            link.close()
    except LabFault as fault:
        print(json.dumps({"fault": str(fault), "hint": fault.hint}), flush=True)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
