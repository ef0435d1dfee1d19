"""What the parties of SGP.22 and SGP.32 prove and hide with: signatures, key agreement, SCP03t, certificates, a test PKI.

Rules of this room:
- Nothing here is invented: curves, ciphers, MACs and key derivation are those of `cryptography`; this package fixes how RSP
  uses them. Each is pinned by vectors and by the openssl command in tests.
- Signatures are plain r‖s over octets as they were received. Certificates are whole DER and are never encoded again.
- No clock and no randomness is read here: both are passed in. `system_entropy` is the one door to the operating system.
"""
