"""The operator's `lantoa` command, run in a thread as a person would run it in a shell."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import typer
from click.testing import Result
from typer.testing import CliRunner

from libs.common.cli import ops, retaining, subscribers
from libs.common.settings import NatsSettings


@dataclass
class Command:
    env: dict[str, str]

    async def run(self, *args: str, code: int = 0) -> Result:
        app = typer.Typer()
        ops.register(app)
        subscribers.register(app)
        retaining.register(app)
        done = await asyncio.to_thread(CliRunner().invoke, app, list(args), env=self.env)
        assert done.exit_code == code, (done.exit_code, done.output, done.exception)
        return done

    async def __call__(self, *args: str, code: int = 0) -> str:
        return (await self.run(*args, code=code)).stdout

    async def json(self, *args: str, code: int = 0) -> Any:
        return json.loads(await self(*args, "--json", code=code))


def command(url: str, settings: NatsSettings) -> Command:
    assert settings.token is not None
    token = settings.token.get_secret_value()
    return Command({"LANTOA_DB__URL": url, "LANTOA_NATS__URL": settings.url, "LANTOA_NATS__TOKEN": token})
