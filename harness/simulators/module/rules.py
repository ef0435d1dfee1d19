"""The rules that a conforming module follows, by name. A defect replaces one of them."""

from __future__ import annotations

from harness.rules import Rules
from harness.simulators.module import general, network_commands, rsp_commands, sim_commands, sleep_commands
from harness.simulators.module.grammar import error
from harness.simulators.module.modem import Modem, answer, data_path, sim_detection
from harness.simulators.module.sim import identity_read, terminal_capability

CONFORMING = Rules(
    {
        "answer": answer,
        "error": error,
        "terminal-capability": terminal_capability,
        "identity-after-reset": identity_read,
        "registration-reported": Modem.registration,
        "data-path": data_path,
        "sim-detection": sim_detection,
        "certificate-time": general.certificate_time,
        "ATZ": general.attention,
        "AT&F": general.attention,
        "ATE": general.echo,
        "ATV": general.verbose,
        "ATI": general.identification,
        "AT+CGMI": general.manufacturer,
        "AT+GMI": general.manufacturer,
        "AT+CGMM": general.model,
        "AT+GMM": general.model,
        "AT+CGMR": general.revision,
        "AT+GMR": general.revision,
        "AT+CGSN": general.serial_number,
        "AT+GSN": general.serial_number,
        "AT+CMEE": general.error_reports,
        "AT+CFUN": general.functionality,
        "AT+CCLK": general.clock,
        "AT%IPA": general.ipa,
        "AT+CIMI": sim_commands.imsi,
        "iccid": sim_commands.iccid,
        "AT+CPIN": sim_commands.pin,
        "AT+CSIM": sim_commands.generic_access,
        "AT+CRSM": sim_commands.restricted_access,
        "AT+CCHO": sim_commands.open_session,
        "AT+CGLA": sim_commands.session_access,
        "AT+CCHC": sim_commands.close_session,
        "AT+CREG": network_commands.registration,
        "AT+CGREG": network_commands.registration,
        "AT+CEREG": network_commands.registration,
        "AT+COPS": network_commands.operator,
        "AT+CGDCONT": network_commands.define_context,
        "AT+CGATT": network_commands.attach,
        "AT+CGACT": network_commands.activate,
        "AT+CGPADDR": network_commands.address,
        "AT+CPSMS": sleep_commands.power_saving,
        "AT+CEDRXS": sleep_commands.extended_reception,
        "AT+CGEUICCID": rsp_commands.euicc_identifier,
        "AT+CEUICCSMDPA": rsp_commands.default_smdp_address,
        "AT+CEUICCPMETAI": rsp_commands.profile_metadata,
        "AT+CEUICCPNM": rsp_commands.pending_notifications,
        "schedule-time": lambda modem: 0.0,
        "wakes-by-sms": lambda modem: True,
        "AT+CEUICCPD": rsp_commands.left_to_the_eim,
        "AT+CEUICCPM": rsp_commands.left_to_the_eim,
        "AT+CEUICCMEMRESET": rsp_commands.left_to_the_eim,
    }
)
