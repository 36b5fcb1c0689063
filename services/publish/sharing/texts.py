"""Ready texts of a page on the bulletin, for passing on. Pure.

Each carries the source line and the link whole, whatever has to be cut; what they say is what was approved.
"""

from collections.abc import Callable
from dataclasses import dataclass

from libs.common.web import Site
from services.publish import measure, wording
from services.publish.adapters.base import Draft
from services.publish.bulletin import Entry


@dataclass(frozen=True)
class Form:
    """`most`: letters as `count` counts them; None where the whole text fits."""

    key: str
    name: str
    most: int | None
    count: Callable[[str], int] = measure.graphemes


FORMS = (
    Form("long", "Facebook, diễn đàn, trang web", None),
    Form("medium", "Zalo, Telegram, Threads", 500, measure.threads_units),
    Form("short", "Bluesky, tin nhắn", 300),
)


@dataclass(frozen=True)
class ReadyText:
    key: str
    name: str
    text: str

    @property
    def letters(self) -> int:
        return measure.graphemes(self.text)

    @property
    def rows(self) -> int:
        """How high the box that shows it is."""
        lines = sum(1 + len(line) // 38 for line in self.text.split("\n"))
        return min(max(lines, 4), 20)


def texts_of(entry: Entry, site: Site, link: str) -> list[ReadyText]:
    draft = Draft(
        title=entry.title,
        body=entry.body,
        summary=entry.summary,
        link=link,
        language=entry.language,
        kind=entry.kind,
        slug=entry.slug,
        source_note=entry.source_note,
        ai_label=entry.ai_label,
        unit_name=entry.unit_name,
        is_urgent=entry.is_urgent,
    )
    source = source_line(entry, site, link)
    return [ReadyText(form.key, form.name, _fitted(form, draft, source)) for form in FORMS]


def source_line(entry: Entry, site: Site, link: str) -> str:
    """Who says so, and where it stands."""
    speaks = f"{site.publisher}, {entry.unit_name}" if entry.unit_name else site.publisher
    return measure.nfc(f"Nguồn: {speaks}\n{link}")


def _fitted(form: Form, draft: Draft, source: str) -> str:
    if form.most is None:
        note = wording.full_ending(draft, with_link=False)
        return wording.joined(wording.heading(draft), wording.plain(draft.body), note, source)
    ending = wording.joined(wording.AI_MARK if draft.ai_label else "", source)
    room = form.most - form.count(f"\n\n{ending}")
    heading = measure.shorten(wording.heading(draft), room, form.count)
    left = room - form.count(f"{heading}\n\n")
    return wording.joined(heading, measure.shorten(wording.plain(wording.lead(draft)), left, form.count), ending)
