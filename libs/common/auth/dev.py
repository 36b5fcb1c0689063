"""The development issuer: a key pair on this machine, for tokens that only a loopback installation trusts."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import OKPKey

DEV_ISSUER = "lantoa-dev"
PRIVATE_FILE, PUBLIC_FILE = "dev-issuer.private.json", "dev-issuer.jwks.json"


def ensure_keys(folder: Path) -> Path:
    """Make the key pair once; returns the path of the public JWKS."""
    private, public = folder / PRIVATE_FILE, folder / PUBLIC_FILE
    if not private.exists() or not public.exists():
        folder.mkdir(parents=True, exist_ok=True)
        key = OKPKey.generate_key("Ed25519", auto_kid=True)
        _write(private, json.dumps(key.as_dict(private=True)), 0o600)
        _write(public, json.dumps({"keys": [key.as_dict(private=False)]}), 0o644)
    return public


def dev_token(folder: Path, subject: str, now: datetime, lifetime: timedelta = timedelta(hours=12)) -> str:
    """A signed token for one of the development people."""
    key = OKPKey.import_key(json.loads((folder / PRIVATE_FILE).read_text()))
    claims = {
        "iss": DEV_ISSUER,
        "aud": "lantoa",
        "sub": subject,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
    }
    return jwt.encode({"alg": "Ed25519", "kid": key.kid}, claims, key, algorithms=["Ed25519"])


def _write(path: Path, content: str, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
