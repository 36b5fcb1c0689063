"""A subscriber of Lan Tỏa's events, whole: `pip install nats-py`, then

    LANTOA_URL=nats://host:4222 LANTOA_USER=trang-phuong LANTOA_PASSWORD=… python subscriber.py seen.txt

It prints one JSON object a line. What it has printed it remembers by the event's id in seen.txt, because an event may
come twice. While it is away the server keeps its place, for as long as the stream keeps events (8 days).
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import nats
from nats.aio.msg import Msg


async def main(memory: Path, seen: set[str]) -> None:
    user = os.environ["LANTOA_USER"]
    client = await nats.connect(
        os.environ["LANTOA_URL"], user=user, password=os.environ["LANTOA_PASSWORD"], max_reconnect_attempts=-1
    )

    async def on_event(message: Msg) -> None:
        headers = message.headers or {}
        if headers["ce-id"] in seen:
            return
        event = {"id": headers["ce-id"], "type": headers["ce-type"], "time": headers["ce-time"]}
        sys.stdout.write(json.dumps(event | {"data": json.loads(message.data)}, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        seen.add(headers["ce-id"])
        with memory.open("a") as file:
            file.write(headers["ce-id"] + "\n")

    await client.subscribe(f"outside.{user}", cb=on_event)
    await asyncio.Event().wait()


if __name__ == "__main__":
    file = Path(sys.argv[1])
    asyncio.run(main(file, set(file.read_text().split()) if file.exists() else set()))
