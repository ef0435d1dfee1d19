"""Certificates for the HTTPS tests, minted by the openssl command so that nothing under test makes its own proof."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.links.tls import ServerCertificate

HOST = "eim.harness.test"


def openssl(*arguments: str, stdin: bytes = b"") -> bytes:
    """Runs openssl and returns its standard output."""
    return subprocess.run(("openssl", *arguments), input=stdin, capture_output=True, check=True, timeout=20).stdout


@dataclass(frozen=True)
class Authority:
    """A test CA in a folder."""

    folder: Path
    curve: str = "prime256v1"

    @classmethod
    def create(cls, folder: Path, curve: str = "prime256v1") -> Authority:
        folder.mkdir(parents=True)
        key, certificate = str(folder / "ca.key"), str(folder / "ca.pem")
        openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", key)
        openssl("req", "-x509", "-new", "-key", key, "-subj", f"/CN={folder.name}", "-days", "2", "-out", certificate)
        return cls(folder, curve)

    @property
    def pem(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, name: str = HOST, *, expired: bool = False) -> ServerCertificate:
        """A server certificate for `name`; expired ones ended in 2021."""
        stem = str(self.folder / name) + ("-expired" if expired else "")
        openssl("ecparam", "-name", self.curve, "-genkey", "-noout", "-out", f"{stem}.key")
        openssl("pkcs8", "-topk8", "-nocrypt", "-in", f"{stem}.key", "-out", f"{stem}.p8")
        openssl("req", "-new", "-key", f"{stem}.key", "-subj", f"/CN={name}", "-out", f"{stem}.csr")
        Path(f"{stem}.cnf").write_text(
            f"""[ca]
default_ca = here
[here]
new_certs_dir = {self.folder}
database = {stem}.db
serial = {stem}.serial
certificate = {self.pem}
private_key = {self.folder / "ca.key"}
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
subjectAltName = DNS:{name}
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
"""
        )
        Path(f"{stem}.db").write_text("")
        Path(f"{stem}.serial").write_text("01")
        dates = ("-startdate", "20200101000000Z", "-enddate", "20210101000000Z") if expired else ("-days", "2")
        config = ("-config", f"{stem}.cnf", "-batch", "-notext")
        openssl("ca", *config, "-in", f"{stem}.csr", "-out", f"{stem}.pem", *dates)
        der = openssl("x509", "-in", f"{stem}.pem", "-outform", "DER")
        return ServerCertificate((der,), Path(f"{stem}.p8").read_bytes(), self.curve, (name,))


def certificates_of(file: Path) -> tuple[bytes, ...]:
    """The certificates of a PEM file, as DER."""
    blocks = file.read_text().split("-----END CERTIFICATE-----")[:-1]
    return tuple(base64.b64decode(block.partition("-----BEGIN CERTIFICATE-----")[2]) for block in blocks)
