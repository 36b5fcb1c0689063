"""Mastodon: the instance knows a sending by its Idempotency-Key for an hour; lists of posts may come late."""

from functools import partial

from sandbox.counting import short_link_length
from tests.publish.conformance.case import ChannelCase, Seat


def seat(number: int, url: str) -> Seat:
    handle, token = f"thanhpho{number}", f"ma-truy-cap-{number:06d}"
    return Seat(
        address=f"@{handle}",
        settings={"service": f"{url}/mastodon"},
        secret={"access_token": token},
        control={"platform": "mastodon", "handle": handle, "password": token},
    )


CASE = ChannelCase(
    kind="mastodon",
    seat=seat,
    platform="mastodon",
    publishes=("statuses.create",),
    uploads=("media.create", "media.show"),
    reads=("statuses.show", "accounts.statuses"),
    logins=("accounts.verify_credentials",),
    edits=("statuses.update",),
    deletes=("statuses.delete",),
    takes_images=True,
    counts=partial(short_link_length, characters_per_url=23),
    a_post="109302436954721982",
    dead={"status": "revoked"},
)
