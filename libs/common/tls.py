"""What certificates this process trusts, read once."""

import ssl
from functools import cache

import httpx


@cache
def trust() -> ssl.SSLContext:
    """The context of every client that speaks to the world: reading the list of authorities takes 20 ms each time.

    Shared safely: what a client sets on it (ALPN) is set and used in one step, before anything else runs.
    """
    return httpx.create_ssl_context()
