"""robots.txt is asked first, obeyed, and remembered."""

from datetime import UTC, datetime, timedelta

import pytest

from libs.common.clock import FrozenClock
from libs.common.http import FetchRefused, PublicFetcher
from services.ingest.robots import Robots, RobotsAnswer, RobotsDisallowed, is_allowed, rules_of
from tests.ingest.site import Answer, running_site

RULES = b"User-agent: *\nDisallow: /kin/\n\nUser-agent: LanToaBot\nDisallow: /rieng/\nAllow: /rieng/mo\n"


@pytest.mark.parametrize(
    ("answer", "url", "allowed"),
    [
        (RobotsAnswer(200, RULES), "https://bao.vn/rss", True),
        (RobotsAnswer(200, RULES), "https://bao.vn/rieng/x", False),
        (RobotsAnswer(200, RULES), "https://bao.vn/rieng/mo", True),
        (RobotsAnswer(200, RULES), "https://bao.vn/kin/x", True),
        (RobotsAnswer(404), "https://bao.vn/x", True),
        (RobotsAnswer(403), "https://bao.vn/x", True),
        (RobotsAnswer(503), "https://bao.vn/x", False),
        (RobotsAnswer(429), "https://bao.vn/x", False),
        (None, "https://bao.vn/x", False),
        (RobotsAnswer(200, b"<html>\xff not rules"), "https://bao.vn/x", True),
    ],
)
def test_the_decision(answer: RobotsAnswer | None, url: str, allowed: bool) -> None:
    assert is_allowed(rules_of(answer), url, "LanToaBot") is allowed


@pytest.mark.mission("M01")
async def test_a_disallowed_path_is_never_requested_not_even_by_a_redirect() -> None:
    clock = FrozenClock(datetime(2026, 11, 24, tzinfo=UTC))
    async with (
        running_site() as site,
        PublicFetcher(user_agent="LanToaBot/1", allow_loopback=True) as fetcher,
    ):
        site.routes["/robots.txt"] = Answer(RULES)
        site.routes["/mo"] = Answer(status=302, headers={"Location": "/rieng/x"})
        robots = Robots(fetcher, clock, "LanToaBot")
        for path in ("/rieng/x", "/mo"):
            with pytest.raises(RobotsDisallowed, match=r"robots\.txt"):
                await fetcher.fetch(site.url(path), admit=robots.admit)
        assert "/rieng/x" not in site.paths()
        assert site.paths().count("/robots.txt") == 1
        clock.advance(timedelta(hours=25))
        with pytest.raises(FetchRefused):
            await fetcher.fetch(site.url("/rieng/x"), admit=robots.admit)
        assert site.paths().count("/robots.txt") == 2
