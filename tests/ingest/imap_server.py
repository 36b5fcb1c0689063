"""A real IMAP server (pymap) in a process of its own on loopback, over TLS; letters are put into it by IMAP, too."""

import asyncio
import imaplib
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from services.ingest.mailbox.settings import MailboxSettings
from tests.common.letterbox import certificate

USER, PASSWORD = "tiep-nhan", "mat-khau-cua-hop-thu"
_START = "from pymap.main import main; main()"


@dataclass
class Post:
    """The mailbox of the city as the outside world sees it."""

    port: int
    ca_file: Path

    def settings(self, **more: Any) -> MailboxSettings:
        told: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "security": "starttls",
            "username": USER,
            "password": PASSWORD,
            "ca_file": self.ca_file,
        }
        return MailboxSettings(**(told | more))

    async def put(self, *letters: bytes | EmailMessage) -> None:
        await asyncio.to_thread(self._put, [bytes(letter) for letter in letters])

    async def folder_again(self) -> None:
        """The folder is made anew: its letters are counted from the beginning, under another UIDVALIDITY."""
        await asyncio.to_thread(self._folder_again)

    async def seen(self) -> list[bool]:
        return await asyncio.to_thread(self._seen)

    def _client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        client.starttls(ssl.create_default_context(cafile=self.ca_file))
        client.login(USER, PASSWORD)
        return client

    def _put(self, letters: list[bytes]) -> None:
        with self._client() as client:
            for letter in letters:
                status, said = client.append("Phan-anh", None, None, letter)
                assert status == "OK", said

    def _folder_again(self) -> None:
        with self._client() as client:
            client.delete("Phan-anh")
            assert client.create("Phan-anh")[0] == "OK"

    def _seen(self) -> list[bool]:
        with self._client() as client:
            client.select("Phan-anh", readonly=True)
            _, lines = client.fetch("1:*", "(FLAGS)")
            return [b"\\Seen" in line for line in lines if isinstance(line, bytes)]


@asynccontextmanager
async def running_post(folder: Path) -> AsyncIterator[Post]:
    _, pem = certificate(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    options = ["--no-service", "managesieve", "--no-service", "admin", "--host", "127.0.0.1", "--port", str(port)]
    tls = ["--cert", str(pem), "--key", str(folder / "tls.key")]
    who = ["dict", "--demo-user", USER, "--demo-password", PASSWORD]
    command = [sys.executable, "-c", _START, *options, *tls, *who]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            post = Post(port, pem)
            await _until_it_answers(post, server)
            yield post
        finally:
            server.terminate()


async def _until_it_answers(post: Post, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert server.poll() is None, "the IMAP server has ended"
        with suppress(OSError, imaplib.IMAP4.error):
            await asyncio.to_thread(post._folder_again)
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the IMAP server does not answer")
