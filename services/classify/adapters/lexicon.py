"""The legible model: cue phrases written by hand, added up. It needs no training and can be argued with.

A doubt between criticism and anything else goes to criticism: citizens are to be answered, not watched.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from pathlib import Path

import yaml

from libs.common.models.enums import ContentKind, Field, RiskClass, TextKind, Tone
from services.classify.adapters.base import CLASSIFIERS, Document, Labels, ModelCard
from services.classify.cues import CueBook, Hit, Lists, has_marks, spoken
from services.classify.links import Trust, worst

_DATA = Path(__file__).parent / "lexicon"
_MAX_CHARS = 2400
_TITLE_FACTOR, _LEAD_FACTOR, _LEAD_WORDS = 2.0, 1.3, 50
_SHORT_WORDS = 140
_PERSONAL_DATA = re.compile(
    r"\[số giấy tờ\]|(?:cccd|cmnd|căn cước|chứng minh nhân dân|số định danh)[^\d\n]{0,25}(?:\d{12}|\d{9})(?!\d)",
    re.IGNORECASE,
)
_AUTHORITY = frozenset(
    """chính quyền|ủy ban|ubnd|thành phố|lãnh đạo|cán bộ|quy định|chính sách|dự án|quy hoạch|đề án|nhà nước|sở|phường|
    quận|công an|cơ quan|chính phủ|nghị định|nghị quyết|kế hoạch|công trình|đề xuất|quản lý|thủ tục|bộ|thuế|
    ủy ban nhân dân|nhà chức trách|chu quyen|chinh quyen|thanh pho|lanh dao|can bo|quy dinh|chinh sach|du an|
    quy hoach|de an|nha nuoc|phuong|quan ly|thu tuc|ho so""".replace("\n", "")
    .replace("    ", "")
    .split("|")
)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text as the rules see it."""

    document: Document
    tokens: list[str]
    marked: bool
    scores: Mapping[str, Mapping[str, float]]
    link: Trust | None

    @property
    def size(self) -> int:
        return len(self.tokens)


@CLASSIFIERS.register("lexicon")
class LexiconClassifier:
    """Adds up the weights of the cues found, by field, tone, kind and risk."""

    name = "lexicon"
    version = "2026.11"
    card = ModelCard(
        title="Bộ từ khóa và luật viết tay (hand-written cues and rules)",
        data="Không dùng dữ liệu huấn luyện (no training data); từ khóa do dự án tự soạn",
        licence="Apache-2.0",
        limits="Không hiểu mỉa mai và ngữ cảnh; khi không chắc thì để trống (khac, other, neutral)",
    )

    def annotate(self, batch: Sequence[Document]) -> list[Labels]:
        return [self._label(document) for document in batch]

    @cached_property
    def _book(self) -> CueBook:
        read = {name: _read_lists(name) for name in ("fields", "tones", "kinds", "risks")}
        self._negations = frozenset(str(word) for word in read["tones"].pop("negations"))
        lists: dict[str, Lists] = {**read}
        return CueBook(lists)

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        return _read_yaml("spellings")

    def _label(self, document: Document) -> Labels:
        reading = self._read(document)
        field, field_score = _field(reading.scores["fields"])
        tone, tone_score = _tone(reading.scores["tones"])
        kind, kind_score, risk = _kind_and_risk(reading)
        return Labels(field, field_score, tone, tone_score, kind, kind_score, risk)

    def _read(self, document: Document) -> _Reading:
        book = self._book
        title = spoken(document.title)
        tokens = title + spoken(document.text[:_MAX_CHARS])
        marked = has_marks(islice(tokens, 200))
        if len(tokens) < _SHORT_WORDS:
            tokens = [self._spellings.get(token, token) for token in tokens]
        scores: dict[str, dict[str, float]] = {"fields": {}, "tones": {}, "kinds": {}, "risks": {}}
        for hit in book.find(tokens, marked=marked):
            name, label = book.slots[hit.slot]
            weight = hit.weight * _place_factor(hit.start, len(title))
            if name == "tones" and self._negated(tokens, hit):
                label, weight = ("problem" if label == "positive" else "positive"), weight / 2
            scores[name][label] = scores[name].get(label, 0.0) + weight
        return _Reading(document, tokens, marked, scores, worst(document.text[:_MAX_CHARS]))

    def _negated(self, tokens: Sequence[str], hit: Hit) -> bool:
        before = tokens[max(0, hit.start - 2) : hit.start]
        return not self._negations.isdisjoint(before)


def _place_factor(start: int, title_words: int) -> float:
    if start < title_words:
        return _TITLE_FACTOR
    return _LEAD_FACTOR if start < title_words + _LEAD_WORDS else 1.0


def _field(scores: Mapping[str, float]) -> tuple[Field, float]:
    """The leading area, with the share of the evidence that it holds; too little or too even is khac."""
    (label, best), second = _two_best(scores)
    confidence = best / (best + second + 1.5)
    if best < 1.6 or confidence < 0.4:
        return Field.KHAC, 0.0
    return Field(label), round(confidence, 3)


def _tone(scores: Mapping[str, float]) -> tuple[Tone, float]:
    positive, problem = scores.get("positive", 0.0), scores.get("problem", 0.0)
    total = positive + problem
    lean = (positive - problem) / (total + 2.0)
    if abs(lean) < 0.2:
        return Tone.NEUTRAL, round(1 - abs(lean), 3) if total else 0.5
    return (Tone.POSITIVE if lean > 0 else Tone.PROBLEM), round(0.5 + abs(lean) / 2, 3)


def _kind_and_risk(reading: _Reading) -> tuple[TextKind, float, tuple[RiskClass, ...]]:
    scores = _kind_scores(reading)
    protected = max(scores[TextKind.CRITICISM], scores[TextKind.COMPLAINT], scores[TextKind.OPINION])
    risk = _risks(reading)
    if any(found in _FRAUDS for found in risk) and protected < 2.4:
        return TextKind.SCAM_SUSPECT, 0.8, risk
    kind, confidence = _best_kind(scores)
    return kind, confidence, risk if protected < 1.0 else tuple(found for found in risk if found not in _FRAUDS)


def _best_kind(scores: Mapping[TextKind, float]) -> tuple[TextKind, float]:
    (label, best), second = _two_best({kind.value: score for kind, score in scores.items()})
    if best < 1.0:
        return TextKind.OTHER, 0.0
    return TextKind(label), round(best / (best + second + 0.8), 3)


def _kind_scores(reading: _Reading) -> dict[TextKind, float]:
    """The cues of each kind, weighed by who speaks, how long, and how the text came in."""
    cues, size = reading.scores["kinds"], max(reading.size, 1)
    first_person = cues.get("first_person", 0.0) > 0
    scores = {kind: cues.get(kind.value, 0.0) for kind in TextKind}
    spread = max(1.0, (size / 60) ** 0.5) * (1.0 if first_person or size <= _SHORT_WORDS else 1.7)
    for kind in _VOICES:
        scores[kind] = scores[kind] / spread * (1.25 if first_person else 1.0)
    scores[TextKind.NEWS] = min(scores[TextKind.NEWS], 6.0) if size > 40 else scores[TextKind.NEWS] / 3
    scores[TextKind.ANNOUNCEMENT] /= max(1.0, (size / 120) ** 0.5)
    _weigh_question(reading, scores)
    _weigh_origin(reading, scores)
    _weigh_grievance(reading, scores)
    return scores


_VOICES = (
    TextKind.CRITICISM, TextKind.COMPLAINT, TextKind.OPINION, TextKind.REPORT_OF_PROBLEM, TextKind.PRAISE,
    TextKind.QUESTION,
)  # fmt: skip
_FRAUDS = frozenset({RiskClass.SCAM_LINK, RiskClass.IMPERSONATION, RiskClass.FORGED_DOCUMENT})


def _weigh_question(reading: _Reading, scores: dict[TextKind, float]) -> None:
    asks = "?" in reading.document.text or "?" in reading.document.title
    if asks and reading.size < _SHORT_WORDS:
        scores[TextKind.QUESTION] += 1.0
    else:
        scores[TextKind.QUESTION] *= 0.5


def _weigh_origin(reading: _Reading, scores: dict[TextKind, float]) -> None:
    match reading.document.kind:
        case ContentKind.ARTICLE:
            scores[TextKind.NEWS] += 4.0
        case ContentKind.RELEASE:
            scores[TextKind.ANNOUNCEMENT] += 4.0
        case ContentKind.REPORT:
            scores[TextKind.REPORT_OF_PROBLEM] += 1.0
            scores[TextKind.NEWS] = scores[TextKind.ANNOUNCEMENT] = 0.0
        case ContentKind.POST:
            # Who quotes an announcement on a forum mostly does so to say something about it.
            scores[TextKind.ANNOUNCEMENT] *= 0.5
        case None:
            pass


def _weigh_grievance(reading: _Reading, scores: dict[TextKind, float]) -> None:
    """A short bitter text about what the authorities do is criticism, whatever words it chose."""
    tones = reading.scores["tones"]
    bitter = tones.get("problem", 0.0) - tones.get("positive", 0.0)
    told = scores[TextKind.NEWS] + scores[TextKind.ANNOUNCEMENT] + scores[TextKind.ADVERT]
    if bitter < 1.0 or reading.size > _SHORT_WORDS or told > 3.0 or _fraud_cues(reading) >= 3.5:
        return
    if _names_authority(reading.tokens):
        scores[TextKind.CRITICISM] += min(bitter, 2.5) * 0.6
    else:
        scores[TextKind.COMPLAINT] += min(bitter, 2.5) * 0.3


def _names_authority(tokens: Sequence[str]) -> bool:
    pairs = (f"{first} {second}" for first, second in pairwise(tokens))
    return not _AUTHORITY.isdisjoint(tokens) or not _AUTHORITY.isdisjoint(pairs)


def _fraud_cues(reading: _Reading) -> float:
    cues = reading.scores["risks"]
    return cues.get("bait", 0.0) + cues.get("demand", 0.0)


def _risks(reading: _Reading) -> tuple[RiskClass, ...]:
    """Members of the closed list that the text itself shows; a text that warns of one is not one."""
    cues = reading.scores["risks"]
    if reading.document.kind in (ContentKind.ARTICLE, ContentKind.RELEASE):
        return ()
    found = _danger(reading)
    if cues.get("warning", 0.0) < 2.5:
        found += _fraud(reading)
    return found


def _fraud(reading: _Reading) -> tuple[RiskClass, ...]:
    cues, lure = reading.scores["risks"], _fraud_cues(reading)
    needed = {None: 99.0, Trust.OFFICIAL: 99.0, Trust.ORDINARY: 4.5, Trust.SUSPICIOUS: 1.0}[reading.link]
    risks = [RiskClass.SCAM_LINK] if lure >= needed else []
    if cues.get("agency_voice", 0.0) >= 2.0 and cues.get("demand", 0.0) >= 2.0 and reading.link != Trust.OFFICIAL:
        risks.append(RiskClass.IMPERSONATION)
    offers = reading.scores["kinds"].get("advert", 0.0) >= 1.0
    if cues.get("forgery", 0.0) >= (1.0 if offers else 2.5):
        risks.append(RiskClass.FORGED_DOCUMENT)
    return tuple(risks)


def _danger(reading: _Reading) -> tuple[RiskClass, ...]:
    cues = reading.scores["risks"]
    directed = min(cues.get("violence", 0.0), cues.get("address", 0.0)) >= 1.0
    risks = [RiskClass.THREAT_OF_VIOLENCE] if directed or cues.get("threat", 0.0) >= 2.0 else []
    if _PERSONAL_DATA.search(reading.document.text[:_MAX_CHARS]):
        risks.append(RiskClass.EXPOSED_PERSONAL_DATA)
    return tuple(risks)


def _two_best(scores: Mapping[str, float]) -> tuple[tuple[str, float], float]:
    """The leader with its score, and the score of the next; ties by name."""
    order: Iterable[tuple[str, float]] = sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))
    ranked = [*order, ("", 0.0), ("", 0.0)]
    return ranked[0], ranked[1][1]


def _read_lists(name: str) -> dict[str, Mapping[str, Sequence[str]]]:
    loaded: dict[str, Mapping[str, Sequence[str]]] = _read_yaml(name)  # type: ignore[assignment]
    return loaded


def _read_yaml(name: str) -> dict[str, str]:
    with (_DATA / f"{name}.yaml").open(encoding="utf-8") as stream:
        loaded: dict[str, str] = yaml.safe_load(stream)
    return loaded
