"""Zalo: an article that is hidden until it is shown, errors on HTTP 200, a refresh token that serves once."""

from tests.publish.conformance.case import ChannelCase, Seat


def seat(number: int, url: str) -> Seat:
    handle, service = f"thanhpho{number}", f"{url}/zalo"
    app, secret, refresh = f"355020{number:06d}", f"bi-mat-cua-ung-dung-{number:06d}", f"ma-lam-moi-cua-oa-{number:06d}"
    return Seat(
        address=handle,
        settings={"service": service, "oauth": service, "app_id": app},
        secret={"app_secret": secret, "refresh_token": refresh},
        control={
            "platform": "zalo",
            "handle": handle,
            "password": refresh,
            "options": {"app_id": app, "app_secret": secret},
        },
    )


CASE = ChannelCase(
    kind="zalo",
    seat=seat,
    platform="zalo",
    publishes=("article.update",),
    uploads=("article.create", "article.verify"),
    reads=("article.detail",),
    logins=("token.refresh",),
    edits=("article.update",),
    deletes=("article.remove",),
    takes_images=True,
    needs_image=True,
    throttle_seconds=60,
    a_post="4f1c2d3e4b5a69788796a5b4c3d2e1f0",
    dead={"status": "revoked"},
)
