"""Bluesky: the record key is ours, so the same sending twice is one post."""

from tests.publish.conformance.case import ChannelCase, Seat


def seat(number: int, url: str) -> Seat:
    handle, password = f"thanhpho-{number}.test", f"abcd-efgh-ijkl-{number:04d}"
    return Seat(
        address=handle,
        settings={"service": f"{url}/bluesky", "web": f"{url}/bluesky"},
        secret={"identifier": handle, "password": password},
        control={"platform": "bluesky", "handle": handle, "password": password},
    )


CASE = ChannelCase(
    kind="bluesky",
    seat=seat,
    platform="bluesky",
    publishes=("com.atproto.repo.putRecord",),
    uploads=("com.atproto.repo.uploadBlob",),
    reads=("com.atproto.repo.getRecord", "com.atproto.repo.listRecords"),
    logins=("com.atproto.server.createSession", "com.atproto.server.refreshSession"),
    deletes=("com.atproto.repo.deleteRecord",),
    takes_images=True,
    a_post="at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3jzfcijpj2z2a",
    dead={"status": "takendown"},
)
