"""Message encryption of web push: RFC 8291 over the `aes128gcm` coding of RFC 8188, one record.

Written here on `cryptography`, which does all of the cryptography: the maintained alternative, pywebpush, brings
requests and aiohttp for a request that our guarded client makes, and blocks the loop; what would be left of it are the
forty lines below. They are held to the vectors of RFC 8291 (appendix A) and RFC 8188 (section 3.1), and to the
independent receiver of npm.
"""

import os
import struct
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD = 4096
"""Bytes of the one record, and what every push service takes (RFC 8030, section 7.2)."""
SALT, TAG, POINT = 16, 16, 65
HEADER = SALT + 4 + 1 + POINT
MOST_PLAINTEXT = RECORD - HEADER - 1 - TAG
"""3993 bytes: what is left of 4096 after the header, the delimiter and the tag."""
LAST = b"\x02"
"""Delimiter of the last record (RFC 8188, section 2)."""


class PlaintextTooLong(ValueError):
    """More than `MOST_PLAINTEXT` bytes."""


class KeyInvalid(ValueError):
    """Not 65 bytes of an uncompressed point on P-256, or not 16 bytes of an authentication secret."""


@dataclass(frozen=True)
class BrowserKeys:
    """What a subscription gives to encrypt for it: `p256dh` (65 bytes) and `auth` (16 bytes). Raises KeyInvalid."""

    p256dh: bytes = field(repr=False)
    auth: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.auth) != SALT or len(self.p256dh) != POINT:
            raise KeyInvalid("a subscription has 65 bytes of p256dh and 16 bytes of auth")
        self.point()

    def point(self) -> ec.EllipticCurvePublicKey:
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self.p256dh)
        except ValueError:
            raise KeyInvalid("p256dh is no point of P-256") from None


def encrypt(
    plaintext: bytes, keys: BrowserKeys, salt: bytes | None = None, ours: ec.EllipticCurvePrivateKey | None = None
) -> bytes:
    """The body of a push message, at most 4096 bytes. Salt and key are fresh each time; only test vectors give them.

    Raises PlaintextTooLong.
    """
    if len(plaintext) > MOST_PLAINTEXT:
        raise PlaintextTooLong(f"{len(plaintext)} of {MOST_PLAINTEXT} bytes")
    salt, ours = salt or os.urandom(SALT), ours or ec.generate_private_key(ec.SECP256R1())
    sender = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    secret = ours.exchange(ec.ECDH(), keys.point())
    # RFC 8291, section 3.4: both public keys are bound in, so that the receiver knows whom it was for.
    material = _derived(keys.auth, secret, b"WebPush: info\0" + keys.p256dh + sender, 32)
    return _coded(plaintext, material, salt, sender)


def _coded(plaintext: bytes, material: bytes, salt: bytes, key_id: bytes) -> bytes:
    """RFC 8188, section 2: header, and one record under a key and nonce derived from the salt."""
    key = _derived(salt, material, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(salt, material, b"Content-Encoding: nonce\0", 12)
    header = salt + struct.pack("!LB", RECORD, len(key_id)) + key_id
    return header + AESGCM(key).encrypt(nonce, plaintext + LAST, None)


def _derived(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(material)
