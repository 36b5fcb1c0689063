"""The puller fetches for real, within limits, and every fetch is counted."""

from collections.abc import Iterator

import pytest

from sandbox.clock import VirtualClock
from sandbox.ledger import Ledger
from sandbox.pull import Puller, PullFailed, PullPolicy, Trouble, without_query
from tests.sandbox.receiver import Receiver, receiving

POLICY = PullPolicy(max_bytes=1000, seconds=2, types=("image/",))


@pytest.fixture
def site() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(VirtualClock())


async def test_the_bytes_that_are_there(site: Receiver, ledger: Ledger) -> None:
    url = site.serve("/anh.png", b"x" * 1000) + "?ky=bi-mat"
    for _ in range(2):
        pulled = await Puller(ledger).pull("telegram", "kenh", url, POLICY)
        assert (pulled.body, pulled.mime) == (b"x" * 1000, "image/png")
    assert site.fetched == ["/anh.png?ky=bi-mat"] * 2
    [first, second] = [e.act for e in ledger.entries()]
    assert (first.effect, first.kind, first.subject) == ("called", "fetch", site.address + "/anh.png")
    assert second.data == {"status": 200, "size": 1000, "mime": "image/png", "sha256": pulled.sha256}
    assert ledger.current.items == {}, "a fetch leaves nothing standing"


@pytest.mark.parametrize(
    ("path", "trouble"),
    [
        ("/khong-co", Trouble.STATUS),
        ("/to", Trouble.TOO_LARGE),
        ("/trang", Trouble.TYPE),
        ("/rong", Trouble.EMPTY),
        ("/chuyen", Trouble.REDIRECT),
    ],
)
async def test_what_does_not_come_whole(site: Receiver, ledger: Ledger, path: str, trouble: Trouble) -> None:
    site.serve("/to", b"x" * 1001)
    site.serve("/trang", b"<html>", "text/html")
    site.serve("/rong", b"")
    site.serve("/chuyen", b"", status=302, Location="/dich")
    site.serve("/dich", b"dich")
    with pytest.raises(PullFailed) as failed:
        await Puller(ledger).pull("telegram", "kenh", site.address + path, POLICY)
    assert failed.value.trouble is trouble
    [entry] = ledger.entries()
    assert entry.act.data["trouble"] == trouble
    assert site.fetched == [path], "no redirect is followed where the platform follows none"


async def test_redirects_where_the_platform_follows_them(site: Receiver, ledger: Ledger) -> None:
    site.serve("/chuyen", b"", status=302, Location="/dich")
    site.serve("/dich", b"dich")
    pulled = await Puller(ledger).pull("t", "k", site.address + "/chuyen", PullPolicy(100, redirects=1))
    assert pulled.body == b"dich"
    site.serve("/vong", b"", status=301, Location="/vong")
    with pytest.raises(PullFailed, match="more than 3 redirects"):
        await Puller(ledger).pull("t", "k", site.address + "/vong", PullPolicy(100, redirects=3))


async def test_patience_ends(site: Receiver, ledger: Ledger) -> None:
    url = site.serve("/anh.png", b"x")
    site.slow = 0.5
    with pytest.raises(PullFailed) as failed:
        await Puller(ledger).pull("t", "k", url, PullPolicy(100, seconds=0.1))
    assert failed.value.trouble is Trouble.SLOW


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://", "http://10.0.0.5/x", "http://hanoi.gov.vn/x", "http://[x/"],
)
async def test_nothing_leaves_the_machine(ledger: Ledger, url: str) -> None:
    with pytest.raises(PullFailed) as failed:
        await Puller(ledger).pull("t", "k", url, POLICY)
    assert failed.value.trouble is Trouble.ADDRESS
    assert len(ledger.entries()) == 1


async def test_a_redirect_does_not_lead_out(site: Receiver, ledger: Ledger) -> None:
    site.serve("/ra", b"", status=302, Location="http://hanoi.gov.vn/")
    with pytest.raises(PullFailed) as failed:
        await Puller(ledger).pull("t", "k", site.address + "/ra", PullPolicy(100, redirects=5))
    assert failed.value.trouble is Trouble.ADDRESS


async def test_hosts_that_are_named_are_gone_to(ledger: Ledger) -> None:
    with pytest.raises(PullFailed) as failed:
        await Puller(ledger, ["may-chu.invalid"]).pull("t", "k", "http://may-chu.invalid:1/x", POLICY)
    assert failed.value.trouble is Trouble.UNREACHABLE


def test_what_is_written_down_has_no_secrets() -> None:
    assert without_query("https://a:b@x.vn:8443/p?ky=1#z") == "https://x.vn:8443/p"
