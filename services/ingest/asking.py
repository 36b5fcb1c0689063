"""One polite request outside the polls: by the same rules of robots, the same turns at hosts, the same limits."""

from libs.common.http import Fetched
from services.ingest.resources import Resources


async def ask(held: Resources, url: str, *, patience: float = 20.0, max_bytes: int | None = None) -> Fetched:
    """GET an address, when its turn comes within `patience` seconds; raises FetchError for what gives no answer."""
    turn = held.hosts.within(patience)
    return await held.fetcher.fetch(url, admit=held.robots.admit, turn=turn, max_bytes=max_bytes)
