"""Ciphers and checksums of secured packets, recomputed with the openssl command."""

from __future__ import annotations

import pytest

from harness.crypto.entropy import Entropy
from harness.crypto.errors import CryptoError
from harness.crypto.scp80 import Algorithm, block_size, checksum, decipher, encipher
from tests.crypto.real_data import openssl

KEYS = {Algorithm.AES: 16, Algorithm.TRIPLE_DES_2: 16, Algorithm.TRIPLE_DES_3: 24}
NAMES = {Algorithm.AES: "aes-128-cbc", Algorithm.TRIPLE_DES_2: "des-ede-cbc", Algorithm.TRIPLE_DES_3: "des-ede3-cbc"}

every_algorithm = pytest.mark.parametrize("algorithm", Algorithm)


def key_for(algorithm: Algorithm) -> bytes:
    return Entropy(algorithm.name).bytes(KEYS[algorithm])


def openssl_cbc(algorithm: Algorithm, data: bytes) -> bytes:
    iv = bytes(block_size(algorithm)).hex()
    key = key_for(algorithm).hex()
    return openssl("enc", f"-{NAMES[algorithm]}", "-nopad", "-K", key, "-iv", iv, stdin=data)


@every_algorithm
def test_blocks_are_enciphered_as_openssl_does(algorithm: Algorithm) -> None:
    data = Entropy("data").bytes(96)
    enciphered = encipher(algorithm, key_for(algorithm), data)
    assert enciphered == openssl_cbc(algorithm, data)
    assert decipher(algorithm, key_for(algorithm), enciphered) == data


@pytest.mark.parametrize("size", [1, 8, 15, 16, 17, 64])
def test_checksum_of_aes_is_the_cmac_of_openssl(size: int) -> None:
    data, key = Entropy("data").bytes(size), key_for(Algorithm.AES)
    options = ("-macopt", "cipher:AES-128-CBC", "-macopt", f"hexkey:{key.hex()}")
    told = openssl("mac", *options, "-in", "-", "CMAC", stdin=data)
    assert checksum(Algorithm.AES, key, data) == bytes.fromhex(told.decode().strip())[:8]


@pytest.mark.parametrize("algorithm", [Algorithm.TRIPLE_DES_2, Algorithm.TRIPLE_DES_3])
@pytest.mark.parametrize("size", [1, 7, 8, 9, 64])
def test_checksum_of_des_is_the_last_block_of_openssl(algorithm: Algorithm, size: int) -> None:
    data = Entropy("data").bytes(size)
    assert checksum(algorithm, key_for(algorithm), data) == openssl_cbc(algorithm, data + bytes(-size % 8))[-8:]


@every_algorithm
@pytest.mark.parametrize("size", [0, 1, 12])
def test_parts_of_blocks_are_refused(algorithm: Algorithm, size: int) -> None:
    for work in (encipher, decipher):
        with pytest.raises(CryptoError):
            work(algorithm, key_for(algorithm), bytes(size))


@every_algorithm
def test_keys_of_another_size_are_refused(algorithm: Algorithm) -> None:
    for size in (0, 8, 15):
        with pytest.raises(CryptoError):
            checksum(algorithm, bytes(size), b"data")
