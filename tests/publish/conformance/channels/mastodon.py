"""Mastodon: an idempotency key for an hour, edits, and a list of the account's posts that may come late."""

from tests.publish.conformance.case import ChannelCase, Seat


def seat(number: int, url: str) -> Seat:
    username, token = f"thanhpho_{number}", f"ma-mastodon-{number:04d}"
    return Seat(
        address=f"{username}@mastodon.test",
        settings={"service": f"{url}/mastodon"},
        secret={"access_token": token},
        control={"platform": "mastodon", "handle": username, "password": token},
    )


CASE = ChannelCase(
    kind="mastodon",
    seat=seat,
    platform="mastodon",
    publishes=("statuses.create",),
    uploads=("media.create", "media.show"),
    reads=("statuses.show", "accounts.statuses", "accounts.verify_credentials"),
    edits=("statuses.update",),
    deletes=("statuses.delete",),
    takes_images=True,
    dead={"status": "revoked"},
)
