"""The main job, done by people's accounts through the same addresses everybody uses.

Sources are registered and polled, citizens' reports pushed; texts are classified and become stories; the most told
story becomes a publication that an editor writes and a spokesperson approves; it is delivered, its figures are read
back, and the daily brief is made. Safe to repeat: what an earlier run has done is not done again.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from libs.common.db import Database
from libs.common.local import accounting, accounts, answering, catalogue, checking, official
from libs.common.local.counting import read_counts
from libs.common.local.desk import DayFailed, Desk, released
from libs.common.local.film import FILM_ALT, sample_film
from libs.common.local.people import ADMIN, CHECKER, EDITOR, SECOND, SPOKESPERSON
from libs.common.local.picture import ALT, sample_picture
from libs.common.local.process import write_private
from libs.common.local.topology import Setup
from libs.common.local.waiting import until
from libs.common.local.wording import FILM_TEXT, edited_text

STILL_SECONDS = 3.0
ASK_AGAIN_SECONDS = 4.0
ENGAGED = "bluesky"
"""The platform of the sandbox whose readers react, so that figures are there to be read."""
_OPEN_DELIVERIES = {"pending", "prepared", "armed", "committed", "accepted", "throttled", "unknown"}


@dataclass
class Found:
    """What happened, for the table and for programs."""

    title: str = ""
    fictional: bool = False
    sources: int = 0
    source_errors: dict[str, str] = field(default_factory=dict)
    pushed: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    catalogue: list[dict[str, Any]] = field(default_factory=list)
    """Every source of the installation, read or not, with its health and what it brought today."""
    story: dict[str, Any] | None = None
    claim: dict[str, Any] | None = None
    """The rumour of the fictional day with its verdict and what repeats it."""
    alert: dict[str, Any] | None = None
    publication: dict[str, Any] | None = None
    film: dict[str, Any] | None = None
    """The second publication, for the channels that take only videos."""
    correction: dict[str, Any] | None = None
    """What the city says of the rumour, on every channel that takes words."""
    brief: dict[str, Any] | None = None
    programme: dict[str, Any] | None = None
    """How far the running programme has come, row by row."""
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """The loop came round: something was read, published and reported."""
        return not self.problems and self.publication is not None and self.brief is not None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"is_whole": self.is_whole}


Channels = Mapping[str, dict[str, Any]]


class Day:
    def __init__(self, setup: Setup, tokens: Mapping[str, str], screen: Console) -> None:
        self._setup, self._tokens, self._screen = setup, tokens, screen
        self._found = Found()
        self._state: dict[str, Any] = {}

    async def run(self) -> Found:
        began = time.monotonic()
        if self._setup.paths.day.exists():
            self._state = json.loads(self._setup.paths.day.read_text(encoding="utf-8"))
        db = Database(self._setup.owner_url, pool_size=1)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(30), TextColumn("{task.fields[note]}"))
        try:
            async with httpx.AsyncClient(base_url=self._setup.addresses.origin, timeout=60, trust_env=False) as http:
                with Progress(*columns, TimeElapsedColumn(), console=self._screen, transient=True) as progress:
                    await self._steps(http, db, progress)
        finally:
            await db.dispose()
        self._found.seconds = round(time.monotonic() - began, 1)
        return self._found

    async def _steps(self, http: httpx.AsyncClient, db: Database, progress: Progress) -> None:
        editor, speaker, admin = (Desk(http, self._tokens[who]) for who in (EDITOR, SPOKESPERSON, ADMIN))
        sandbox = await self._sandbox()
        try:
            await self._listen(editor, admin, sandbox, db, progress)
            await self._check(Desk(http, self._tokens[CHECKER]), editor)
            known = await self._channels(admin)
            await official.choose(admin, speaker, known.values())
            await self._speak(editor, speaker, known, sandbox, progress)
            await self._correct(editor, [speaker, Desk(http, self._tokens[SECOND])], known, progress)
            await self._account(editor, db)
        except (DayFailed, httpx.HTTPError) as error:
            self._found.problems.append(str(error) or type(error).__name__)
        finally:
            await sandbox.aclose()

    async def _sandbox(self) -> httpx.AsyncClient:
        token = self._setup.secret("sandbox-control")
        return httpx.AsyncClient(
            base_url=self._setup.addresses.sandbox,
            timeout=60,
            trust_env=False,
            headers={"Authorization": f"Bearer {token}"},
        )

    # --- listen ---------------------------------------------------------------------------------------------

    async def _listen(
        self, editor: Desk, admin: Desk, sandbox: httpx.AsyncClient, db: Database, progress: Progress
    ) -> None:
        await catalogue.take_in(admin)
        manifest = (await sandbox.get("/press/manifest.json")).raise_for_status().json()
        self._found.title, self._found.fictional = manifest["title"], manifest["fictional"]
        wanted = {source["name"] for source in manifest["sources"]}
        await self._register(editor, manifest["sources"], progress)
        await self._push(editor, sandbox, progress)
        await self._polled(editor, wanted, progress)
        await self._settled(editor, db, progress)

    async def _register(self, editor: Desk, sources: list[dict[str, Any]], progress: Progress) -> None:
        known = {source["name"] for source in await editor.all("/api/ingest/v1/sources")}
        task = progress.add_task("Khai báo nguồn", total=len(sources), note="")
        for source in sources:
            if source["name"] not in known:
                names = ("kind", "name", "url", "group", "language", "poll_seconds")
                body = {name: source[name] for name in names if source.get(name) is not None}
                # A replay calls every outlet press and Vietnamese; the catalogue may know better.
                body |= {} if self._found.fictional else catalogue.known_outlet(source["name"])
                await editor.post("/api/ingest/v1/sources", body, allow=(409,))
            progress.advance(task)
        self._found.sources = len(sources)

    async def _push(self, editor: Desk, sandbox: httpx.AsyncClient, progress: Progress) -> None:
        lines = (await sandbox.get("/press/pushes.jsonl")).raise_for_status().text.splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
        task = progress.add_task("Phản ánh của người dân", total=len(rows) or 1, note="")
        for start in range(0, len(rows), 500):
            batch = rows[start : start + 500]
            answer = await editor.post("/api/ingest/v1/contents/bulk", {"items": batch})
            refused = [one for one in answer["results"] if one.get("problem")]
            self._found.problems += [f"Phản ánh dòng {start + one['index'] + 1} bị từ chối" for one in refused]
            progress.advance(task, len(batch))
        self._found.pushed = len(rows)

    async def _polled(self, editor: Desk, wanted: set[str], progress: Progress) -> None:
        """Until each source was read once, well or badly."""
        task = progress.add_task("Đọc nguồn", total=len(wanted) or 1, note="")

        async def look() -> tuple[Any, bool]:
            sources = [s for s in await editor.all("/api/ingest/v1/sources") if s["name"] in wanted and s["url"]]
            done = [s for s in sources if s["last_ok_at"] or s["last_error"]]
            progress.update(task, completed=len(wanted) - len(sources) + len(done))
            failed = {s["name"]: s["last_error"] for s in done if s["last_error"]}
            self._found.source_errors = failed
            return len(done), len(done) == len(sources)

        if not await until(look, still=0):
            self._found.problems.append("Có nguồn chưa đọc được trong thời gian chờ.")

    async def _settled(self, editor: Desk, db: Database, progress: Progress) -> None:
        """Until nothing waits for a label or a story, and nothing has changed for a few seconds."""
        labels = progress.add_task("Phân loại", total=None, note="")
        stories = progress.add_task("Ghép câu chuyện", total=None, note="")

        async def look() -> tuple[Any, bool]:
            counts = await read_counts(db)
            progress.update(
                labels, total=counts["contents"] or 1, completed=counts["annotations"], note=f"{counts['contents']} tin"
            )
            progress.update(
                stories, total=counts["contents"] or 1, completed=counts["in_stories"], note=f"{counts['stories']}"
            )
            seen = {name: counts[name] for name in ("contents", "annotations", "in_stories", "stories")}
            behind = await editor.get("/api/classify/v1/backlog")
            ready = not any(behind.values()) or counts["dead_letters"] > 0
            return seen, ready and not counts["pending_events"]

        settled = await until(look, still=STILL_SECONDS)
        if not settled or (await read_counts(db))["dead_letters"]:
            self._found.problems.append("Phân loại chưa xong; xem `lantoa deadletters list` và nhật ký các tiến trình.")

    async def _check(self, checker: Desk, editor: Desk) -> None:
        if self._found.fictional and (claim := await checking.check_rumour(checker, self._state.get("claim_id"))):
            self._found.claim = claim
            self._remember(claim_id=claim["id"])
        self._found.alert = await checking.newest_alert(editor, is_due=self._found.claim is not None)

    # --- speak ----------------------------------------------------------------------------------------------

    async def _speak(
        self, editor: Desk, speaker: Desk, known: Channels, sandbox: httpx.AsyncClient, progress: Progress
    ) -> None:
        await self._subscribed(editor, sandbox)
        channels = _of_words(known)
        films = {key: one for key, one in known.items() if key not in channels}
        publication_id = self._state.get("publication_id")
        if publication_id is None:
            stories = (await editor.get("/api/classify/v1/stories", sort="sources", limit=1))["items"]
            if not stories:
                self._found.problems.append("Chưa có câu chuyện nào để soạn tin.")
                return
            publication_id = await self._written(editor, stories[0]["id"], channels)
        detail = await editor.get(f"/api/publish/v1/publications/{publication_id}")
        if detail["story_id"]:
            self._found.story = await editor.get(f"/api/classify/v1/stories/{detail['story_id']}")
        await self._approved(editor, speaker, detail, channels)
        self._found.publication = await self._delivered(editor, publication_id, channels, progress)
        if films:
            await self._show_film(editor, speaker, films, progress)
        await self._measured(editor, sandbox, publication_id, progress)

    async def _show_film(self, editor: Desk, speaker: Desk, channels: Channels, progress: Progress) -> None:
        """A publication of its own with a drawn film, written and approved like the other."""
        film_id = self._state.get("film_id")
        if film_id is None:
            medium = await self._upload(editor, "ban-do.mp4", sample_film(), "video/mp4", FILM_ALT)
            body = {**FILM_TEXT, "channel_ids": list(channels), "media_ids": [medium]}
            film_id = (await editor.post("/api/publish/v1/publications", body))["id"]
            self._remember(film_id=film_id)
        detail = await editor.get(f"/api/publish/v1/publications/{film_id}")
        await released(editor, [speaker], detail)
        self._found.film = await self._delivered(editor, film_id, channels, progress)

    async def _correct(self, editor: Desk, speakers: Sequence[Desk], known: Channels, progress: Progress) -> None:
        """The rumour is answered: by a correction made of the claim, which two approve."""
        if self._found.claim is None:
            return
        channels = _of_words(known)
        made = self._state.get("correction_id") or await answering.draft(editor, self._found.claim["id"], channels)
        self._remember(correction_id=made)
        await answering.release(editor, speakers, made, channels, await self._picture(editor))
        self._found.correction = await self._delivered(editor, made, channels, progress)
        self._found.correction |= await answering.read(editor, made)

    async def _channels(self, admin: Desk) -> Channels:
        """Channel id → channel: the city's own bulletin, and its accounts on the sandbox."""
        wanted = accounts.channels(self._setup.addresses.sandbox, self._setup.secret)
        known = {channel["kind"]: channel for channel in await admin.all("/api/publish/v1/channels")}
        for body in wanted:
            if body["kind"] not in known:
                known[body["kind"]] = await admin.post("/api/publish/v1/channels", body)
        chosen = [known[body["kind"]] for body in wanted]
        return {channel["id"]: channel for channel in chosen}

    async def _subscribed(self, editor: Desk, sandbox: httpx.AsyncClient) -> None:
        """A reader's browser of the sandbox asks to be told; again, it is the same subscription."""
        told = await sandbox.put("/control/accounts", json=accounts.browser(self._setup.secret))
        body = {"subscription": told.raise_for_status().json()["subscription"], "topics": [accounts.TOPIC]}
        await editor.post("/api/publish/v1/push/subscriptions", body)

    async def _written(self, editor: Desk, story_id: str, channels: Channels) -> str:
        """For the bulletin first: a channel that takes no words alone is added with the picture."""
        first = [key for key, one in channels.items() if one["kind"] == "own_site"]
        body = {"story_id": story_id, "channel_ids": first}
        draft = await editor.post("/api/publish/v1/publications/from-story", body)
        self._remember(publication_id=draft["id"])
        return str(draft["id"])

    async def _approved(self, editor: Desk, speaker: Desk, detail: dict[str, Any], channels: Channels) -> None:
        path = f"/api/publish/v1/publications/{detail['id']}"
        if detail["state"] == "draft":
            edited = edited_text(detail)
            edited["channel_ids"] = list(channels)
            edited["media_ids"] = [await self._picture(editor)]
            detail |= (await editor.ask("PATCH", path, json=edited)).json()
        await released(editor, [speaker], detail)

    async def _picture(self, editor: Desk) -> str:
        if "picture_id" not in self._state:
            self._remember(picture_id=await self._upload(editor, "ban-do.png", sample_picture(), "image/png", ALT))
        return str(self._state["picture_id"])

    async def _upload(self, editor: Desk, name: str, data: bytes, mime: str, alt: str) -> str:
        files = {"file": (name, data, mime)}
        kept = await editor.ask("POST", "/api/publish/v1/media", files=files, data={"alt": alt})
        return str(kept.json()["id"])

    async def _delivered(
        self, editor: Desk, publication_id: str, channels: Channels, progress: Progress
    ) -> dict[str, Any]:
        task = progress.add_task("Đăng lên các kênh", total=len(channels), note="")
        seen: dict[str, Any] = {}

        async def look() -> tuple[Any, bool]:
            nonlocal seen
            seen = await self._read_publication(editor, publication_id, channels)
            deliveries = seen["deliveries"]
            open_ones = [one for one in deliveries if one["state"] in _OPEN_DELIVERIES]
            progress.update(task, completed=len(deliveries) - len(open_ones))
            states = [one["state"] for one in deliveries]
            return states, bool(deliveries) and not open_ones

        if not await until(look, still=0, patience=60):
            self._found.problems.append("Có kênh chưa xác nhận đã đăng.")
        return seen

    async def _measured(
        self, editor: Desk, sandbox: httpx.AsyncClient, publication_id: str, progress: Progress
    ) -> None:
        """Readers of the sandbox react, and the figures are read back from it."""
        assert self._found.publication is not None
        posts = [one for one in self._found.publication["deliveries"] if one["kind"] == ENGAGED and one["platform_id"]]
        if not posts:
            return
        if not self._state.get("engaged"):
            reaction = {"post": posts[0]["platform_id"], "likes": 12, "reposts": 3, "replies": []}
            (await sandbox.post(f"/control/{ENGAGED}/engage", json=reaction)).raise_for_status()
            self._remember(engaged=True)
        task = progress.add_task("Đọc lại tương tác", total=1, note="")
        path = f"/api/publish/v1/publications/{publication_id}"
        asked_at = float("-inf")

        async def look() -> tuple[Any, bool]:
            nonlocal asked_at
            # A platform shows its own reactions a little late, so one question may be too early.
            if time.monotonic() - asked_at > ASK_AGAIN_SECONDS:
                await editor.post(f"{path}/engagement/refresh")
                asked_at = time.monotonic()
            detail = await editor.get(path)
            assert self._found.publication is not None
            self._found.publication["engagement"] = detail["engagement"]
            return None, any(one["value"] for one in detail["engagement"] if one["delivery_id"] == posts[0]["id"])

        if not await until(look, still=0, patience=60):
            self._found.problems.append("Chưa đọc lại được tương tác.")
        progress.update(task, completed=1)

    async def _read_publication(self, editor: Desk, publication_id: str, channels: Channels) -> dict[str, Any]:
        detail = await editor.get(f"/api/publish/v1/publications/{publication_id}")
        names = ("id", "state", "channel_id", "platform_id", "platform_url", "proof", "error")
        deliveries = [
            {name: one[name] for name in names}
            | {"channel": channels[one["channel_id"]]["name"], "kind": channels[one["channel_id"]]["kind"]}
            for one in detail["deliveries"]
        ]
        wanted = ("id", "title", "state", "slug", "published_at", "engagement")
        return {name: detail[name] for name in wanted} | {"deliveries": deliveries}

    # --- account --------------------------------------------------------------------------------------------

    async def _account(self, editor: Desk, db: Database) -> None:
        report_id = self._state.get("report_id")
        if report_id is None:
            report_id = (await editor.post("/api/reports/v1/reports", {"kind": "daily"}))["id"]
            self._remember(report_id=report_id)
        folder = self._setup.paths.root / "briefs"
        self._found.brief = await accounting.keep_brief(editor, folder, report_id)
        self._found.programme = await accounting.keep_progress(editor, folder)
        self._found.counts = await read_counts(db)
        self._found.catalogue = await catalogue.read_all(editor)

    def _remember(self, **facts: Any) -> None:
        self._state |= facts
        write_private(self._setup.paths.day, json.dumps(self._state))


def _of_words(known: Channels) -> Channels:
    """The channels that take more than films."""
    return {key: one for key, one in known.items() if one["kind"] not in accounts.OF_VIDEOS}
