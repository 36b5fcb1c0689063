"""A real identity provider, by discovery alone: its tokens open what its people may do, also when its keys change."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, Key, RSAKey

from libs.common.app import create_app
from libs.common.clock import SystemClock
from libs.common.models.enums import Role
from libs.common.settings import AuthSettings, CommonSettings
from libs.common.testing.make import Make
from libs.common.testing.plugin import SettingsFor
from tests.common.oidc.node import free_port, install, running_provider
from tests.common.test_auth import HELLO, ME, bearer

REFRESH = 2.0


async def access_token(issuer: str, client_id: str = "tich-hop", audience: str = "lantoa") -> str:
    """As any program gets one: discovery, then the client credentials grant for one resource (RFC 8707)."""
    async with httpx.AsyncClient(trust_env=False) as http:
        told = (await http.get(f"{issuer}/.well-known/openid-configuration")).json()
        form = {"grant_type": "client_credentials", "resource": f"urn:x:{audience}", "scope": "read"}
        answer = await http.post(told["token_endpoint"], data=form, auth=(client_id, f"{client_id}-secret"))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


def signing_keys(*kinds: str) -> Sequence[Key]:
    more: dict[str, Any] = {"use": "sig"}
    made = {
        "RS256": lambda: RSAKey.generate_key(2048, {**more, "alg": "RS256"}, auto_kid=True),
        "ES256": lambda: ECKey.generate_key("P-256", {**more, "alg": "ES256"}, auto_kid=True),
        "PS256": lambda: RSAKey.generate_key(2048, {**more, "alg": "PS256"}, auto_kid=True),
    }
    return [made[kind]() for kind in kinds]


@pytest.mark.slow
@pytest.mark.mission("M22")
@pytest.mark.parametrize("kinds", [("RS256", "ES256"), ("PS256", "RS256")], ids=" then ".join)
async def test_a_real_provider_and_its_rotation(
    settings_for: SettingsFor, make: Make, tmp_path: Path, kinds: tuple[str, str]
) -> None:
    folder, port = await install(), free_port()
    await make.person(Role.EDITOR, subject="tich-hop")
    settings = settings_for(CommonSettings, "reports")
    settings.auth = AuthSettings(issuer=f"http://127.0.0.1:{port}", refresh_seconds=REFRESH, retry_seconds=0.2)
    app = create_app(HELLO, settings, SystemClock())
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:

        async def status(token: str) -> int:
            return (await client.get(ME, headers=bearer(token))).status_code

        async with running_provider(folder, port, signing_keys(kinds[0]), tmp_path) as issuer:
            first = await access_token(issuer)
            answer = await client.get(ME, headers=bearer(first))
            assert (answer.status_code, answer.json()["subject"]) == (200, "tich-hop")
            assert await status(await access_token(issuer, audience="another-city")) == 401
            assert await status(await access_token(issuer, "nguoi-la")) == 401  # known to the provider, not to us
        assert await status(first) == 200  # the provider is away
        async with running_provider(folder, port, signing_keys(kinds[1]), tmp_path) as issuer:
            assert await status(await access_token(issuer)) == 200
            await asyncio.sleep(REFRESH)
            assert await status(first) == 401
