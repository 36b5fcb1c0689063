"""`python -m bench.pages [--sets own,fundus_articles,…] [--pages N]`: article pages per second on one core, F1 beside.

Every tool reads the same pages in the same run, one after the other, by CPU time. Ours is shown twice: cold (nothing
known of any site, and its learning counted) and known (its layout was learned: on our own sites from earlier pages
only, on the shared sets from the page itself, since they have one or two pages of a site). F1: over 4-word shingles,
each page weighing the same, as the Article Extraction Benchmark scores; for `trafilatura_eval` over its segments that
must and must not appear.
"""

import argparse
import json
import lzma
import re
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from urllib.parse import urlsplit

import trafilatura
from lxml import html as lxml_html
from rich.console import Console
from rich.table import Table

from bench.sites import site_pages
from bench.stage import machine
from libs.common.local.paths import checkout
from services.ingest.templates import Extractor

SHARED = ("fundus_articles", "article_extraction_benchmark", "trafilatura_eval")
LEARNED_FROM = 3
KNOWN, SAME = "ours, known source", ", same pages"
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Sample:
    """A page: whose it is, its bytes, and what is true of its text."""

    site: str
    data: bytes
    text: str = ""
    wanted: Sequence[str] = ()
    unwanted: Sequence[str] = ()


@dataclass(frozen=True)
class PageSet:
    """Pages to read, and the pages of the same sites from which ours may learn before."""

    name: str
    samples: Sequence[Sample]
    before: Sequence[Sample] = field(default=(), repr=False)


@dataclass(frozen=True)
class Figure:
    """`f1` and pages per second of CPU time; `pages`: how many were read."""

    tool: str
    pages: int
    f1: float
    per_second: float


def own_pages(per_site: int) -> PageSet:
    groups = [list(pages) for _, pages in groupby(site_pages(per_site + LEARNED_FROM), key=lambda page: page.site)]
    samples = [[Sample(page.site, page.data, page.text) for page in pages] for pages in groups]
    before = [sample for pages in samples for sample in pages[:LEARNED_FROM]]
    return PageSet("own", [sample for pages in samples for sample in pages[LEARNED_FROM:]], before)


def shared_pages(name: str, limit: int | None = None) -> PageSet | None:
    """A set beside the checkout; None where it is not there."""
    folder = checkout().parent / "shared" / "data" / name
    if not (folder / "files.tar.xz").is_file():
        return None
    with lzma.open(folder / "index.jsonl.xz", "rt", encoding="utf-8") as index:
        rows = [json.loads(line) for line in index][:limit]
    files = _files(folder / "files.tar.xz", {row["file"] for row in rows})
    samples = [_sample(row, files[row["file"]]) for row in rows if row["file"] in files]
    return PageSet(name, samples, samples)


def _files(archive: Path, wanted: set[str]) -> dict[str, bytes]:
    with tarfile.open(archive, "r|xz") as members:
        return {
            name: content.read()
            for member in members
            if (name := member.name.removeprefix("./")) in wanted and (content := members.extractfile(member))
        }


def _sample(row: dict[str, object], data: bytes) -> Sample:
    # Sites of one page each: the page stands for its site, since its file name alone tells them apart.
    site = f"{urlsplit(str(row.get('url') or '')).hostname}/{row['file']}"
    wanted, unwanted = row.get("with") or (), row.get("without") or ()
    return Sample(site, data, str(row.get("text") or ""), wanted, unwanted)  # type: ignore[arg-type]


# --- the tools ----------------------------------------------------------------------------------------


def with_trafilatura(data: bytes) -> str:
    return trafilatura.extract(data, include_comments=False) or ""


def with_newspaper(data: bytes) -> str:
    article = import_module("newspaper").Article("https://example.org/", fetch_images=False)
    article.download(input_html=data.decode("utf-8", "replace"))
    article.parse()
    return str(article.text)


def with_readability(data: bytes) -> str:
    summary = import_module("readability").Document(data.decode("utf-8", "replace")).summary(html_partial=True)
    return str(lxml_html.fromstring(summary).xpath("string()"))


OTHERS: dict[str, Callable[[bytes], str]] = {
    "trafilatura": with_trafilatura,
    "newspaper4k": with_newspaper,
    "readability-lxml": with_readability,
}
_MODULES = {"trafilatura": "trafilatura", "newspaper4k": "newspaper", "readability-lxml": "readability"}


def installed() -> list[str]:
    """The tools that are here; `make bench` installs those the product does not need in a folder of their own."""
    if (folder := str(checkout() / "build" / "bench")) not in sys.path:
        sys.path.append(folder)
    return [name for name, module in _MODULES.items() if find_spec(module)]


def measure(pages: PageSet, others: Sequence[str], *, whole: bool = True) -> list[Figure]:
    """Ours cold, then ours where the source is known beside every other tool on those same pages, and on all."""
    figures = [_figure("ours, cold", pages.samples, lambda one: Extractor().extract(one.data, site=one.site).text)]
    extractor = Extractor()
    for sample in pages.before:
        extractor.extract(sample.data, site=sample.site)
    known = [one for one in pages.samples if _is_quick(extractor, one)]
    figures.append(_figure(KNOWN, known, lambda one: extractor.extract(one.data, site=one.site).text))
    figures += [_figure(name + SAME, known, _safely(OTHERS[name])) for name in others]
    return figures + [_figure(name, pages.samples, _safely(OTHERS[name])) for name in others if whole]


def _is_quick(extractor: Extractor, sample: Sample) -> bool:
    before = extractor.quick
    extractor.extract(sample.data, site=sample.site)
    return extractor.quick > before


def _safely(tool: Callable[[bytes], str]) -> Callable[[Sample], str]:
    def read(sample: Sample) -> str:
        try:
            return tool(sample.data)
        except Exception:  # a tool that breaks at a page has no text of it
            return ""

    return read


def _figure(name: str, samples: Sequence[Sample], read: Callable[[Sample], str]) -> Figure:
    began = time.process_time()
    texts = [read(sample) for sample in samples]
    seconds = time.process_time() - began
    return Figure(name, len(samples), f1(samples, texts), len(samples) / seconds if seconds else 0.0)


# --- the score ----------------------------------------------------------------------------------------


def f1(samples: Sequence[Sample], texts: Sequence[str]) -> float:
    if any(sample.wanted for sample in samples):
        return _of_segments(samples, texts)
    counted = [_shingle_shares(sample.text, text) for sample, text in zip(samples, texts, strict=True)]
    precisions = [right / (right + wrong) for right, wrong, _ in counted if right + wrong]
    recalls = [right / (right + missed) for right, _, missed in counted if right + missed]
    if not precisions or not recalls:
        return 0.0
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _of_segments(samples: Sequence[Sample], texts: Sequence[str]) -> float:
    pairs = list(zip(samples, texts, strict=True))
    right = sum(segment in text for sample, text in pairs for segment in sample.wanted)
    missed = sum(segment not in text for sample, text in pairs for segment in sample.wanted)
    wrong = sum(segment in text for sample, text in pairs for segment in sample.unwanted)
    return 2 * right / (2 * right + wrong + missed) if right else 0.0


def _shingle_shares(true: str, found: str) -> tuple[int, int, int]:
    """Shingles that are right, wrong and missed."""
    ours, theirs = _shingles(found), _shingles(true)
    right = (ours & theirs).total()
    return right, ours.total() - right, theirs.total() - right


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    return Counter(tuple(words[at : at + 4]) for at in range(max(1, len(words) - 3))) if words else Counter()


def bench(per_site: int = 20) -> dict[str, dict[str, Figure]]:
    """For `make bench`: our own sites, and the shared sets of whole texts where they are, by set and tool."""
    sets = [own_pages(per_site), *(shared_pages(name, 3 * per_site) for name in SHARED[:2])]
    return {one.name: {f.tool: f for f in measure(one, installed(), whole=False)} for one in sets if one}


def main() -> None:
    parser = argparse.ArgumentParser(description="Article pages per second on one core, F1 beside.")
    parser.add_argument("--sets", default=",".join(("own", *SHARED)))
    parser.add_argument("--pages", type=int, default=60, help="pages per site of our own, and at most of a shared set")
    parser.add_argument("--whole", action="store_true", help="every page of a shared set")
    wanted = parser.parse_args()
    table = Table("set", "tool", "pages", "F1", "pages/s", title=machine())
    for name in wanted.sets.split(","):
        limit = None if wanted.whole else wanted.pages
        pages = own_pages(wanted.pages) if name == "own" else shared_pages(name, limit)
        for figure in measure(pages, installed()) if pages else ():
            table.add_row(name, figure.tool, str(figure.pages), f"{figure.f1:.4f}", f"{figure.per_second:.1f}")
    Console(file=sys.stdout).print(table)


if __name__ == "__main__":
    main()
