"""One example of every ESipa, ES10 and ES9+ message: its value, and its octets built tag by tag with the TLV writer.

Origin: derived. The tags were read off the published tables one at a time; no schema and no compiler had a hand in them.
"""

from __future__ import annotations

from typing import Any

from harness.codec.tlv import build as t

EID = bytes.fromhex("89049032123451234512345678901235")
ICCID = bytes.fromhex("98000000000000000010")
TID = bytes.fromhex("0102030405060708090A0B0C0D0E0F10")
CHALLENGE = bytes(range(16))
SIGNATURE = bytes([0x5A]) * 64
POINT = b"\x04" + bytes([0x11]) * 64
HASH = bytes([0x77]) * 32
CI = bytes.fromhex("F54172BDF98A95D65CBEB88A38A1C11D800A85C3")
ADDRESS = "smdp.example"
AID = bytes.fromhex("A0000005591010FFFFFFFF8900001100")
CERT_CONTENT = t(0x30, t(0x02, b"\x05")) + t(0x30, t(0x06, b"\x2a\x03")) + t(0x03, b"\x00\x01\x02")
CERT = t(0x30, CERT_CONTENT)
SPKI_CONTENT = t(0x30, t(0x06, b"\x2a\x03")) + t(0x03, b"\x00" + POINT)
SPKI = t(0x30, SPKI_CONTENT)
VERSION = b"\x02\x05\x00"
OID = "2.999.10"
OID_OCTETS = b"\x88\x37\x0a"

sig = t(0x5F37, SIGNATURE)
ci = t(0x04, CI)
eim_id = t(0x80, b"eim.example")
seq_metadata = t(0xBF2F, t(0x80, b"\x07"), t(0x81, b"\x06\x40"), t(0x0C, b"smdp.example"), t(0x5A, ICCID))
METADATA: dict[str, Any] = {
    "seqNumber": 7,
    "profileManagementOperation": (b"\x40", 2),
    "notificationAddress": ADDRESS,
    "iccid": ICCID,
}
info1 = t(0xBF20, t(0x82, VERSION), t(0xA9, ci), t(0xAA, ci))
INFO1: dict[str, Any] = {
    "svn": VERSION,
    "euiccCiPKIdListForVerification": [CI],
    "euiccCiPKIdListForSigning": [CI],
}
info2 = t(
    0xBF22,
    t(0x81, b"\x03\x03\x01"),
    t(0x82, VERSION),
    t(0x83, b"\x01\x00\x00"),
    t(0x84, bytes.fromhex("8101 0082 0400 0100 0083 0200 40".replace(" ", ""))),
    t(0x85, b"\x04\x70"),
    t(0x86, b"\x0f\x01\x00"),
    t(0x87, b"\x02\x03\x00"),
    t(0x88, b"\x02\x94"),
    t(0xA9, ci),
    t(0xAA, ci),
    t(0x8B, b"\x02"),
    t(0x99, b"\x05\x60"),
    t(0x04, b"\x01\x00\x00"),
    t(0x0C, b"TEST-SAS"),
    t(0xAC, t(0x80, b"label"), t(0x81, b"url")),
    t(0x90, b"\x00"),
    t(0xB4, t(0xA0, t(0x04, b"\x01\x02\x00")), t(0x81), t(0x82)),
)
INFO2: dict[str, Any] = {
    "profileVersion": b"\x03\x03\x01",
    "svn": VERSION,
    "euiccFirmwareVer": b"\x01\x00\x00",
    "extCardResource": bytes.fromhex("81010082040001000083020040"),
    "uiccCapability": (b"\x70", 4),
    "ts102241Version": b"\x0f\x01\x00",
    "globalplatformVersion": b"\x02\x03\x00",
    "rspCapability": (b"\x94", 6),
    "euiccCiPKIdListForVerification": [CI],
    "euiccCiPKIdListForSigning": [CI],
    "euiccCategory": 2,
    "forbiddenProfilePolicyRules": (b"\x60", 3),
    "ppVersion": b"\x01\x00\x00",
    "sasAcreditationNumber": "TEST-SAS",
    "certificationDataObject": {"platformLabel": "label", "discoveryBaseURL": "url"},
    "ipaMode": 0,
    "iotSpecificInfo": {"iotVersion": [b"\x01\x02\x00"], "ecallSupported": None, "fallbackSupported": None},
}
ctx = t(0xA0, t(0x80, b"M1"), t(0xA1, t(0x80, b"\x35\x90\x00\x00"), t(0xA1, t(0x85, b"\x0f\x00\x00"))))
CTX: Any = (
    "ctxParamsForCommonAuthentication",
    {
        "matchingId": "M1",
        "deviceInfo": {
            "tac": b"\x35\x90\x00\x00",
            "deviceCapabilities": {"eutranEpcSupportedRelease": b"\x0f\x00\x00"},
        },
    },
)
server1 = t(0x30, t(0x80, TID), t(0x81, CHALLENGE), t(0x83, b"smdp.example"), t(0x84, CHALLENGE))
SERVER1: dict[str, Any] = {
    "transactionId": TID,
    "euiccChallenge": CHALLENGE,
    "serverAddress": ADDRESS,
    "serverChallenge": CHALLENGE,
}
euicc1 = t(0x30, t(0x80, TID), t(0x83, b"smdp.example"), t(0x84, CHALLENGE), info2, ctx)
EUICC1: dict[str, Any] = {
    "transactionId": TID,
    "serverAddress": ADDRESS,
    "serverChallenge": CHALLENGE,
    "euiccInfo2": INFO2,
    "ctxParams1": CTX,
}
auth_server = t(0xBF38, t(0xA0, euicc1, sig, CERT, CERT))
AUTH_SERVER: Any = (
    "authenticateResponseOk",
    {"euiccSigned1": EUICC1, "euiccSignature1": SIGNATURE, "euiccCertificate": CERT, "eumCertificate": CERT},
)
smdp2 = t(0x30, t(0x80, TID), t(0x01, b"\x00"))
SMDP2: dict[str, Any] = {"transactionId": TID, "ccRequiredFlag": False}
prepare = t(0xBF21, t(0xA0, t(0x30, t(0x80, TID), t(0x5F49, POINT), t(0x04, HASH)), sig))
PREPARE: Any = (
    "downloadResponseOk",
    {"euiccSigned2": {"transactionId": TID, "euiccOtpk": POINT, "hashCc": HASH}, "euiccSignature2": SIGNATURE},
)
bpp = t(
    0xBF36,
    t(
        0xBF23,
        t(0x82, b"\x01"),
        t(0x80, TID),
        t(0xA6, t(0x80, b"\x88"), t(0x81, b"\x10"), t(0x84, b"host")),
        t(0x5F49, POINT),
        sig,
    ),
    t(0xA0, t(0x87, b"\x01" * 24)),
    t(0xA1, t(0x88, b"\x02" * 30)),
    t(0xA2, t(0x87, b"\x03" * 56)),
    t(0xA3, t(0x86, b"\x04" * 40), t(0x86, b"\x05" * 24)),
)
BPP: dict[str, Any] = {
    "initialiseSecureChannelRequest": {
        "remoteOpId": 1,
        "transactionId": TID,
        "controlRefTemplate": {"keyType": b"\x88", "keyLen": b"\x10", "hostId": b"host"},
        "smdpOtpk": POINT,
        "smdpSign": SIGNATURE,
    },
    "firstSequenceOf87": [b"\x01" * 24],
    "sequenceOf88": [b"\x02" * 30],
    "secondSequenceOf87": [b"\x03" * 56],
    "sequenceOf86": [b"\x04" * 40, b"\x05" * 24],
}
store_metadata = t(
    0xBF25,
    t(0x5A, ICCID),
    t(0x91, b"Operator"),
    t(0x92, b"Plan"),
    t(0x95, b"\x00"),
    t(0xB6, t(0x30, t(0x80, b"\x04\xf0"), t(0x81, b"smdp.example"))),
    t(0xB7, t(0x80, b"\x00\xf1\x10")),
    t(0x99, b"\x06\x40"),
    t(0x9F7B, b"\xff"),
    t(0x9F67, b"\xff"),
)
STORE_METADATA: dict[str, Any] = {
    "iccid": ICCID,
    "serviceProviderName": "Operator",
    "profileName": "Plan",
    "profileClass": 0,
    "notificationConfigurationInfo": [{"profileManagementOperation": (b"\xf0", 4), "notificationAddress": ADDRESS}],
    "profileOwner": {"mccMnc": b"\x00\xf1\x10"},
    "profilePolicyRules": (b"\x40", 2),
    "ecallIndication": True,
    "fallbackAllowed": True,
}
pir = t(
    0xBF37,
    t(
        0xBF27,
        t(0x80, TID),
        seq_metadata,
        t(0x06, OID_OCTETS),
        t(0xA2, t(0xA0, t(0x4F, AID), t(0x04, b"\x30\x00"))),
    ),
    sig,
)
PIR: dict[str, Any] = {
    "profileInstallationResultData": {
        "transactionId": TID,
        "notificationMetadata": METADATA,
        "smdpOid": OID,
        "finalResult": ("successResult", {"aid": AID, "simaResponse": b"\x30\x00"}),
    },
    "euiccSignPIR": SIGNATURE,
}
other = t(0x30, seq_metadata, sig, CERT, CERT)
OTHER: dict[str, Any] = {
    "tbsOtherNotification": METADATA,
    "euiccNotificationSignature": SIGNATURE,
    "euiccCertificate": CERT,
    "eumCertificate": CERT,
}
eim_config_content = b"".join(
    (
        eim_id,
        t(0x81, b"eim.example:8443"),
        t(0x82, b"\x02"),
        t(0x83, b"\x01"),
        t(0x84, b"\xff"),
        t(0xA5, t(0xA0, SPKI_CONTENT)),
        t(0xA6, t(0xA1, CERT_CONTENT)),
        t(0x87, b"\x07\x80"),
        t(0x88, CI),
        t(0x89),
    )
)
eim_config = t(0x30, eim_config_content)
EIM_CONFIG: dict[str, Any] = {
    "eimId": "eim.example",
    "eimFqdn": "eim.example:8443",
    "eimIdType": 2,
    "counterValue": 1,
    "associationToken": -1,
    "eimPublicKeyData": ("eimPublicKey", SPKI),
    "trustedPublicKeyDataTls": ("trustedCertificateTls", CERT),
    "eimSupportedProtocol": (b"\x80", 1),
    "euiccCiPKId": CI,
    "indirectProfileDownload": None,
}
psmo_package = t(
    0xBF51,
    t(
        0x30,
        eim_id,
        t(0x5A, EID),
        t(0x81, b"\x03"),
        t(0x82, TID),
        t(
            0xA0,
            t(0xA3, t(0x5A, ICCID), t(0x05)),
            t(0xA4, t(0x5A, ICCID)),
            t(0xA5, t(0x5A, ICCID)),
            t(0xBF2D, t(0x5C, b"\x5a\x9f\x70")),
            t(0xA6),
            t(0xA7, t(0x80), t(0x81, OID_OCTETS), t(0x82, b"smdp.example")),
            t(0xA8, t(0x5A, ICCID)),
            t(0xA9),
            t(0xBF65, t(0x80, b"smdp.example")),
        ),
    ),
    sig,
)
PSMO_PACKAGE: dict[str, Any] = {
    "euiccPackageSigned": {
        "eimId": "eim.example",
        "eidValue": EID,
        "counterValue": 3,
        "eimTransactionId": TID,
        "euiccPackage": (
            "psmoList",
            [
                ("enable", {"iccid": ICCID, "rollbackFlag": None}),
                ("disable", {"iccid": ICCID}),
                ("delete", {"iccid": ICCID}),
                ("listProfileInfo", {"tagList": b"\x5a\x9f\x70"}),
                ("getRAT", {}),
                (
                    "configureImmediateEnable",
                    {"immediateEnableFlag": None, "defaultSmdpOid": OID, "defaultSmdpAddress": ADDRESS},
                ),
                ("setFallbackAttribute", {"iccid": ICCID}),
                ("unsetFallbackAttribute", {}),
                ("setDefaultDpAddress", {"defaultDpAddress": ADDRESS}),
            ],
        ),
    },
    "eimSignature": SIGNATURE,
}
eco_package = t(
    0xBF51,
    t(
        0x30,
        eim_id,
        t(0x5A, EID),
        t(0x81, b"\x03"),
        t(
            0xA1,
            t(0xA8, eim_config_content),
            t(0xA9, eim_id),
            t(0xAA, eim_id),
            t(0xAB),
        ),
    ),
    sig,
)
ECO_PACKAGE: dict[str, Any] = {
    "euiccPackageSigned": {
        "eimId": "eim.example",
        "eidValue": EID,
        "counterValue": 3,
        "euiccPackage": (
            "ecoList",
            [
                ("addEim", EIM_CONFIG),
                ("deleteEim", {"eimId": "eim.example"}),
                ("updateEim", {"eimId": "eim.example"}),
                ("listEim", {}),
            ],
        ),
    },
    "eimSignature": SIGNATURE,
}
profile_info = t(0xE3, t(0x5A, ICCID), t(0x4F, AID), t(0x9F70, b"\x01"), t(0x95, b"\x02"), t(0x9F26, b"\xff"))
PROFILE_INFO: dict[str, Any] = {
    "iccid": ICCID,
    "isdpAid": AID,
    "profileState": 1,
    "profileClass": 2,
    "fallbackAttribute": True,
}
results = t(
    0x30,
    t(0x83, b"\x00"),
    t(0x84, b"\x02"),
    t(0x85, b"\x01"),
    t(0xBF2D, t(0xA0, profile_info)),
    t(0xA6, t(0x30, t(0x80, b"\x05\x60"), t(0xA1, t(0x30, t(0x80, b"\xee\xee\xee"))), t(0x82, b"\x07\x80"))),
    t(0x87, b"\x00"),
    t(0xA8, t(0x84, b"\x05")),
    t(0x89, b"\x02"),
    t(0x8A, b"\x07"),
    t(0xAB, t(0xA0, t(0x30, eim_id, t(0x82, b"\x02")))),
    t(0x8C, b"\x00"),
    t(0x8D, b"\x02"),
    t(0x8E, b"\x03"),
    t(0x02, b"\x02"),
    t(0xBF65, t(0x80, b"\x00")),
)
RESULTS: list[Any] = [
    ("enableResult", 0),
    ("disableResult", 2),
    ("deleteResult", 1),
    ("listProfileInfoResult", ("profileInfoListOk", [PROFILE_INFO])),
    (
        "getRATResult",
        [{"pprIds": (b"\x60", 3), "allowedOperators": [{"mccMnc": b"\xee\xee\xee"}], "pprFlags": (b"\x80", 1)}],
    ),
    ("configureImmediateEnableResult", 0),
    ("addEimResult", ("associationToken", 5)),
    ("deleteEimResult", 2),
    ("updateEimResult", 7),
    ("listEimResult", ("eimIdList", [{"eimId": "eim.example", "eimIdType": 2}])),
    ("rollbackResult", 0),
    ("setFallbackAttributeResult", 2),
    ("unsetFallbackAttributeResult", 3),
    ("processingTerminated", 2),
    ("setDefaultDpAddressResult", {"setDefaultDpAddressResult": 0}),
]
epr = t(0xBF51, t(0xA0, t(0x30, eim_id, t(0x81, b"\x03"), t(0x82, TID), t(0x83, b"\x07"), results), sig))
EPR: Any = (
    "euiccPackageResultSigned",
    {
        "euiccPackageResultDataSigned": {
            "eimId": "eim.example",
            "counterValue": 3,
            "eimTransactionId": TID,
            "seqNumber": 7,
            "euiccResult": RESULTS,
        },
        "euiccSignEPR": SIGNATURE,
    },
)
epe = t(0xBF51, t(0xA1, t(0x30, eim_id, t(0x81, b"\x03"), t(0x02, b"\x04")), sig))
EPE: Any = (
    "euiccPackageErrorSigned",
    {
        "euiccPackageErrorDataSigned": {"eimId": "eim.example", "counterValue": 3, "euiccPackageErrorCode": 4},
        "euiccSignEPE": SIGNATURE,
    },
)
epu = t(0xBF51, t(0xA2, eim_id, t(0x82, TID), t(0x84, b"\x00")))
EPU: Any = ("euiccPackageErrorUnsigned", {"eimId": "eim.example", "eimTransactionId": TID, "associationToken": 0})
data_request = t(
    0xBF52, t(0x5C, b"\xa0\xbf\x20"), ci, t(0xA1, t(0x80, b"\x01")), t(0xA2, t(0x80, b"\x02")), t(0x83, TID)
)
DATA_REQUEST: dict[str, Any] = {
    "tagList": b"\xa0\xbf\x20",
    "euiccCiPKIdentifierToBeUsed": CI,
    "searchCriteriaNotification": ("seqNumber", 1),
    "searchCriteriaEuiccPackageResult": ("seqNumber", 2),
    "eimTransactionId": TID,
}
ipa_data = t(
    0xBF52,
    t(
        0xA0,
        t(0xA0, pir, other),
        t(0x81, b"smdp.example"),
        t(0xA2, epr),
        info1,
        info2,
        t(0x83, b"smds.example"),
        t(0x84, b"\x05"),
        t(0xA5, CERT_CONTENT),
        t(0xA6, CERT_CONTENT),
        t(0x87, TID),
        t(0xA8, t(0x80, b"\x02\xf4"), t(0x81, b"\x07\x80")),
        t(0xA9, t(0x80, b"\x35\x90\x00\x00"), t(0xA1), t(0x82, b"\x35\x90\x00\x00\x00\x00\x00\x10")),
    ),
)
IPA_DATA: Any = (
    "ipaEuiccData",
    {
        "notificationsList": [("profileInstallationResult", PIR), ("otherSignedNotification", OTHER)],
        "defaultSmdpAddress": ADDRESS,
        "euiccPackageResultList": [EPR],
        "euiccInfo1": INFO1,
        "euiccInfo2": INFO2,
        "rootSmdsAddress": "smds.example",
        "associationToken": 5,
        "eumCertificate": CERT,
        "euiccCertificate": CERT,
        "eimTransactionId": TID,
        "ipaCapabilities": {"ipaFeatures": (b"\xf4", 6), "ipaSupportedProtocols": (b"\x80", 1)},
        "deviceInfo": {
            "tac": b"\x35\x90\x00\x00",
            "deviceCapabilities": {},
            "imei": b"\x35\x90\x00\x00\x00\x00\x00\x10",
        },
    },
)
trigger = t(0xBF54, t(0xA0, t(0x80, b"1$smdp.example$M1")), t(0x82, TID))
TRIGGER: dict[str, Any] = {"profileDownloadData": ("activationCode", "1$smdp.example$M1"), "eimTransactionId": TID}
trigger_result = t(0xBF54, t(0x82, TID), pir)
TRIGGER_RESULT: dict[str, Any] = {
    "eimTransactionId": TID,
    "profileDownloadTriggerResultData": ("profileInstallationResult", PIR),
}
cancel_ok_content = t(0xA0, t(0x30, t(0x80, TID), t(0x81, OID_OCTETS), t(0x82, b"\x05")), sig)
CANCEL_OK: Any = (
    "cancelSessionResponseOk",
    {
        "euiccCancelSessionSigned": {"transactionId": TID, "smdpOid": OID, "reason": 5},
        "euiccCancelSessionSignature": SIGNATURE,
    },
)
initiate_ok = t(0xA0, t(0x80, TID), server1, sig, ci, CERT)
INITIATE_OK: dict[str, Any] = {
    "transactionId": TID,
    "serverSigned1": SERVER1,
    "serverSignature1": SIGNATURE,
    "serverCertificate": CERT,
}

Example = tuple[str, str, Any, bytes]

ES10: tuple[Example, ...] = (
    ("GetEuiccDataRequest", "", {"tagList": b"\x5a"}, t(0xBF3E, t(0x5C, b"\x5a"))),
    ("GetEuiccDataResponse", "", {"eidValue": EID}, t(0xBF3E, t(0x5A, EID))),
    ("GetEuiccInfo1Request", "", {}, t(0xBF20)),
    ("EUICCInfo1", "", INFO1, info1),
    ("GetEuiccInfo2Request", "", {}, t(0xBF22)),
    ("EUICCInfo2", "", INFO2, info2),
    ("GetEuiccChallengeRequest", "", {}, t(0xBF2E)),
    ("GetEuiccChallengeResponse", "", {"euiccChallenge": CHALLENGE}, t(0xBF2E, t(0x80, CHALLENGE))),
    ("EuiccConfiguredAddressesRequest", "", {}, t(0xBF3C)),
    (
        "EuiccConfiguredAddressesResponse",
        "",
        {"defaultDpAddress": ADDRESS, "rootDsAddress": "smds.example"},
        t(0xBF3C, t(0x80, b"smdp.example"), t(0x81, b"smds.example")),
    ),
    ("SetDefaultDpAddressRequest", "", {"defaultDpAddress": ADDRESS}, t(0xBF65, t(0x80, b"smdp.example"))),
    ("SetDefaultDpAddressResponse", "", {"setDefaultDpAddressResult": 127}, t(0xBF65, t(0x80, b"\x7f"))),
    ("AddInitialEimRequest", "", {"eimConfigurationDataList": [EIM_CONFIG]}, t(0xBF57, t(0xA0, eim_config))),
    (
        "AddInitialEimResponse",
        "ok",
        ("addInitialEimOk", [("associationToken", 5), ("addOk", None)]),
        t(0xBF57, t(0xA0, t(0x84, b"\x05"), t(0x05))),
    ),
    ("AddInitialEimResponse", "error", ("addInitialEimError", 2), t(0xBF57, t(0x81, b"\x02"))),
    ("GetEimConfigurationDataRequest", "all", {}, t(0xBF55)),
    (
        "GetEimConfigurationDataRequest",
        "one",
        {"searchCriteria": ("eimId", "eim.example")},
        t(0xBF55, t(0xA0, eim_id)),
    ),
    ("GetEimConfigurationDataResponse", "", {"eimConfigurationDataList": [EIM_CONFIG]}, t(0xBF55, t(0xA0, eim_config))),
    ("GetCertsRequest", "", {"euiccCiPKId": CI}, t(0xBF56, t(0x80, CI))),
    (
        "GetCertsResponse",
        "ok",
        ("certs", {"eumCertificate": CERT, "euiccCertificate": CERT}),
        t(0xBF56, t(0xA0, t(0xA5, CERT_CONTENT), t(0xA6, CERT_CONTENT))),
    ),
    ("GetCertsResponse", "error", ("getCertsError", 1), t(0xBF56, t(0x81, b"\x01"))),
    ("EuiccPackageRequest", "psmo", PSMO_PACKAGE, psmo_package),
    ("EuiccPackageRequest", "eco", ECO_PACKAGE, eco_package),
    ("EuiccPackageResult", "result", EPR, epr),
    ("EuiccPackageResult", "error signed", EPE, epe),
    ("EuiccPackageResult", "error unsigned", EPU, epu),
    (
        "ProfileInfoListRequest",
        "",
        {"searchCriteria": ("profileClass", 2), "tagList": b"\x5a"},
        t(0xBF2D, t(0xA0, t(0x95, b"\x02")), t(0x5C, b"\x5a")),
    ),
    ("ProfileInfoListResponse", "ok", ("profileInfoListOk", [PROFILE_INFO]), t(0xBF2D, t(0xA0, profile_info))),
    ("ProfileInfoListResponse", "error", ("profileInfoListError", 11), t(0xBF2D, t(0x81, b"\x0b"))),
    ("ListNotificationRequest", "", {"profileManagementOperation": (b"\x80", 1)}, t(0xBF28, t(0x81, b"\x07\x80"))),
    (
        "ListNotificationResponse",
        "ok",
        ("notificationMetadataList", [METADATA]),
        t(0xBF28, t(0xA0, seq_metadata)),
    ),
    ("ListNotificationResponse", "error", ("listNotificationsResultError", 127), t(0xBF28, t(0x81, b"\x7f"))),
    (
        "RetrieveNotificationsListRequest",
        "sequence",
        {"searchCriteria": ("seqNumber", 7)},
        t(0xBF2B, t(0xA0, t(0x80, b"\x07"))),
    ),
    (
        "RetrieveNotificationsListRequest",
        "event",
        {"searchCriteria": ("profileManagementOperation", (b"\x80", 1))},
        t(0xBF2B, t(0xA0, t(0x81, b"\x07\x80"))),
    ),
    (
        "RetrieveNotificationsListRequest",
        "results",
        {"searchCriteria": ("euiccPackageResults", None)},
        t(0xBF2B, t(0xA0, t(0x82))),
    ),
    (
        "RetrieveNotificationsListResponse",
        "notifications",
        ("notificationList", [("profileInstallationResult", PIR), ("otherSignedNotification", OTHER)]),
        t(0xBF2B, t(0xA0, pir, other)),
    ),
    ("RetrieveNotificationsListResponse", "results", ("euiccPackageResultList", [EPR]), t(0xBF2B, t(0xA2, epr))),
    (
        "RetrieveNotificationsListResponse",
        "error",
        ("notificationsListResultError", 127),
        t(0xBF2B, t(0x81, b"\x7f")),
    ),
    ("NotificationSentRequest", "", {"seqNumber": 7}, t(0xBF30, t(0x80, b"\x07"))),
    ("NotificationSentResponse", "", {"deleteNotificationStatus": 1}, t(0xBF30, t(0x80, b"\x01"))),
    ("EuiccMemoryResetRequest", "", {"resetOptions": (b"\x84", 6)}, t(0xBF64, t(0x82, b"\x02\x84"))),
    (
        "EuiccMemoryResetResponse",
        "",
        {"resetResult": 0, "resetEimResult": 1, "resetImmediateEnableConfigResult": 1},
        t(0xBF64, t(0x80, b"\x00"), t(0x81, b"\x01"), t(0x82, b"\x01")),
    ),
    (
        "AuthenticateServerRequest",
        "",
        {
            "serverSigned1": SERVER1,
            "serverSignature1": SIGNATURE,
            "euiccCiPKIdToBeUsed": CI,
            "serverCertificate": CERT,
            "ctxParams1": CTX,
        },
        t(0xBF38, server1, sig, ci, CERT, ctx),
    ),
    ("AuthenticateServerResponse", "ok", AUTH_SERVER, auth_server),
    (
        "AuthenticateServerResponse",
        "error",
        ("authenticateResponseError", {"transactionId": TID, "authenticateErrorCode": 6}),
        t(0xBF38, t(0xA1, t(0x80, TID), t(0x02, b"\x06"))),
    ),
    (
        "AuthenticateServerResponse",
        "compact",
        (
            "compactAuthenticateResponseOk",
            {
                "signedData": ("compactEuiccSigned1", {"extCardResource": b"\x81\x01\x00", "ctxParams1": CTX}),
                "euiccSignature1": SIGNATURE,
                "euiccCertificate": CERT,
            },
        ),
        t(0xBF38, t(0xA2, t(0xA0, t(0x84, b"\x81\x01\x00"), t(0xA2, ctx)), sig, t(0xA1, CERT_CONTENT))),
    ),
    (
        "PrepareDownloadRequest",
        "",
        {"smdpSigned2": SMDP2, "smdpSignature2": SIGNATURE, "hashCc": HASH, "smdpCertificate": CERT},
        t(0xBF21, smdp2, sig, t(0x04, HASH), CERT),
    ),
    ("PrepareDownloadResponse", "ok", PREPARE, prepare),
    (
        "PrepareDownloadResponse",
        "error",
        ("downloadResponseError", {"transactionId": TID, "downloadErrorCode": 5}),
        t(0xBF21, t(0xA1, t(0x80, TID), t(0x02, b"\x05"))),
    ),
    (
        "PrepareDownloadResponse",
        "compact",
        ("compactDownloadResponseOk", {"compactEuiccSigned2": {"euiccOtpk": POINT}, "euiccSignature2": SIGNATURE}),
        t(0xBF21, t(0xA2, t(0x30, t(0x5F49, POINT)), sig)),
    ),
    ("BoundProfilePackage", "", BPP, bpp),
    ("ConfigureISDPRequest", "", {"dpProprietaryData": {"dpOid": OID}}, t(0xBF24, t(0xB8, t(0x80, OID_OCTETS)))),
    ("StoreMetadataRequest", "", STORE_METADATA, store_metadata),
    (
        "ReplaceSessionKeysRequest",
        "",
        {"initialMacChainingValue": b"\x01" * 16, "ppkEnc": b"\x02" * 16, "ppkCmac": b"\x03" * 16},
        t(0xBF26, t(0x80, b"\x01" * 16), t(0x81, b"\x02" * 16), t(0x82, b"\x03" * 16)),
    ),
    ("ProfileInstallationResult", "success", PIR, pir),
    (
        "ProfileInstallationResultData",
        "error",
        {
            "transactionId": TID,
            "notificationMetadata": METADATA,
            "smdpOid": OID,
            "finalResult": ("errorResult", {"bppCommandId": 5, "errorReason": 9}),
        },
        t(
            0xBF27,
            t(0x80, TID),
            seq_metadata,
            t(0x06, OID_OCTETS),
            t(0xA2, t(0xA1, t(0x80, b"\x05"), t(0x81, b"\x09"))),
        ),
    ),
    ("CancelSessionRequest", "", {"transactionId": TID, "reason": 1}, t(0xBF41, t(0x80, TID), t(0x81, b"\x01"))),
    ("CancelSessionResponse", "ok", CANCEL_OK, t(0xBF41, cancel_ok_content)),
    ("CancelSessionResponse", "error", ("cancelSessionResponseError", 5), t(0xBF41, t(0x81, b"\x05"))),
    ("ProfileRollbackRequest", "", {"refreshFlag": True}, t(0xBF58, t(0x80, b"\xff"))),
    ("ProfileRollbackResponse", "", {"cmdResult": 0, "eUICCPackageResult": EPR}, t(0xBF58, t(0x02, b"\x00"), epr)),
    (
        "ConfigureImmediateProfileEnablingRequest",
        "",
        {"immediateEnableFlag": None, "defaultSmdpOid": OID, "defaultSmdpAddress": ADDRESS},
        t(0xBF59, t(0x80), t(0x81, OID_OCTETS), t(0x82, b"smdp.example")),
    ),
    ("ConfigureImmediateProfileEnablingResponse", "", {"configImmediateEnableResult": 2}, t(0xBF59, t(0x80, b"\x02"))),
    ("ImmediateEnableRequest", "", {"refreshFlag": False}, t(0xBF5A, t(0x80, b"\x00"))),
    ("ImmediateEnableResponse", "", {"immediateEnableResult": 4}, t(0xBF5A, t(0x80, b"\x04"))),
    ("EnableEmergencyProfileRequest", "", {"refreshFlag": True}, t(0xBF5B, t(0x80, b"\xff"))),
    ("EnableEmergencyProfileResponse", "", {"enableEmergencyProfileResult": 8}, t(0xBF5B, t(0x80, b"\x08"))),
    ("DisableEmergencyProfileRequest", "", {"refreshFlag": True}, t(0xBF5C, t(0x80, b"\xff"))),
    ("DisableEmergencyProfileResponse", "", {"disableEmergencyProfileResult": 2}, t(0xBF5C, t(0x80, b"\x02"))),
    ("ExecuteFallbackMechanismRequest", "", {"refreshFlag": True}, t(0xBF5D, t(0x80, b"\xff"))),
    ("ExecuteFallbackMechanismResponse", "", {"executeFallbackMechanismResult": 104}, t(0xBF5D, t(0x80, b"\x68"))),
    ("ReturnFromFallbackRequest", "", {"refreshFlag": True}, t(0xBF5E, t(0x80, b"\xff"))),
    ("ReturnFromFallbackResponse", "", {"returnFromFallbackResult": 6}, t(0xBF5E, t(0x80, b"\x06"))),
    ("GetConnectivityParametersRequest", "", {}, t(0xBF5F)),
    (
        "GetConnectivityParametersResponse",
        "ok",
        ("connectivityParameters", {"httpParams": b"\x01"}),
        t(0xBF5F, t(0xA0, t(0x81, b"\x01"))),
    ),
    ("GetConnectivityParametersResponse", "error", ("connectivityParametersError", 1), t(0xBF5F, t(0x81, b"\x01"))),
    ("IpaeActivationRequest", "", {"ipaeOption": (b"\x80", 1)}, t(0xBF42, t(0x80, b"\x07\x80"))),
    ("IpaeActivationResponse", "", {"ipaeActivationResult": 1}, t(0xBF42, t(0x80, b"\x01"))),
    ("GetRatRequest", "", {}, t(0xBF43)),
    ("ISDRProprietaryApplicationTemplateIoT", "", {"euiccConfiguration": (b"\xc0", 2)}, t(0xE1, t(0x80, b"\x06\xc0"))),
    ("ISDRProprietaryApplicationTemplate", "", {"svn": VERSION}, t(0xE0, t(0x82, VERSION))),
)

FROM_IPA = "EsipaMessageFromIpaToEim"
FROM_EIM = "EsipaMessageFromEimToIpa"

ESIPA: tuple[Example, ...] = (
    (
        FROM_IPA,
        "initiateAuthentication",
        (
            "initiateAuthenticationRequestEsipa",
            {"euiccChallenge": CHALLENGE, "smdpAddress": ADDRESS, "euiccInfo1": INFO1, "eimTransactionId": TID},
        ),
        t(0xBF39, t(0x81, CHALLENGE), t(0x83, b"smdp.example"), info1, t(0x82, TID)),
    ),
    (
        FROM_EIM,
        "initiateAuthentication ok",
        (
            "initiateAuthenticationResponseEsipa",
            (
                "initiateAuthenticationOkEsipa",
                INITIATE_OK | {"euiccCiPKIdentifierToBeUsed": CI, "matchingId": "M1", "ctxParams1": CTX},
            ),
        ),
        t(0xBF39, t(0xA0, t(0x80, TID), server1, sig, ci, CERT, t(0x0C, b"M1"), t(0xA2, ctx))),
    ),
    (
        FROM_EIM,
        "initiateAuthentication error",
        ("initiateAuthenticationResponseEsipa", ("initiateAuthenticationErrorEsipa", 50)),
        t(0xBF39, t(0x81, b"\x32")),
    ),
    (
        FROM_IPA,
        "authenticateClient",
        ("authenticateClientRequestEsipa", {"transactionId": TID, "authenticateServerResponse": AUTH_SERVER}),
        t(0xBF3B, t(0x80, TID), auth_server),
    ),
    (
        FROM_EIM,
        "authenticateClient SM-DP+",
        (
            "authenticateClientResponseEsipa",
            (
                "authenticateClientOkDPEsipa",
                {
                    "transactionId": TID,
                    "profileMetaData": STORE_METADATA,
                    "smdpSigned2": SMDP2,
                    "smdpSignature2": SIGNATURE,
                    "smdpCertificate": CERT,
                    "hashCc": HASH,
                },
            ),
        ),
        t(0xBF3B, t(0xA0, t(0x80, TID), store_metadata, smdp2, sig, CERT, t(0x04, HASH))),
    ),
    (
        FROM_EIM,
        "authenticateClient SM-DS",
        (
            "authenticateClientResponseEsipa",
            ("authenticateClientOkDSEsipa", {"transactionId": TID, "profileDownloadTrigger": TRIGGER}),
        ),
        t(0xBF3B, t(0xA1, t(0x80, TID), trigger)),
    ),
    (
        FROM_EIM,
        "authenticateClient error",
        ("authenticateClientResponseEsipa", ("authenticateClientErrorEsipa", 50)),
        t(0xBF3B, t(0x82, b"\x32")),
    ),
    (
        FROM_IPA,
        "getBoundProfilePackage",
        ("getBoundProfilePackageRequestEsipa", {"transactionId": TID, "prepareDownloadResponse": PREPARE}),
        t(0xBF3A, t(0x80, TID), prepare),
    ),
    (
        FROM_EIM,
        "getBoundProfilePackage ok",
        (
            "getBoundProfilePackageResponseEsipa",
            ("getBoundProfilePackageOkEsipa", {"transactionId": TID, "boundProfilePackage": BPP}),
        ),
        t(0xBF3A, t(0xA0, t(0x80, TID), bpp)),
    ),
    (
        FROM_EIM,
        "getBoundProfilePackage error",
        ("getBoundProfilePackageResponseEsipa", ("getBoundProfilePackageErrorEsipa", 95)),
        t(0xBF3A, t(0x81, b"\x5f")),
    ),
    (
        FROM_IPA,
        "cancelSession",
        ("cancelSessionRequestEsipa", {"transactionId": TID, "cancelSessionResponse": CANCEL_OK}),
        t(0xBF41, t(0x80, TID), t(0xA1, cancel_ok_content)),
    ),
    (FROM_EIM, "cancelSession ok", ("cancelSessionResponseEsipa", ("cancelSessionOk", {})), t(0xBF41, t(0xA0))),
    (
        FROM_EIM,
        "cancelSession error",
        ("cancelSessionResponseEsipa", ("cancelSessionError", 1)),
        t(0xBF41, t(0x81, b"\x01")),
    ),
    (
        FROM_IPA,
        "handleNotification installation",
        ("handleNotificationEsipa", ("pendingNotification", ("profileInstallationResult", PIR))),
        t(0xBF3D, t(0xA0, pir)),
    ),
    (
        FROM_IPA,
        "handleNotification other",
        ("handleNotificationEsipa", ("pendingNotification", ("otherSignedNotification", OTHER))),
        t(0xBF3D, t(0xA0, other)),
    ),
    (
        FROM_IPA,
        "handleNotification compact installation",
        (
            "handleNotificationEsipa",
            (
                "pendingNotification",
                (
                    "compactProfileInstallationResult",
                    {
                        "compactProfileInstallationResultData": {
                            "transactionId": TID,
                            "seqNumber": 7,
                            "compactFinalResult": ("compactSuccessResult", {"compactAid": b"\x11\x00"}),
                        },
                        "euiccSignPIR": SIGNATURE,
                    },
                ),
            ),
        ),
        t(
            0xBF3D,
            t(
                0xA0,
                t(
                    0xA0,
                    t(0xA0, t(0x80, TID), t(0x02, b"\x07"), t(0xA2, t(0xA0, t(0x4F, b"\x11\x00")))),
                    sig,
                ),
            ),
        ),
    ),
    (
        FROM_IPA,
        "handleNotification compact other",
        (
            "handleNotificationEsipa",
            (
                "pendingNotification",
                (
                    "compactOtherSignedNotification",
                    {"eidValue": EID, "tbsOtherNotification": METADATA, "euiccNotificationSignature": SIGNATURE},
                ),
            ),
        ),
        t(0xBF3D, t(0xA0, t(0xA1, t(0x5A, EID), seq_metadata, sig))),
    ),
    (
        FROM_IPA,
        "handleNotification result",
        (
            "handleNotificationEsipa",
            ("provideEimPackageResult", {"eidValue": EID, "eimPackageResult": ("euiccPackageResult", EPR)}),
        ),
        t(0xBF3D, t(0xBF50, t(0x5A, EID), epr)),
    ),
    (
        FROM_IPA,
        "getEimPackage",
        (
            "getEimPackageRequest",
            {"eidValue": EID, "notifyStateChange": None, "stateChangeCause": 1, "rPLMN": b"\x00\xf1\x10"},
        ),
        t(0xBF4F, t(0x5A, EID), t(0x80), t(0x81, b"\x01"), t(0x82, b"\x00\xf1\x10")),
    ),
    (
        FROM_EIM,
        "getEimPackage none",
        ("getEimPackageResponse", ("eimPackageError", 1)),
        bytes.fromhex("BF4F03020101"),
    ),
    (
        FROM_EIM,
        "getEimPackage package",
        ("getEimPackageResponse", ("euiccPackageRequest", PSMO_PACKAGE)),
        t(0xBF4F, psmo_package),
    ),
    (
        FROM_EIM,
        "getEimPackage data request",
        ("getEimPackageResponse", ("ipaEuiccDataRequest", DATA_REQUEST)),
        t(0xBF4F, data_request),
    ),
    (
        FROM_EIM,
        "getEimPackage download",
        ("getEimPackageResponse", ("profileDownloadTriggerRequest", TRIGGER)),
        t(0xBF4F, trigger),
    ),
    (
        FROM_EIM,
        "getEimPackage download default",
        (
            "getEimPackageResponse",
            ("profileDownloadTriggerRequest", {"profileDownloadData": ("contactDefaultSmdp", None)}),
        ),
        t(0xBF4F, t(0xBF54, t(0xA0, t(0x81)))),
    ),
    (
        FROM_EIM,
        "getEimPackage download SM-DS",
        (
            "getEimPackageResponse",
            (
                "profileDownloadTriggerRequest",
                {"profileDownloadData": ("contactSmds", {"smdsAddress": "smds.example"})},
            ),
        ),
        t(0xBF4F, t(0xBF54, t(0xA0, t(0xA2, t(0x80, b"smds.example"))))),
    ),
    (
        FROM_IPA,
        "provideEimPackageResult",
        ("provideEimPackageResult", {"eidValue": EID, "eimPackageResult": ("euiccPackageResult", EPR)}),
        t(0xBF50, t(0x5A, EID), epr),
    ),
    (
        FROM_IPA,
        "provideEimPackageResult with notifications",
        (
            "provideEimPackageResult",
            {
                "eidValue": EID,
                "eimPackageResult": (
                    "ePRAndNotifications",
                    {"euiccPackageResult": EPR, "notificationList": [("otherSignedNotification", OTHER)]},
                ),
            },
        ),
        t(0xBF50, t(0x5A, EID), t(0x30, epr, t(0xA0, other))),
    ),
    (
        FROM_IPA,
        "provideEimPackageResult data",
        ("provideEimPackageResult", {"eidValue": EID, "eimPackageResult": ("ipaEuiccDataResponse", IPA_DATA)}),
        t(0xBF50, t(0x5A, EID), ipa_data),
    ),
    (
        FROM_IPA,
        "provideEimPackageResult data error",
        (
            "provideEimPackageResult",
            {
                "eimPackageResult": (
                    "ipaEuiccDataResponse",
                    ("ipaEuiccDataResponseError", {"eimTransactionId": TID, "ipaEuiccDataErrorCode": 1}),
                )
            },
        ),
        t(0xBF50, t(0xBF52, t(0xA1, t(0x80, TID), t(0x02, b"\x01")))),
    ),
    (
        FROM_IPA,
        "provideEimPackageResult download",
        (
            "provideEimPackageResult",
            {"eidValue": EID, "eimPackageResult": ("profileDownloadTriggerResult", TRIGGER_RESULT)},
        ),
        t(0xBF50, t(0x5A, EID), trigger_result),
    ),
    (
        FROM_IPA,
        "provideEimPackageResult download error",
        (
            "provideEimPackageResult",
            {
                "eimPackageResult": (
                    "profileDownloadTriggerResult",
                    {
                        "eimTransactionId": TID,
                        "profileDownloadTriggerResultData": (
                            "profileDownloadError",
                            {"profileDownloadErrorReason": 127, "errorResponse": b"\x01"},
                        ),
                    },
                )
            },
        ),
        t(0xBF50, t(0xBF54, t(0x82, TID), t(0x30, t(0x80, b"\x7f"), t(0x04, b"\x01")))),
    ),
    (
        FROM_IPA,
        "provideEimPackageResult error",
        (
            "provideEimPackageResult",
            {
                "eimPackageResult": (
                    "eimPackageResultResponseError",
                    {"eimTransactionId": TID, "eimPackageResultErrorCode": 1},
                )
            },
        ),
        t(0xBF50, t(0xA0, t(0x80, TID), t(0x02, b"\x01"))),
    ),
    (
        FROM_EIM,
        "provideEimPackageResult acknowledgements",
        ("provideEimPackageResultResponse", ("eimAcknowledgements", [7, 8])),
        t(0xBF50, t(0xBF53, t(0x80, b"\x07"), t(0x80, b"\x08"))),
    ),
    (
        FROM_EIM,
        "provideEimPackageResult empty",
        ("provideEimPackageResultResponse", ("emptyResponse", {})),
        bytes.fromhex("BF50023000"),
    ),
    (
        FROM_EIM,
        "provideEimPackageResult error",
        ("provideEimPackageResultResponse", ("provideEimPackageResultError", 2)),
        t(0xBF50, t(0x02, b"\x02")),
    ),
    (
        FROM_EIM,
        "transferEimPackage acknowledgements",
        ("transferEimPackageRequest", ("eimAcknowledgements", [7])),
        t(0xBF4E, t(0xBF53, t(0x80, b"\x07"))),
    ),
    (
        FROM_EIM,
        "transferEimPackage package",
        ("transferEimPackageRequest", ("euiccPackageRequest", ECO_PACKAGE)),
        t(0xBF4E, eco_package),
    ),
    (
        FROM_IPA,
        "transferEimPackage received",
        ("transferEimPackageResponse", ("eimPackageReceived", None)),
        t(0xBF4E, t(0x05)),
    ),
    (
        FROM_IPA,
        "transferEimPackage error",
        ("transferEimPackageResponse", ("eimPackageError", 2)),
        t(0xBF4E, t(0x02, b"\x02")),
    ),
)

REQUEST = "RemoteProfileProvisioningRequest"
RESPONSE = "RemoteProfileProvisioningResponse"

ES9P: tuple[Example, ...] = (
    (
        REQUEST,
        "initiateAuthentication",
        (
            "initiateAuthenticationRequest",
            {"euiccChallenge": CHALLENGE, "smdpAddress": ADDRESS, "euiccInfo1": INFO1},
        ),
        t(0xA2, t(0xBF39, t(0x81, CHALLENGE), t(0x83, b"smdp.example"), info1)),
    ),
    (
        RESPONSE,
        "initiateAuthentication",
        ("initiateAuthenticationResponse", ("initiateAuthenticationOk", INITIATE_OK | {"euiccCiPKIdToBeUsed": CI})),
        t(0xA2, t(0xBF39, initiate_ok)),
    ),
    (
        REQUEST,
        "authenticateClient",
        ("authenticateClientRequest", {"transactionId": TID, "authenticateServerResponse": AUTH_SERVER}),
        t(0xA2, t(0xBF3B, t(0x80, TID), auth_server)),
    ),
    (
        RESPONSE,
        "authenticateClient",
        (
            "authenticateClientResponseEs9",
            (
                "authenticateClientOk",
                {
                    "transactionId": TID,
                    "profileMetaData": STORE_METADATA,
                    "smdpSigned2": SMDP2,
                    "smdpSignature2": SIGNATURE,
                    "smdpCertificate": CERT,
                },
            ),
        ),
        t(0xA2, t(0xBF3B, t(0xA0, t(0x80, TID), store_metadata, smdp2, sig, CERT))),
    ),
    (
        REQUEST,
        "getBoundProfilePackage",
        ("getBoundProfilePackageRequest", {"transactionId": TID, "prepareDownloadResponse": PREPARE}),
        t(0xA2, t(0xBF3A, t(0x80, TID), prepare)),
    ),
    (
        RESPONSE,
        "getBoundProfilePackage",
        (
            "getBoundProfilePackageResponse",
            ("getBoundProfilePackageOk", {"transactionId": TID, "boundProfilePackage": BPP}),
        ),
        t(0xA2, t(0xBF3A, t(0xA0, t(0x80, TID), bpp))),
    ),
    (
        REQUEST,
        "handleNotification",
        ("handleNotification", {"pendingNotification": ("otherSignedNotification", OTHER)}),
        t(0xA2, t(0xBF3D, t(0xA0, other))),
    ),
    (
        REQUEST,
        "cancelSession",
        ("cancelSessionRequestEs9", {"transactionId": TID, "cancelSessionResponse": CANCEL_OK}),
        t(0xA2, t(0xBF41, t(0x80, TID), t(0xA1, cancel_ok_content))),
    ),
    (
        RESPONSE,
        "cancelSession",
        ("cancelSessionResponseEs9", ("cancelSessionOk", {})),
        t(0xA2, t(0xBF41, t(0xA0))),
    ),
    (
        RESPONSE,
        "authenticateClient SM-DS",
        (
            "authenticateClientResponseEs11",
            (
                "authenticateClientOk",
                {"transactionId": TID, "eventEntries": [{"eventId": "E1", "rspServerAddress": ADDRESS}]},
            ),
        ),
        t(0xA2, t(0xBF40, t(0xA0, t(0x80, TID), t(0xA1, t(0x30, t(0x80, b"E1"), t(0x81, b"smdp.example")))))),
    ),
)

EVERY: tuple[Example, ...] = ES10 + ESIPA + ES9P
