"""The newcomer's command, whole: real processes, the sample day, a second start, the stop."""

import json
import os
import re
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest

from libs.common.local.paths import Scratch, checkout, data_root
from libs.common.local.process import is_free

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
LANTOA = str(Path(sysconfig.get_path("scripts")) / "lantoa")


def ports() -> tuple[int, int]:
    """An origin, and the first of ten ports in a row that are free now. None is one that the system gives to others by
    itself: the processes take them half a minute later, and what answers there then would be taken for them."""
    for first in range(20101, 30000, 97):
        if all(is_free(port) for port in range(first, first + 11)):
            return first + 10, first
    raise AssertionError("no eleven free ports in a row")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with Scratch(data_root(checkout())) as folder:
        yield folder / "data"


@pytest.fixture(scope="module")
def at() -> tuple[int, int]:
    return ports()


def run(place: Path, at: tuple[int, int], *words: str) -> subprocess.CompletedProcess[str]:
    command = [LANTOA, *words, "--port", str(at[0]), "--first-port", str(at[1]), "--data", str(place)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(scope="module")
def first(place: Path, at: tuple[int, int]) -> dict[str, Any]:
    done = run(place, at, "up", "--once", "--json")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.mission("M03", "M07", "M08", "M18", "M28", "M33")
def test_the_sample_day_goes_round(first: dict[str, Any]) -> None:
    counts = first["counts"]
    assert first["fictional"]
    assert not first["source_errors"]
    assert counts["contents"] >= 110
    assert counts["annotations"] == counts["contents"]
    assert (counts["pending_events"], counts["dead_letters"]) == (0, 0)
    assert counts["shared_stories"] >= 8
    assert counts["feedback_cases"] >= 10
    assert first["story"]["sources"] >= 4
    matches = first["claim"]["matches"]
    assert [one["state"] for one in matches if "KHẨN" in one["title"]] == ["confirmed"], "a person said so"
    assert first["claim"]["verdict"] == "tin_sai_su_that"
    assert first["alert"]["state"] == "open"
    states = {one["kind"]: one["state"] for one in first["publication"]["deliveries"]}
    posted = (
        "own_site",
        "email",
        "press",
        "webpush",
        "bluesky",
        "facebook",
        "instagram",
        "mastodon",
        "telegram",
        "threads",
        "zalo",
    )
    assert states == dict.fromkeys(posted, "published")
    assert all(one["platform_id"] and one["proof"] for one in first["publication"]["deliveries"])
    films = {one["kind"]: one["state"] for one in first["film"]["deliveries"]}
    assert films == dict.fromkeys(("tiktok", "youtube"), "published")
    assert all(one["platform_id"] and one["proof"] for one in first["film"]["deliveries"])
    correction = first["correction"]
    assert correction["label"] == "Tin sai sự thật"
    assert {one["kind"]: one["state"] for one in correction["deliveries"]} == dict.fromkeys(posted, "published")
    assert (correction["is_open"], correction["missing"]) == (False, [])
    assert correction["timing"]["seconds_to_all_channels"] > 0
    figures = [one["value"] for one in first["publication"]["engagement"]]
    assert 12 in figures
    assert None in figures, "what the platform does not give stays blank"
    brief = Path(first["brief"]["files"]["md"]).read_text(encoding="utf-8")
    assert first["story"]["title"] in brief
    papers = {form: Path(first["brief"]["files"][form]).read_bytes() for form in ("docx", "pdf")}
    assert {form: content[:4] for form, content in papers.items()} == {"docx": b"PK\x03\x04", "pdf": b"%PDF"}
    progress = first["programme"]
    assert [row["row_no"] for row in progress["rows"]]
    assert Path(progress["file"]).read_bytes().startswith(b"PK")


@pytest.mark.mission("M01")
def test_the_run_shows_the_catalogue_with_health_and_counts(first: dict[str, Any]) -> None:
    """Its own sources are read; of the shipped catalogue nothing is, since a replay reads this machine alone."""
    shown = first["catalogue"]
    assert sum(one["group"] == "portal" for one in shown) > 60
    read = [one for one in shown if one["state"] == "active"]
    assert len(read) == first["sources"]
    assert all(one["health"] in ("ok", "new") for one in read)
    assert sum(one["new_today"] for one in read) == first["counts"]["contents"]
    resting = [one for one in shown if one["state"] != "active"]
    assert all(one["state_reason"] and one["last_ok_at"] is None for one in resting)


class Running:
    """`lantoa up`, started and ready."""

    def __init__(self, place: Path, at: tuple[int, int]) -> None:
        command = [LANTOA, "up", "--port", str(at[0]), "--first-port", str(at[1]), "--data", str(place)]
        self.origin, self.sandbox = f"http://127.0.0.1:{at[0]}", f"http://127.0.0.1:{at[1] + 9}"
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said: list[str] = []
        self.ready_after = 0.0
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if "Sẵn sàng" in line:
                self.ready_after = time.monotonic() - self.began
            if "Ctrl-C" in line:
                break

    @property
    def text(self) -> str:
        return "".join(self.said)

    def stop(self) -> tuple[int, float]:
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        assert self.process.stdout is not None
        self.said += self.process.stdout.readlines()
        self.process.stdout.close()
        return self.process.wait(60), time.monotonic() - began


@pytest.fixture(scope="module")
def second(first: dict[str, Any], place: Path, at: tuple[int, int]) -> Iterator[Running]:
    running = Running(place, at)
    yield running
    if running.process.poll() is None:
        running.stop()


def test_a_second_run_keeps_what_was_done(first: dict[str, Any], second: Running) -> None:
    assert second.ready_after > 0, second.text
    assert first["publication"]["title"][:20] in second.text.replace("\n", "")
    assert f"{first['counts']['contents']} tin" in second.text


@pytest.mark.mission("M36")
def test_readers_find_it_on_the_bulletin_and_on_the_platform(first: dict[str, Any], second: Running) -> None:
    title = first["publication"]["title"]
    front = httpx.get(f"{second.origin}/")
    assert front.status_code == 200
    assert title in front.text
    feeds = re.findall(r'<link[^>]+type="application/(?:rss|atom|feed)\+(?:xml|json)"[^>]+href="([^"]+)"', front.text)
    assert [httpx.URL(feed).path for feed in feeds] == ["/feed.rss", "/feed.atom", "/feed.json", "/cap.atom"]
    for feed in feeds:
        answer = httpx.get(httpx.URL(second.origin).join(feed))
        assert answer.status_code == 200
        assert (title in answer.text) == (not feed.endswith("/cap.atom")), "the feed of alerts has alerts alone"
        if "json" not in answer.headers["content-type"]:
            assert not feedparser.parse(answer.content).bozo
    posts = {one["kind"]: one["platform_url"] for one in first["publication"]["deliveries"]}
    assert httpx.get(posts["own_site"]).status_code == 200
    for kind in ("bluesky", "facebook", "instagram", "mastodon", "telegram", "threads"):
        assert httpx.get(posts[kind]).status_code == 200, posts[kind]
    for one in first["film"]["deliveries"]:
        assert httpx.get(one["platform_url"]).status_code == 200, one["platform_url"]


@pytest.mark.mission("M40")
def test_the_public_register_is_there(second: Running) -> None:
    page = httpx.get(f"{second.origin}/minh-bach")
    assert page.status_code == 200
    assert "Báo Sông Hồng" in page.text


@pytest.mark.mission("M10")
def test_a_citizen_reports_and_follows_it_through_the_one_origin(second: Running) -> None:
    form = f"{second.origin}/gui-phan-anh"
    assert 'href="' + form in httpx.get(f"{second.origin}/minh-bach").text, "the navigation leads there"
    ticket = re.search(r'name="ticket" value="([^"]+)"', httpx.get(form).text)
    assert ticket
    time.sleep(3.5)  # nobody fills it in faster
    told = {"service": "chieu-sang", "place": "Phố Hàng Bài", "description": "Đèn đường tắt đã ba hôm nay."}
    sent = httpx.post(form, data={"ticket": ticket[1], "same_as": "-"} | told)
    reference, code = re.findall(r'<dd class="code">([^<]+)</dd>', sent.text)
    shown = httpx.post(f"{form}/theo-doi", data={"reference": reference, "code": code})
    assert (shown.status_code, told["description"] in shown.text) == (200, True)
    listed = httpx.get(f"{second.origin}/api/ingest/v1/open311/v2/requests/{reference}.json").json()
    assert [(one["status"], one["service_code"]) for one in listed] == [("open", "chieu-sang")]


def test_each_service_answers_through_the_one_origin(second: Running) -> None:
    for service in ("ingest", "classify", "publish", "reports"):
        described = httpx.get(f"{second.origin}/api/{service}/v1/openapi.json")
        assert described.status_code == 200, service
    refused = httpx.get(f"{second.origin}/api/classify/v1/stories")
    assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")


def test_operators_verbs_find_the_installation(second: Running, place: Path) -> None:
    """They read the run's own private settings file; here the run has a directory of its own."""
    environment = dict(os.environ)
    for line in (place / "operator.env").read_text().splitlines():
        name, _, value = line.partition("=")
        environment[name] = value
    assert (place / "operator.env").stat().st_mode & 0o077 == 0
    for verb in (["audit", "verify"], ["deadletters", "list"], ["migrate", "--check"]):
        done = subprocess.run([LANTOA, *verb], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (verb, done.stdout, done.stderr)


def test_ctrl_c_stops_everything(second: Running, at: tuple[int, int]) -> None:
    code, seconds = second.stop()
    assert code == 0, second.text
    assert seconds < 30
    assert "Đã dừng gọn gàng" in second.text
    assert all(is_free(port) for port in (at[0], *range(at[1], at[1] + 10)))


def test_a_taken_port_is_named(place: Path, at: tuple[int, int]) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", at[0]))
        taken.listen()
        done = run(place, at, "up", "--once")
    assert done.returncode == 1
    assert f"proxy {at[0]}" in done.stderr.replace("\n", " ")


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_a_directory_that_cannot_be_replayed_is_refused_at_once(what: str, tmp_path: Path, at: tuple[int, int]) -> None:
    folder = tmp_path / "nguon"
    if what == "empty":
        folder.mkdir()
    done = run(tmp_path / "data", at, "replay", str(folder), "--once")
    assert done.returncode == 2
    assert "nguon" in done.stderr
    assert "Traceback" not in done.stderr


RSS = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{name}</title>
<link>https://{host}/</link><description>.</description>{items}</channel></rss>"""
ITEM = """<item><title>{title}</title><link>https://{host}/{n}.html</link><guid>https://{host}/{n}.html</guid>
<pubDate>Tue, 24 Nov 2026 0{n}:00:00 +0700</pubDate><description>{text}</description></item>"""


@pytest.fixture
def own_files(tmp_path: Path) -> Path:
    folder = tmp_path / "feeds"
    folder.mkdir()
    told = "Cầu vượt nút giao Mai Dịch tạm cấm xe tải từ 22h để sửa khe co giãn, dự kiến xong trong ba đêm."
    for outlet in ("bao-mot", "bao-hai", "bao-ba"):
        host = f"{outlet}.example.vn"
        items = ITEM.format(title=f"Cầu vượt Mai Dịch cấm xe tải ban đêm ({outlet})", host=host, n=1, text=told)
        items += ITEM.format(
            title=f"Lễ hội hoa {outlet}", host=host, n=2, text=f"Tin riêng của {outlet} về lễ hội hoa."
        )
        (folder / f"{outlet}.xml").write_text(RSS.format(name=outlet, host=host, items=items), encoding="utf-8")
    return folder


def test_a_directory_of_ones_own_goes_round_too(own_files: Path, at: tuple[int, int]) -> None:
    with Scratch(data_root(checkout())) as folder:
        done = run(folder / "data", at, "replay", str(own_files), "--once", "--json")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert not found["fictional"]
    assert (found["sources"], found["counts"]["contents"]) == (3, 6)
    assert found["story"]["sources"] == 3
    assert {one["state"] for one in found["publication"]["deliveries"]} == {"published"}
