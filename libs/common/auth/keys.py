"""The issuer's public keys: read once from a file, or found by discovery and kept fresh.

Guarantees of the found ones: at most one fetch at a time, and none sooner than `retry_seconds` after the last, whatever
tokens arrive; a key that was withdrawn counts for at most `refresh_seconds` more; while the issuer is away the last
keys serve for `outage_seconds`, then nobody is let in; a token of a key not seen yet waits for a fetch that began after
it came, so that no rotation refuses it.
"""

import asyncio
import json
import logging
import ssl
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from libs.common.auth.problems import IssuerUnreachable
from libs.common.settings import AuthSettings, is_safe_address
from libs.common.tls import trust

log = logging.getLogger("lantoa.auth")

Key = RSAKey | ECKey | OKPKey
MAX_BYTES, MAX_KEYS = 256 * 1024, 100
RSA_BITS = range(2048, 8193)
_KINDS: dict[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "Ed25519": "Ed25519"}
ALGORITHMS = ("Ed25519", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", *("ES256", "ES384", "ES512"))
"""Asymmetric, every one: what verifies a token cannot make one."""


class KeysUnavailable(Exception):
    """A fetch that gave no keys; why, for the log of the operator."""


# --- a set of keys: pure ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PublicKeys:
    keys: tuple[Key, ...]

    def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """The one key this header can mean. Without an id only where a single key fits, never by trying."""
        named = [key for key in self.keys if key_id is None or key.kid == key_id]
        fitting = [key for key in named if fits(key, algorithm)]
        return fitting[0] if len(fitting) == 1 else None

    def knows(self, key_id: str | None) -> bool:
        return key_id is None or any(key.kid == key_id for key in self.keys)


def fits(key: Key, algorithm: str) -> bool:
    """Whether a key of this kind and curve, which may name its algorithm, is one for the algorithm."""
    named = key.get("alg")
    if named is not None and ("Ed25519" if named == "EdDSA" else named) != algorithm:
        return False
    if isinstance(key, RSAKey):
        return algorithm[:2] in ("RS", "PS")
    return _CURVES.get(algorithm) == key.get("crv")


def read_keys(document: Any) -> PublicKeys:
    """The usable keys of a JWKS: public, asymmetric, for signatures. An empty set is one: all were withdrawn."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise KeysUnavailable("not a JWKS")
    found = [key for told in listed if (key := _read_key(told)) is not None]
    return PublicKeys(tuple(found))


def _read_key(told: Any) -> Key | None:
    if not isinstance(told, dict) or told.get("use", "sig") != "sig":
        return None
    kind, uses = _KINDS.get(str(told.get("kty"))), told.get("key_ops", ["verify"])
    if kind is None or "d" in told or not isinstance(uses, list) or "verify" not in uses:
        return None
    try:
        if kind is RSAKey and 8 * len(urlsafe_b64decode(f"{told['n']}==")) not in RSA_BITS:
            return None
        key = kind.import_key(told)
        usable = key.public_key is not None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return key if usable else None


# --- where they come from -----------------------------------------------------------------------------------


class KeySource(Protocol):
    async def keys_for(self, key_id: str | None) -> PublicKeys:
        """The keys to check a token with that names this one."""
        ...


class FileKeys:
    """Keys an operator put there; a new file needs a new start."""

    def __init__(self, path: Path) -> None:
        self._keys = read_keys(json.loads(path.read_text()))

    async def keys_for(self, key_id: str | None) -> PublicKeys:
        return self._keys


class DiscoveredKeys:
    """Keys of an OpenID Connect provider; see the top of this module for what it promises."""

    def __init__(self, settings: AuthSettings, seconds: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._seconds = settings, seconds
        ca_file = settings.ca_file
        self._trust = ssl.create_default_context(cafile=ca_file) if ca_file else trust()
        self._keys: PublicKeys | None = None
        self._fetched_at = float("-inf")
        """When the fetch of the keys held began: they are as old as that."""
        self._tried_at = float("-inf")
        """When the last fetch began, whatever became of it."""
        self._failed = False
        self._under_way: asyncio.Task[None] | None = None

    async def keys_for(self, key_id: str | None) -> PublicKeys:
        asked_at = self._seconds()
        if self._age() >= self._settings.refresh_seconds:
            await self._refresh()
        elif self._age() >= self._settings.refresh_seconds * 0.8:
            self._begin()  # ahead of time, so that under load nobody waits for it
        if self._usable().knows(key_id):
            return self._usable()
        return await self._look_for(key_id, asked_at)

    def _age(self) -> float:
        return self._seconds() - self._fetched_at

    def _serves(self) -> bool:
        return self._age() < max(self._settings.outage_seconds, self._settings.refresh_seconds)

    def _usable(self) -> PublicKeys:
        if self._keys is None or not self._serves():
            raise self._unreachable()
        return self._keys

    def _unreachable(self) -> IssuerUnreachable:
        wait = self._tried_at + self._settings.retry_seconds - self._seconds()
        return IssuerUnreachable("Xin thử lại sau ít phút.", retry_after=max(1, round(wait)))

    async def _refresh(self) -> None:
        """Once more; where that failed just now, what is held serves at once."""
        if self._failed and self._serves() and not self._may_fetch():
            return
        await self._fetched()

    async def _look_for(self, key_id: str | None, asked_at: float) -> PublicKeys:
        """A key unknown here is looked for by a fetch begun after the token came: then it is unknown there too."""
        while self._tried_at < asked_at or self._under_way is not None:
            if not self._may_fetch() and self._under_way is None:
                if self._failed:
                    raise self._unreachable()
                await asyncio.sleep(self._tried_at + self._settings.retry_seconds - self._seconds())
            await self._fetched()
            if self._failed:
                raise self._unreachable()
            if self._usable().knows(key_id):
                break
        return self._usable()

    def _may_fetch(self) -> bool:
        return self._seconds() >= self._tried_at + self._settings.retry_seconds

    async def _fetched(self) -> None:
        self._begin()
        if self._under_way is not None:
            # The caller may be cancelled, when its client goes away; the fetch is everybody's.
            await asyncio.shield(self._under_way)

    def _begin(self) -> None:
        if self._under_way is None and self._may_fetch():
            self._tried_at = self._seconds()
            self._under_way = asyncio.create_task(self._fetch(self._tried_at), name="issuer-keys")

    async def _fetch(self, began: float) -> None:
        try:
            async with asyncio.timeout(self._settings.fetch_seconds):
                found = await self._discover()
        except (KeysUnavailable, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            log.warning("keys of %s: %s", self._settings.issuer, str(error) or type(error).__name__)
            self._failed = True
        else:
            if not found.keys:
                log.warning("keys of %s: it publishes none that can be used", self._settings.issuer)
            self._keys, self._fetched_at, self._failed = found, began, False
        finally:
            self._under_way = None

    async def _discover(self) -> PublicKeys:
        where = self._settings.where_to_discover
        async with httpx.AsyncClient(verify=self._trust, trust_env=False, timeout=self._settings.fetch_seconds) as http:
            told = await _get_json(http, where)
            if not isinstance(told, dict) or told.get("issuer") != self._settings.issuer:
                raise KeysUnavailable(f"{where} speaks of another issuer")
            address = told.get("jwks_uri")
            # Only who is reached over plain loopback may send us on to plain loopback.
            if not isinstance(address, str) or not is_safe_address(address, loopback=where.startswith("http:")):
                raise KeysUnavailable("jwks_uri is not an https address")
            return await asyncio.to_thread(read_keys, await _get_json(http, address))


async def _get_json(http: httpx.AsyncClient, url: str) -> Any:
    body = bytearray()
    async with http.stream("GET", url, headers={"Accept": "application/json"}) as answer:
        if answer.status_code != 200:
            raise KeysUnavailable(f"{url} answers {answer.status_code}")
        async for chunk in answer.aiter_bytes(16 * 1024):
            body += chunk
            if len(body) > MAX_BYTES:
                raise KeysUnavailable(f"{url} answers with more than {MAX_BYTES} bytes")
    try:
        return json.loads(bytes(body))
    except (ValueError, RecursionError) as error:
        raise KeysUnavailable(f"{url} does not answer with JSON") from error
