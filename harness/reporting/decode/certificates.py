"""A certificate in one line of words. Reads anything that parses; verifies nothing."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=256)
def certificate_in_words(der: bytes) -> str:
    """Subject, issuer, validity and key of a whole DER certificate; what is wrong where it cannot be read."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    names = {x509.NameOID.SERIAL_NUMBER: "serialNumber"}
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        curve = key.curve.name if isinstance(key, EllipticCurvePublicKey) else type(key).__name__
        return (
            f"{certificate.subject.rfc4514_string(names)}; issued by {certificate.issuer.rfc4514_string(names)}; "
            f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}; {curve}"
        )
    except Exception as fault:  # the library raises many kinds on octets that are no certificate
        return f"not a readable certificate ({type(fault).__name__})"
