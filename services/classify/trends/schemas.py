"""Answers about trends. Every figure says as of when it is and where it comes from."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common.models.trends import Dimension

SOURCE = "Nội dung đã phân loại, đếm theo từng 5 phút (classified contents, counted by five minutes)"


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Figures(BaseModel):
    as_of: datetime | None = Field(description="everything seen until then is counted; null before the first count")
    source: str = SOURCE


class SeriesOut(Row):
    id: UUID
    dimension: Dimension
    key: str


class PointOut(BaseModel):
    at: datetime
    count: int | None = Field(description="null where so few are not told outside")


class SeriesValues(Figures):
    dimension: Dimension
    key: str
    step_minutes: int
    points: list[PointOut]
    note: str | None = None


class BurstOut(Row):
    id: UUID
    series_id: UUID
    dimension: Dimension
    key: str
    began_at: datetime
    detected_at: datetime
    loud_at: datetime
    ended_at: datetime | None
    window_minutes: int
    seen: int
    expected: float
    surprise: float = Field(description="spreads above the usual rhythm")
    once_in_weeks: float | None = Field(description="how rarely this series has it; null while too little is known")
    says: str = Field(description="the same in words")


class BurstContent(Row):
    content_id: UUID
    title: str
    url: str | None
    first_seen_at: datetime
    name: str = Field(description="of the source")


class BurstStory(Row):
    story_id: UUID
    title: str
    items: int
    sources: int


class BurstWhy(Figures):
    burst: BurstOut
    contents: list[BurstContent]
    stories: list[BurstStory]
    terms: list[str] = Field(description="words that several of the titles share")


class BurstList(Figures):
    items: list[BurstOut]
    next_cursor: str | None


class ForecastPoint(BaseModel):
    at: datetime
    mean: float
    low: float
    high: float


class ForecastError(BaseModel):
    """How the method did in the last 28 days, forecast anew from each of them."""

    hours: int
    origins: int
    ours: float = Field(description="mean absolute error of one hour")
    naive: float = Field(description="the same when the day before is repeated")
    ratio: float | None
    covered: float = Field(description="share that lay in the 80% interval")
    is_better: bool
    says: str


class ForecastOut(Figures):
    dimension: Dimension
    key: str
    made_at: datetime | None
    history_days: float | None
    hours: int
    points: list[ForecastPoint]
    errors: list[ForecastError]
    says: str


class RisingOut(BaseModel):
    series_id: UUID
    key: str
    title: str | None = Field(description="of the story")
    seen: int
    expected: float
    growth: float = Field(description="seen beside expected, each with one added")


class RisingList(Figures):
    dimension: Dimension
    hours: int
    compared_with: str
    items: list[RisingOut]


def forecast_error(hours: int, stored: dict[str, Any]) -> ForecastError:
    ours, naive = float(stored["ours"]), float(stored["naive"])
    is_better = ours < naive
    ratio = round(ours / naive, 3) if naive else None
    said = (
        f"Sai số bằng {ratio:.0%} so với cách lặp lại ngày hôm trước".replace("%", " %")
        if is_better and ratio is not None
        else "Không tốt hơn cách dự báo ngây thơ là lặp lại ngày hôm trước (no better than naive)"
    )
    return ForecastError(hours=hours, ratio=ratio, is_better=is_better, says=said, **stored)
