"""A module on the bench that hides its card: a life of its own, provisioned with what the lab's kit holds."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.crypto.entropy import Entropy
from harness.endpoints.module_process import ModuleProcess
from harness.lab.benches.card_factory import FACTORY, arguments_for, make
from harness.lab.benches.cards import card_config
from harness.lab.file.configuration import read_lab
from harness.lab.file.device import Simulated
from harness.lab.rack import Rack
from harness.lab.reaching.provisioning import kit
from harness.links.memory import MemoryLink
from harness.roles.es10 import Es10, Terminal
from harness.simulators.module import ModuleConfig

LAB = """
lab: desk
state: state
listen: {{port: {https}}}
slots:
  modem:
    kind: module
    device: {{eid: {eid}, dialect: sealed}}
    links: {{at: {{port: {port}}}, esipa: https}}
    network: none
    reach:
      eim_fqdn: first.eim.test
      other_eim_fqdn: second.eim.test
      smdp_fqdn: first.smdp.test
      other_smdp_fqdn: second.smdp.test
      ipv4: 127.0.0.1
      via: tunnel
    allow: [removes-eim, removes-profile]
"""


def lab_file(folder: Path, *, eid: str = "null") -> Path:
    """A lab with such a module, and a shared port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        https = probe.getsockname()[1]
    file = folder / "lab.yaml"
    file.write_text(LAB.format(https=https, port=folder / "modem", eid=eid), encoding="utf-8")
    return file


@contextmanager
def sealed_module(lab: Path, *, provisioned: bool = True) -> Iterator[ModuleProcess]:
    """The module of that lab, with power."""
    folder = lab.parent
    with Rack(read_lab(lab), 1) as rack:
        slot = rack.lab.slots["modem"]
        assert slot.reach is not None
        given = kit(rack, slot, slot.reach.names)
        rack.entropy = Entropy("the card's first day")
        arguments = arguments_for(rack, card_config(rack, "modem", Simulated()), folder / "card", "modem")
        if provisioned:
            es10 = Es10(Terminal(MemoryLink(make(arguments, ()))))
            es10.call(given["add-initial-eim.der"])
            es10.close()
        process = ModuleProcess(
            FACTORY,
            arguments,
            folder,
            config=ModuleConfig(dialect="sealed"),
            addresses=dict.fromkeys(slot.reach.names.hosts, ("127.0.0.1", rack.lab.listen.port)),
            ci_certificates=[rack.pki.trust(curve).ci.certificate for curve in rack.pki.curves],
            clock="real",
        )
    with process:
        yield process
