"""Threads: a container is published once; its state settles what an answer does not. Letters are counted its way."""

from sandbox.counting import threads_units
from tests.publish.conformance.case import ChannelCase, Seat


def seat(number: int, url: str) -> Seat:
    handle, token, account = f"thanhpho{number}", f"THAA-ma-truy-cap-{number:06d}", str(17_842_500_000_000_000 + number)
    return Seat(
        address=f"@{handle}",
        settings={"service": f"{url}/threads", "account_id": account},
        secret={"access_token": token},
        control={"platform": "threads", "handle": handle, "password": token, "options": {"id": account}},
    )


CASE = ChannelCase(
    kind="threads",
    seat=seat,
    platform="threads",
    publishes=("threads.publish",),
    uploads=("threads.create", "container.show"),
    reads=("container.show", "post.show", "threads.list"),
    logins=("user.show",),
    deletes=("threads.delete",),
    takes_images=True,
    throttle_seconds=120,
    counts=threads_units,
    a_post="17900000000000042",
    dead={"status": "revoked"},
)
